import { type Column, INTERNAL, index, type Table } from '../database/table.ts';
import { ACCOUNTS_TABLE, idColumn } from '../database/tables.ts';
import type { Accounts } from '../schema/accounts.ts';

export const SESSIONS_TABLE = `${INTERNAL}sessions`;
export const KEYS_TABLE = `${INTERNAL}keys`;
export const KEY_USES_TABLE = `${INTERNAL}key_uses`;

/** The tables of accounts, sessions and keys. None of them holds anything that could be used as a credential. */
export function accountTables(accounts: Accounts): Table[] {
  const account = (nullable: boolean): Column => ({
    name: 'account',
    kind: accounts.id.kind,
    nullable,
    references: { table: ACCOUNTS_TABLE, column: 'id', onDelete: 'cascade' },
  });
  return [
    {
      name: ACCOUNTS_TABLE,
      columns: [
        idColumn(accounts.id),
        needed('username', 'text'),
        optional('password_hash', 'text'),
        needed('created_at', 'timestamp'),
        optional('disabled_at', 'timestamp'),
      ],
      indexes: [index(ACCOUNTS_TABLE, ['username'], true)],
    },
    sessionsTable(account(false)),
    keysTable(account(true)),
    keyUsesTable(),
  ];
}

/** `generation` counts the rotations of the session's refresh token, `rotated_at` tells when the last one was. */
function sessionsTable(account: Column): Table {
  return {
    name: SESSIONS_TABLE,
    columns: [
      { ...needed('id', 'text'), key: 'given' },
      account,
      needed('generation', 'integer'),
      needed('rotated_at', 'timestamp'),
      needed('created_at', 'timestamp'),
      needed('last_used_at', 'timestamp'),
      needed('expires_at', 'timestamp'),
    ],
    indexes: [index(SESSIONS_TABLE, ['account']), index(SESSIONS_TABLE, ['expires_at'])],
  };
}

function keysTable(account: Column): Table {
  return {
    name: KEYS_TABLE,
    columns: [
      { ...needed('id', 'text'), key: 'given' },
      account,
      needed('name', 'text'),
      needed('hash', 'text'),
      optional('scopes', 'json'),
      needed('active', 'boolean'),
      needed('created_at', 'timestamp'),
      optional('expires_at', 'timestamp'),
      optional('last_used_at', 'timestamp'),
      needed('uses', 'integer'),
    ],
    indexes: [index(KEYS_TABLE, ['account'])],
  };
}

/** No reference to the keys: uses are written behind the requests, and a key may be gone by then. */
function keyUsesTable(): Table {
  return {
    name: KEY_USES_TABLE,
    columns: [
      { ...needed('id', 'integer'), key: 'counting' },
      needed('key', 'text'),
      needed('at', 'timestamp'),
      needed('method', 'text'),
      needed('route', 'text'),
      needed('status', 'integer'),
      needed('source', 'text'),
    ],
    indexes: [index(KEY_USES_TABLE, ['key', 'id']), index(KEY_USES_TABLE, ['at'])],
  };
}

function needed(name: string, kind: Column['kind']): Column {
  return { name, kind, nullable: false };
}

function optional(name: string, kind: Column['kind']): Column {
  return { name, kind, nullable: true };
}
