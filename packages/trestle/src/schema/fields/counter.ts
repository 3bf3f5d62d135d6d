import { Type } from 'typebox';
import { type Field, field, type RenameOptions, type ServerSet } from '../field.ts';

export interface CounterOptions extends RenameOptions {
  /** Reading one row adds one, and the answer already shows it (default: false). Lists do not count. */
  countsReads?: boolean;
  /** PUT and PATCH set it back to 0 (default: false). */
  resetOnUpdate?: boolean;
}

/** A whole number from 0 that only the server moves, by one SQL statement, so that none is ever lost. */
export function counter(options: CounterOptions = {}): Field<ServerSet<number>> {
  const { countsReads = false, resetOnUpdate = false, ...rest } = options;
  return field({
    kind: 'counter',
    column: 'integer',
    schema: Type.Integer({ minimum: 0 }),
    default: 0,
    automatic: 'counter',
    counter: { countsReads, resetOnUpdate },
    ...rest,
  });
}
