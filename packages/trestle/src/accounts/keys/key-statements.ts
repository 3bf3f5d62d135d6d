import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Store } from '../../database/store.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { AccountResources, KeyRow } from '../resources.ts';
import { batchedLookup } from '../sessions/batched-lookup.ts';

/** The engine's own statements on keys. */
export function keyStatements(
  store: Store,
  models: { keys: SystemModel; accounts: SystemModel; uses: SystemModel },
) {
  const table = new SystemTable<AccountResources['keys']>(models.keys);
  const uses = new SystemTable<AccountResources['key_uses']>(models.uses);
  const { dialect } = table.model;
  const id = sql`id = ${param('id')}`;
  const enabled = sql`not exists (select 1 from ${models.accounts.record.table} as owner
    where owner.id = ${table.name}.account and owner.disabled_at is not null)`;
  const roles = sql`(select owner.roles from ${models.accounts.record.table} as owner
    where owner.id = ${table.name}.account)`;
  const enabledOnes = table.selectWith(
    'roles',
    roles,
    sql`where ${dialect.within(sql.ref('id'), sql`${param('ids')}`, 'text')} and ${enabled}`,
  );
  const ofAccount = sql`account = ${param('account')}`;
  return {
    /**
     * A key whose account, where it has one, is not disabled, with the account's roles; by one statement for all that are asked for
     * in one tick.
     */
    current: batchedLookup((ids) => enabledOnes(store, { ids: dialect.encodeList(ids) })),
    byId: table.select(sql`where ${id}`),
    /** Kept from changing until the transaction's end. */
    lock: table.select(sql`where ${id} ${dialect.forUpdate}`),
    lockOwn: table.select(sql`where ${id} and ${ofAccount} ${dialect.forUpdate}`),
    /** One of an account's keys beside so many others. */
    beyond: table.select(sql`where ${ofAccount} limit 1 offset ${param('others')}`),
    insert: table.insert(),
    update: table.update(['active', 'expires_at'], id),
    remove: table.delete(id),
    removeUses: uses.execute(sql`delete from ${uses.name} where ${sql.ref('key')} = ${param('id')}`),
    removeUsesOf: uses.execute(
      sql`delete from ${uses.name} where ${sql.ref('key')} in (select id from ${table.name} where ${ofAccount})`,
    ),
  };
}

export type KeyStatements = ReturnType<typeof keyStatements>;

/** A key with the roles of its account. */
export type KeyWithRoles = NonNullable<Awaited<ReturnType<KeyStatements['current']>>>;

/** Whether a key is active and has not expired. */
export function isUsable(row: KeyRow, now: number): boolean {
  return row.active && (row.expires_at === null || now < Date.parse(row.expires_at));
}
