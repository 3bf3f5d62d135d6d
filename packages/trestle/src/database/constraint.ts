import { type FieldError, Problem } from '../problems.ts';

/** A broken constraint as a `conflict` that names its fields. Columns of a reference may be unknown (SQLite names none). */
export function brokenConstraint(kind: 'unique' | 'reference', columns: readonly string[]): Problem {
  const named = columns.join(', ');
  const errors = columns.map((column): FieldError => ({ pointer: `/${column}`, ...WORDS[kind] }));
  const detail =
    kind === 'unique'
      ? `Another row has the same ${named}.`
      : 'A row that is referred to does not exist, or rows that refer to this one keep it from being deleted.';
  return new Problem('conflict', { detail, errors, data: { constraint: kind, fields: columns } });
}

const WORDS = {
  unique: { code: 'taken', message: 'another row has this value already' },
  reference: { code: 'reference', message: 'there is no such row' },
} as const;
