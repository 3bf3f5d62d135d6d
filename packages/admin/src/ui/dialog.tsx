import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { t } from '../i18n/translate.ts';
import { Button } from './button.tsx';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
  /** Shows neither title nor close button; the title still names it. */
  bare?: boolean;
  /** Selector of what has the focus first (default: the first thing to fill in or to press). */
  focus?: string | undefined;
}

/** A modal dialog by the platform's own element: focus stays inside, Escape closes, focus returns where it was. */
export function Dialog({ title, onClose, children, className = '', bare = false, focus }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // A layout effect ends while the element is still in the page, and closing it there gives the focus back.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    dialog.showModal();
    // The first thing to fill in or to press, not the button that closes.
    const inside = bare ? 'input, a' : '.dialog-body :is(input, select, textarea, button):enabled';
    dialog.querySelector<HTMLElement>(focus ?? inside)?.focus();
    return () => {
      dialog.close();
      queueMicrotask(() => {
        // What opened it may have gone with it: then one goes on at the beginning of the screen, not of the page.
        if (document.activeElement === document.body) document.getElementById('main')?.focus();
      });
    };
  }, [bare, focus]);
  return (
    <dialog
      ref={element}
      className={`fade-in ${className}`}
      aria-labelledby={bare ? undefined : heading}
      aria-label={bare ? title : undefined}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      // What it lies over does not close with it.
      onKeyDown={(event) => event.key === 'Escape' && event.stopPropagation()}
      onClick={(event) => event.target === element.current && onClose()}
    >
      {bare ? (
        children
      ) : (
        <>
          <div className="dialog-head">
            <h2 id={heading}>{title}</h2>
            <Button icon="close" look="plain" label={t('action.close')} onClick={onClose} />
          </div>
          <div className="dialog-body">{children}</div>
        </>
      )}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  isBusy?: boolean;
  isDangerous?: boolean;
  children: ReactNode;
}

export function Confirm({ title, action, onConfirm, onClose, isBusy, isDangerous, children }: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div className="dialog-actions">
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button look={isDangerous ? 'danger' : 'primary'} disabled={isBusy} onClick={onConfirm} autoFocus>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
