import type { Dialect } from '../../database/dialect.ts';
import type { Sql } from '../../database/sql.ts';
import { Param, type Statement, statement } from '../../database/statement.ts';
import type { Columns, ReadCost, Store, Value } from '../../database/store.ts';
import type { Caller, Context } from '../../schema/caller.ts';
import { CallerValues } from '../policy.ts';
import { readerOf } from '../transaction.ts';
import { Slot } from './filter-sql.ts';

/** A statement with its values. */
export interface BoundStatement {
  readonly statement: Statement;
  readonly values: readonly Value[];
  /** Undefined where it is short in any case. */
  readonly cost: ReadCost | undefined;
  /** Gives the statement to run in its place where it did not find enough; undefined where it did. */
  readonly otherwise?: (found: readonly Columns[]) => BoundStatement | undefined;
}

/** A statement by the shape of what was asked. */
export interface ShapedStatement {
  readonly statement: Statement;
  /** Whether its rule has parameters. */
  readonly asksCaller: boolean;
}

export function shapedStatement(dialect: Dialect, query: Sql): ShapedStatement {
  const compiled = statement(dialect, query);
  return { statement: compiled, asksCaller: compiled.slots.some((slot) => slot instanceof Param) };
}

export function bindShaped(
  { statement: { slots }, asksCaller }: ShapedStatement,
  values: readonly Value[],
  caller: Caller,
) {
  const asker: Readonly<Record<string, Value>> = asksCaller ? new CallerValues(caller) : {};
  const bound: Value[] = [];
  // Placeholders of the filter stand among the parameters that statements have everywhere.
  for (const slot of slots as readonly (Slot | Param | Value)[])
    if (slot instanceof Slot) bound.push(values[slot.at] ?? null);
    else bound.push(slot instanceof Param ? (asker[slot.name] ?? null) : slot);
  return bound;
}

/** Runs the statements of lists: where they may take long, apart from others. */
export function runner(
  store: Store,
  context: Context,
): (bound: BoundStatement) => Columns[] | Promise<Columns[]> {
  const reader = context.transaction ? readerOf(store, context) : store;
  const run = ({ statement, values, cost, otherwise }: BoundStatement): Columns[] | Promise<Columns[]> => {
    const isApart = cost && !context.transaction;
    const found = isApart ? store.scan(statement, values, cost) : reader.all(statement, values);
    if (!otherwise) return found;
    const complete = (rows: Columns[]) => {
      const next = otherwise(rows);
      return next ? run(next) : rows;
    };
    return found instanceof Promise ? found.then(complete) : complete(found);
  };
  return run;
}
