import { sql } from '../../database/sql.ts';
import { bind, statement } from '../../database/statement.ts';
import type { Columns, Executor, Value } from '../../database/store.ts';
import type { Caller } from '../../schema/caller.ts';
import { isOnCaller } from '../../schema/rules.ts';
import { flagOf, type Model } from '../model.ts';
import { CallerValues } from '../policy.ts';
import { ID } from '../write-statements.ts';

/** Adds to a row that was written the fields of it that no column holds. */
type AddComputed = (executor: Executor, caller: Caller, row: Columns) => Promise<Columns>;

/** Compiles the query of the fields that no column holds; undefined where every field has a column. */
export function computedAnswer(model: Model): AddComputed | undefined {
  const areRuled = model.fields.some(({ field: { can } }) => can?.read && !isOnCaller(can.read));
  if (model.readable.length === model.fields.length && !areRuled) return undefined;
  const computation = model.policy.perClass(['see'], (_where, { fields }) => {
    const values = fields.flatMap(({ name, value, visible }) => [
      ...(value ? [sql`${value} as ${sql.id(name)}`] : []),
      ...(visible ? [sql`${visible} as ${sql.id(flagOf(name))}`] : []),
    ]);
    if (values.length === 0) return undefined;
    return statement(model.dialect, sql`select ${sql.join(values)} from ${model.table} where ${ID}`);
  });
  return async (executor, caller, row) => {
    const select = computation(caller);
    if (!select) return row;
    const values = bind(select, { id: row.id as Value }, new CallerValues(caller));
    const [computed] = await executor.all(select, values);
    return { ...row, ...computed };
  };
}
