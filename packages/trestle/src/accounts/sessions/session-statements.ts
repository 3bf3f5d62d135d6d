import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { AccountResources } from '../resources.ts';

/** The engine's own statements on sessions. A session that has ended is a row that is gone. */
export function sessionStatements(sessions: SystemModel, accounts: SystemModel) {
  const table = new SystemTable<AccountResources['sessions']>(sessions);
  const { dialect } = table.model;
  const id = sql`id = ${param('id')}`;
  const enabled = sql`exists (select 1 from ${accounts.record.table} as owner
    where owner.id = ${table.name}.account and owner.disabled_at is null)`;
  return {
    /** Those of these ids whose account is not disabled, with its roles. */
    enabled: table.selectWith(
      'roles',
      sql`(select owner.roles from ${accounts.record.table} as owner where owner.id = ${table.name}.account)`,
      sql`where ${dialect.within(sql.ref('id'), sql`${param('ids')}`, 'text')} and ${enabled}`,
    ),
    /** A session whose account is not disabled, kept from changing until the transaction's end. */
    lock: table.select(sql`where ${id} and ${enabled} ${dialect.forUpdate}`),
    insert: table.insert(),
    /** Writes down a use, and a rotation where the generation differs; no row where another was faster. */
    renew: table.update(
      ['generation', 'rotated_at', 'last_used_at', 'expires_at'],
      sql`${id} and generation = ${param('before')}`,
    ),
    end: table.delete(sql`${id} and account = ${param('account')}`),
    /** Whoever's it is. */
    endAny: table.delete(id),
    /** Ends the sessions of an account but one (`''`: all). */
    endAll: table.execute(
      sql`delete from ${table.name} where account = ${param('account')} and id <> ${param('but')}`,
    ),
    purge: table.execute(sql`delete from ${table.name} where expires_at <= ${param('now')}`),
  };
}

export type SessionStatements = ReturnType<typeof sessionStatements>;
