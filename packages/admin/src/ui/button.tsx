import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { Icon, type IconName } from './icons.tsx';

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'title'> {
  icon?: IconName;
  look?: 'primary' | 'danger' | 'plain';
  children?: ReactNode;
  /** The name of a button that shows its icon alone. */
  label?: string;
  keys?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ icon, look, children, label, keys, className = '', ...rest }: ButtonProps) {
  const classes = ['button', look, children === undefined && 'icon', className].filter(Boolean).join(' ');
  return (
    <button type="button" className={classes} aria-label={label} title={label} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
      {keys && <kbd>{keys}</kbd>}
    </button>
  );
}
