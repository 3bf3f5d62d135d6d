import { sql } from '../database/sql.ts';
import { param } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import type { Projection } from '../rows/model.ts';
import { type SystemModel, SystemTable } from '../rows/system-tables.ts';
import type { Accounts, UsernameRule } from '../schema/accounts.ts';
import type { Account } from '../schema/services/account-service.ts';
import { signInValues, usernameKey } from './passwords/credentials.ts';
import type { AccountResources } from './resources.ts';

/** The engine's own statements on accounts, which see `own` of themselves. */
export function accountStatements(model: SystemModel, declared: Accounts, own: Projection) {
  const table = new SystemTable<AccountResources['accounts']>(model);
  const { dialect } = table.model;
  const id = sql`id = ${param('id')}`;
  const byName = table.pick(
    ['password_hash', 'disabled_at'],
    sql`where ${sql.join(
      [
        sql`username = ${param('username')}`,
        sql`username_key = ${param('username_key')}`,
        ...declared.signInBy.map((name) => sql`${sql.ref(name)} = ${param(name)}`),
      ],
      ' or ',
    )} order by case when username = ${param('username')} then 0 when username_key = ${param('username_key')} then 1 else 2 end
    limit 1`,
  );
  const unchanged = sql`where ${id} and disabled_at is null and password_hash = ${param('password_hash')} ${dialect.forUpdate}`;
  return {
    byId: table.select(sql`where ${id}`),
    /** Of apps whose accounts have e-mail addresses. */
    byAddress: table.select(
      declared.email === undefined
        ? sql`where 1 = 0`
        : sql`where ${sql.ref(declared.email)} = ${param('address')}`,
    ),
    /** Credentials of the account of exactly this name, else the one whose name compares equal, else by another field of sign-in. */
    byName,
    /** The values by which `byName` finds an account, beside its name and the key of that; undefined where there are none. */
    otherNames: declared.signInBy.length > 0 ? signInValues(declared) : undefined,
    /** Accounts whose roles, as JSON, are like a pattern. */
    withRole: table.select(sql`where ${dialect.comparable(sql.ref('roles'), 'json')} like ${param('like')}`),
    /** The row as it is committed, kept from changing until the transaction's end. */
    lock: table.select(sql`where ${id} ${dialect.forUpdate}`),
    /** The row, kept from changing, where it is enabled and has still the password that was checked. */
    unchanged: table.select(unchanged),
    /** `unchanged`, as the account sees itself. */
    unchangedOwn: table.project<Account>(own, unchanged),
    /** Columns that nobody sees: the version stays. */
    setCredentials: table.execute(sql`update ${table.name} set username_key = ${param('username_key')},
      password_hash = ${param('password_hash')} where ${id}`),
    setKey: table.execute(sql`update ${table.name} set username_key = ${param('username_key')} where ${id}`),
    setHash: table.update(['password_hash'], id),
    setRoles: table.update(['roles'], id),
    setDisabled: table.update(['disabled_at'], id),
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
      and (created_at, id) > (${param('created_at')}, ${param('after')}) order by created_at, id limit ${sql.lit(PAGE_SIZE)}`,
  );
  const write = table.update(['username_key'], sql`id = ${param('id')} and ${free(param('username_key'))}`);
  await store.write((transaction) => writeAscii(transaction), { patient: true });
  const next = (executor: Executor, last: { created_at: string; id: unknown } | undefined) =>
    last
      ? page(executor, { created_at: last.created_at, after: last.id })
      : table.select(
          sql`where ${missing} and octet_length(username) <> length(username) order by created_at, id limit ${sql.lit(PAGE_SIZE)}`,
        )(executor);
  for (let rows = await next(store, undefined); rows.length > 0; rows = await next(store, rows.at(-1)))
    await store.write(async (transaction) => {
      for (const { id, username } of rows)
        await write(transaction, { id, username_key: usernameKey(rule, username) });
    });
}
