import { aString, optionsOf } from '../checks/options.ts';
import { type Field, type FieldTypes, field } from '../field.ts';
import { REFERENCE } from './reference.ts';

/** Options of `state()`. */
export interface StateOptions {
  /** The name of the state a new row is in. */
  initial: string;
  /** The text field that names a state (default: `name`). */
  by?: string;
}

/**
 * Read as the id of a state's row; never written by a caller.
 *
 * @internal
 */
export interface StateFaces<Target extends string> extends FieldTypes {
  target: Target;
  null: never;
  input: 'server';
  state: true;
}

const check = optionsOf<StateOptions>('state()', { initial: aString, by: aString });

/**
 * The state of a row, which is a row of another resource of this app: a new state needs no new code. A row is created in
 * `initial` and moved on by the operations of its resource's `lifecycle`. Has an index.
 *
 * @example
 * state('states', { initial: 'draft' });
 */
export function state<const Target extends string>(
  target: Target,
  options: StateOptions,
): Field<StateFaces<Target>> {
  const type = {
    ...REFERENCE,
    name: 'state',
    reference: { target, onDelete: 'restrict' },
    state: { initial: options?.initial, by: options?.by ?? 'name' },
    server: {},
  } as const;
  return field(type, options ?? {}, (given) => [...aString(target), ...check(given)], { index: true });
}
