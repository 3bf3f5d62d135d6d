import { type Sql, sql } from '../database/sql.ts';
import { bind, statement } from '../database/statement.ts';
import { Problem } from '../problems.ts';
import { callerValues } from '../rows/policy.ts';
import type { Caller } from '../schema/caller.ts';
import type { Page } from '../schema/services/list-query.ts';
import type { OperationQuery, OperationView } from '../schema/services/operation-service.ts';
import type { CompiledLifecycle } from './lifecycles/lifecycles.ts';
import { viewOf } from './operation-record.ts';
import type { Parts } from './parts.ts';
import { OPERATION_COLUMNS, OPERATIONS } from './tables.ts';

const DEFAULT_LIMIT = 50;
const CURSOR = /^[0-9a-f]{32}$/;

/** Operations of the rows that the caller may read, newest first. */
export async function listOperations(
  parts: Parts,
  caller: Caller,
  query: OperationQuery,
): Promise<Page<OperationView>> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const conditions = [visible(parts, caller, query.resource)];
  if (query.row !== undefined) conditions.push(sql`${sql.ref('row')} = ${String(query.row)}`);
  if (query.state !== undefined) conditions.push(sql`state = ${query.state}`);
  if (query.cursor !== undefined) conditions.push(sql`id < ${idOfCursor(query.cursor)}`);
  const columns = sql.join(OPERATION_COLUMNS.map((name) => sql.ref(name)));
  const select = statement(
    parts.store.dialect,
    sql`select ${columns} from ${sql.id(OPERATIONS)} where ${sql.join(conditions, ' and ')}
      order by id desc limit ${limit + 1}`,
  );
  const rows = await parts.store.all(select, bind(select, callerValues(caller)));
  const records = rows.slice(0, limit).map(parts.record);
  const last = records.at(-1);
  return {
    items: records.map(viewOf),
    next: rows.length > limit && last ? last.id.replaceAll('-', '') : null,
    prev: null,
  };
}

/** The condition that leaves the operations of rows which the caller may read. */
function visible(parts: Parts, caller: Caller, resource: string | undefined): Sql {
  const asked = resource === undefined ? [...parts.lifecycles.values()] : [askedFor(parts, resource)];
  if (resource !== undefined) asked[0]?.model.policy.admit(caller, 'read');
  else if (!asked.some(({ model }) => model.policy.admits(caller, 'see')))
    asked[0]?.model.policy.admit(caller, 'see');
  const mine = asked
    .filter(({ model }) => model.policy.admits(caller, 'read'))
    .map((one) => ownRows(one, caller));
  return mine.length > 0 ? sql`(${sql.join(mine, ' or ')})` : sql`1 = 0`;
}

function askedFor({ lifecycles }: Parts, resource: string): CompiledLifecycle {
  const lifecycle = lifecycles.get(resource);
  if (lifecycle) return lifecycle;
  const message = `the resources with operations are ${[...lifecycles.keys()].join(', ')}`;
  throw new Problem('invalid_query', {
    detail: `resource=${resource}: ${message}.`,
    errors: [{ pointer: 'resource', code: 'enum', message, in: 'query' }],
  });
}

function ownRows({ model }: CompiledLifecycle, caller: Caller): Sql {
  const ofResource = sql`resource = ${model.name}`;
  const where = model.policy.where(caller, 'read');
  if (where === undefined) return ofResource;
  return sql`(${ofResource} and ${sql.ref('row')} in
    (select cast(id as text) from ${model.table} where ${where}))`;
}

function idOfCursor(cursor: string): string {
  if (!CURSOR.test(cursor)) throw new Problem('invalid_cursor');
  return cursor.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
