import { Type } from 'typebox';
import { RENAME } from '../checks/field-options.ts';
import { aBoolean, optionsOf } from '../checks/options.ts';
import { type Field, field, type RenameOptions, type ServerSet } from '../field.ts';
import { INTEGER } from './integer.ts';

/** Options of `counter()`. */
export interface CounterOptions extends RenameOptions {
  /** Reading one row adds one, and the answer already shows it (default: false). Lists do not count. */
  countsReads?: boolean;
  /** PUT and PATCH set it back to 0 (default: false). */
  resetOnUpdate?: boolean;
}

const check = optionsOf<CounterOptions>('counter()', {
  ...RENAME,
  countsReads: aBoolean,
  resetOnUpdate: aBoolean,
});

/**
 * An integer from 0 that only the server changes, by one SQL statement, so that no count is lost.
 *
 * @example
 * counter({ countsReads: true, resetOnUpdate: true });
 */
export function counter(options?: CounterOptions): Field<ServerSet<number>> {
  const { countsReads = false, resetOnUpdate = false } = options ?? {};
  const type = {
    ...INTEGER,
    name: 'counter',
    schema: Type.Integer({ minimum: 0 }),
    countsReads,
    server: { created: 'zero' as const, ...(resetOnUpdate && { edited: 'zero' as const }) },
  };
  return field(type, options, check, { default: 0 });
}
