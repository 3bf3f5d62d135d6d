import type { DeclaredField } from '../api/declaration.ts';

/** Props of every editor of a value. */
export interface EditorProps {
  app: string;
  field: DeclaredField;
  value: unknown;
  onChange: (value: unknown) => void;
  id: string;
  describedBy: string | undefined;
  isInvalid: boolean;
  isReadOnly: boolean;
}

/** Text that is no value of its field yet; a form with one cannot be saved. */
export class InvalidText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Whether a value has text inside that is no value yet. */
export function hasInvalidText(value: unknown): boolean {
  if (value instanceof InvalidText) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInvalidText);
}

/** Attributes that every control has. */
export function controlOf({ id, describedBy, isInvalid, isReadOnly }: EditorProps) {
  return { id, 'aria-describedby': describedBy, 'aria-invalid': isInvalid, disabled: isReadOnly } as const;
}
