import { type ReactNode, useEffect, useRef, useState } from 'react';
import { t } from '../i18n/translate.ts';
import { Button } from './button.tsx';

interface DrawerProps {
  label: string;
  title: ReactNode;
  /** Below the title. */
  hint?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  /** Begins in the first field, for what is typed at once; else the list keeps the focus, for the next key. */
  takesFocus?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** One thing beside its list. When it closes, the focus goes back to its line there, or to what opened it. */
export function Drawer({ label, title, hint, actions, takesFocus, onClose, children }: DrawerProps) {
  const panel = useRef<HTMLElement>(null);
  const [opener] = useState(() => document.activeElement);
  const close = () => {
    if (panel.current?.contains(document.activeElement)) {
      const line = document.querySelector('.main [aria-current="true"]') ?? opener;
      if (line instanceof HTMLElement) line.focus();
    }
    onClose();
  };
  useEffect(() => {
    if (takesFocus) panel.current?.querySelector<HTMLElement>('.drawer-body :is(input, textarea)')?.focus();
  }, [takesFocus]);
  return (
    <aside
      ref={panel}
      className="drawer"
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) close();
      }}
    >
      <div className="drawer-head">
        <div className="grow">
          <h2>{title}</h2>
          {hint !== undefined && <p className="muted mono">{hint}</p>}
        </div>
        {actions}
        <Button look="plain" icon="close" label={t('action.close')} onClick={close} />
      </div>
      <div className="drawer-body">{children}</div>
    </aside>
  );
}
