import { createHash } from 'node:crypto';
import type { Dialect } from './dialect.ts';
import { render, type Sql } from './sql.ts';
import type { Value } from './store.ts';

/** A value that is known only when a statement runs: `sql\`... where id = ${param('id')}\``. */
export class Param {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export function param(name: string): Param {
  return new Param(name);
}

/** SQL text of one dialect, compiled once and prepared once on each connection. */
export interface Statement {
  readonly sql: string;
  /** Stable name of the text, for PostgreSQL's named prepared statements. */
  readonly name: string;
  /** The value of each placeholder, in order: a parameter's name, or a fixed value. */
  readonly slots: readonly (Param | Value)[];
}

/** Compiles SQL written with `sql` for a dialect. */
export function statement(dialect: Dialect, query: Sql): Statement {
  const { text, values } = render(query, dialect);
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 20);
  return { sql: text, name, slots: values as readonly (Param | Value)[] };
}

/**
 * The values of a statement's placeholders, in order; those that are not among `values` are of `others`. Throws where a named one
 * is missing: a mistake of ours.
 */
export function bind(
  statement: Statement,
  values: Readonly<Record<string, Value>>,
  others?: Readonly<Record<string, Value>>,
): Value[] {
  const bound: Value[] = [];
  for (const slot of statement.slots) {
    let value = slot instanceof Param ? values[slot.name] : slot;
    if (value === undefined && slot instanceof Param) value = others?.[slot.name];
    if (value === undefined) throw new TypeError(`a parameter has no value: ${statement.sql}`);
    bound.push(value);
  }
  return bound;
}
