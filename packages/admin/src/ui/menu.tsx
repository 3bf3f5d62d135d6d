import { Link, type LinkProps } from '@tanstack/react-router';
import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { Icon, type IconName } from './icons.tsx';

interface MenuProps {
  label: string;
  /** Shown in the button; an icon alone where it is left out. */
  text?: ReactNode;
  icon?: IconName;
  className?: string;
  children: ReactNode;
}

/** A button that opens what it holds below itself, closed by Escape, a choice, or a click elsewhere. */
export function Menu({ label, text, icon, className = '', children }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  useLayoutEffect(() => {
    if (!isOpen) return;
    const [from, box] = [button.current?.getBoundingClientRect(), list.current];
    if (!from || !box) return;
    box.style.minWidth = `${from.width}px`;
    const { width, height } = box.getBoundingClientRect();
    const isBelow = from.bottom + height + 8 < innerHeight || from.top < height;
    box.style.left = `${Math.max(4, Math.min(from.left, innerWidth - width - 4))}px`;
    box.style.top = `${isBelow ? from.bottom + 4 : from.top - height - 4}px`;
    box.querySelector<HTMLElement>('input, .menu-item')?.focus();
  }, [isOpen]);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`button ${text === undefined ? 'icon' : ''} ${className}`}
        aria-label={text === undefined ? label : undefined}
        title={text === undefined ? label : undefined}
        aria-expanded={isOpen}
        popoverTarget={id}
      >
        {icon && <Icon name={icon} />}
        {text}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        role="group"
        aria-label={label}
        onToggle={(event) => setOpen(event.newState === 'open')}
        onClick={(event) => {
          // A choice closes the menu; a tick box leaves it open for the next.
          if (event.target instanceof Element && event.target.closest('.menu-item:not(label)'))
            list.current?.hidePopover();
        }}
        onKeyDown={(event) => {
          // What it lies over does not close with it.
          if (event.key === 'Escape') event.stopPropagation();
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          const items = [...(list.current?.querySelectorAll<HTMLElement>('.menu-item') ?? [])];
          const at = items.findIndex((item) => item.contains(document.activeElement));
          const next = items[(at + (event.key === 'ArrowDown' ? 1 : -1) + items.length) % items.length];
          event.preventDefault();
          (next?.querySelector('input') ?? next)?.focus();
        }}
      >
        {isOpen && children}
      </div>
    </>
  );
}

interface ItemProps {
  icon?: IconName;
  onSelect: () => void;
  isDangerous?: boolean;
  disabled?: boolean;
  children: ReactNode;
}

export function MenuItem({ icon, onSelect, isDangerous, disabled, children }: ItemProps) {
  return (
    <button
      type="button"
      className={`menu-item ${isDangerous ? 'danger' : ''}`}
      onClick={onSelect}
      disabled={disabled}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function MenuLink({ icon, children, ...link }: LinkProps & { icon?: IconName; children: ReactNode }) {
  return (
    <Link className="menu-item" {...link}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}
