import { sql } from '../../database/sql.ts';
import { bind, statement } from '../../database/statement.ts';
import type { Columns, Executor, Value } from '../../database/store.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import { isOnCaller } from '../../schema/rules.ts';
import type { Versioned } from '../../schema/services/row-service.ts';
import { flagOf, type Model, type ModelField, type Row } from '../model.ts';
import { callerValues } from '../policy.ts';
import { ID } from '../write-statements.ts';

/** Compiles the answer of a write: the row as its caller may see it. Fields that no column holds take a query. */
export function rowAnswer(model: Model) {
  const isRuled = ({ field: { can } }: ModelField) => can?.read && !isOnCaller(can.read);
  const computes = model.readable.length > model.fields.length || model.fields.some(isRuled);
  const computation = model.policy.perClass(['see'], (_where, { fields }) => {
    const values = fields.flatMap(({ name, value, visible }) => [
      ...(value ? [sql`${value} as ${sql.id(name)}`] : []),
      ...(visible ? [sql`${visible} as ${sql.id(flagOf(name))}`] : []),
    ]);
    if (values.length === 0) return undefined;
    return statement(model.dialect, sql`select ${sql.join(values)} from ${model.table} where ${ID}`);
  });
  async function compute(executor: Executor, caller: Caller, row: Columns): Promise<Columns> {
    const select = computation(caller);
    if (!select) return row;
    const values = bind(select, { id: row.id as Value }, callerValues(caller));
    const [computed] = await executor.all(select, values);
    return { ...row, ...computed };
  }
  return {
    computes,
    of(executor: Executor, caller: Caller, row: Columns): Versioned<Row> | Promise<Versioned<Row>> {
      // An id as the driver gives it is that of the row.
      const { decodeVersioned } = model.policy.fields(caller, 'see', row.id as RowId);
      return computes ? compute(executor, caller, row).then(decodeVersioned) : decodeVersioned(row);
    },
  };
}
