import { sql } from '../database/sql.ts';
import { param } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import { type SystemModel, SystemTable } from '../rows/system-tables.ts';
import type { UsernameRule } from '../schema/accounts.ts';
import { usernameKey } from './passwords/credentials.ts';
import type { AccountResources } from './resources.ts';

/** The engine's own statements on accounts. */
export function accountStatements(model: SystemModel) {
  const table = new SystemTable<AccountResources['accounts']>(model);
  const { dialect, idKind } = table.model;
  const id = sql`id = ${param('id')}`;
  return {
    byId: table.select(sql`where ${id}`),
    /** The account of exactly this name, else the one whose name compares equal. */
    byName: table.select(sql`where username = ${param('username')} or username_key = ${param('username_key')}
      order by case when username = ${param('username')} then 0 else 1 end limit 1`),
    many: table.select(sql`where ${dialect.within(sql.ref('id'), sql`${param('ids')}`, idKind)}`),
    /** The row as it is committed, kept from changing until the transaction's end. */
    lock: table.select(sql`where ${id} ${dialect.forUpdate}`),
    /** No row where the name is taken. */
    insert: table.insert(sql`on conflict do nothing`),
    setHash: table.update(['password_hash'], id),
    setRoles: table.update(['roles'], id),
    setDisabled: table.update(['disabled_at'], id),
    remove: table.delete(id),
  };
}

export type AccountStatements = ReturnType<typeof accountStatements>;

/** Names that are not ASCII are brought to their key a page at a time. */
const PAGE_SIZE = 500;

/**
 * Writes the key of every account that has none, or one of another rule: those of older versions. Of accounts whose names
 * compare equal the oldest gets the key; the others go on signing in by their exact name.
 */
export async function writeUsernameKeys(store: Store, model: SystemModel, rule: UsernameRule): Promise<void> {
  const table = new SystemTable<AccountResources['accounts']>(model);
  const key = sql.ref('username_key');
  const prefix = usernameKey(rule, '');
  const missing = sql`(${key} is null or ${key} < ${prefix} or ${key} >= ${`${prefix.slice(0, 1)};`})`;
  const first = table.select(sql`where ${missing} limit 1`);
  if ((await first(store)).length === 0) return;
  const folded = rule.fold ? sql`lower(username)` : sql`username`;
  const wanted = sql`${prefix} || ${folded}`;
  const ranked = sql`select id, row_number() over (partition by ${folded} order by created_at, id) as place
    from ${table.name} where ${missing} and octet_length(username) = length(username)`;
  const free = (value: unknown) =>
    sql`not exists (select 1 from ${table.name} as other where other.username_key = ${value})`;
  const writeAscii = table.execute(sql`update ${table.name} set ${key} = ${wanted}
    where id in (select id from (${ranked}) as ranked where place = 1) and ${free(wanted)}`);
  const page = table.select(
    sql`where ${missing} and octet_length(username) <> length(username)
      and (created_at, id) > (${param('created_at')}, ${param('after')}) order by created_at, id limit ${PAGE_SIZE}`,
  );
  const write = table.update(['username_key'], sql`id = ${param('id')} and ${free(param('username_key'))}`);
  await store.write((transaction) => writeAscii(transaction), { patient: true });
  const next = (executor: Executor, last: { created_at: string; id: unknown } | undefined) =>
    last
      ? page(executor, { created_at: last.created_at, after: last.id })
      : table.select(
          sql`where ${missing} and octet_length(username) <> length(username) order by created_at, id limit ${PAGE_SIZE}`,
        )(executor);
  for (let rows = await next(store, undefined); rows.length > 0; rows = await next(store, rows.at(-1)))
    await store.write(async (transaction) => {
      for (const { id, username } of rows)
        await write(transaction, { id, username_key: usernameKey(rule, username) });
    });
}
