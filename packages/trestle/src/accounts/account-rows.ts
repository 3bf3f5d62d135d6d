import { sql } from '../database/sql.ts';
import { bind, param, type Statement, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import { ACCOUNTS_TABLE } from '../database/tables.ts';
import { uuid7 } from '../rows/uuid7.ts';
import type { Id, RowId } from '../schema/id.ts';
import type { Account } from '../schema/services/account-service.ts';
import { rowDecoder } from './row-decoder.ts';

/** An account as it is stored. */
export interface AccountRow extends Account {
  password_hash: string | null;
  disabled_at: string | null;
}

/** The accounts of one app in its database. */
export class AccountRows {
  readonly #store: Store;
  readonly #id: Id;
  readonly #decode: (columns: Readonly<Record<string, unknown>>) => AccountRow;
  readonly #statements: Readonly<
    Record<'byId' | 'byName' | 'many' | 'lock' | 'insert' | 'hash' | 'disable', Statement>
  >;

  constructor(store: Store, id: Id) {
    this.#store = store;
    this.#id = id;
    this.#decode = rowDecoder<AccountRow>(store.dialect, {
      id: id.kind,
      username: 'text',
      password_hash: 'text',
      created_at: 'timestamp',
      disabled_at: 'timestamp',
    });
    this.#statements = statements(store, id);
  }

  byId(id: RowId): Promise<AccountRow | undefined> {
    return this.#one(this.#store, this.#statements.byId, { id });
  }

  byName(username: string): Promise<AccountRow | undefined> {
    return this.#one(this.#store, this.#statements.byName, { username });
  }

  async many(ids: readonly RowId[]): Promise<AccountRow[]> {
    const list = this.#store.dialect.encodeList(ids);
    const rows = await this.#store.all(this.#statements.many, bind(this.#statements.many, { ids: list }));
    return rows.map(this.#decode);
  }

  /** The row as it is committed, kept from changing until the transaction's end. */
  lock(transaction: Executor, id: RowId): Promise<AccountRow | undefined> {
    return this.#one(transaction, this.#statements.lock, { id });
  }

  /** Undefined where the name is taken. */
  insert(
    transaction: Executor,
    account: { username: string; hash: string | null; now: string },
  ): Promise<AccountRow | undefined> {
    const id = this.#id.kind === 'uuid' ? { id: uuid7(Date.parse(account.now)) } : {};
    return this.#one(transaction, this.#statements.insert, { ...account, ...id });
  }

  async setHash(transaction: Executor, id: RowId, hash: string): Promise<void> {
    await transaction.all(this.#statements.hash, bind(this.#statements.hash, { id, hash }));
  }

  async setDisabled(transaction: Executor, id: RowId, at: string | null): Promise<void> {
    await transaction.all(this.#statements.disable, bind(this.#statements.disable, { id, at }));
  }

  async #one(executor: Executor, query: Statement, values: Readonly<Record<string, RowId | null>>) {
    const row = (await executor.all(query, bind(query, values)))[0];
    return row && this.#decode(row);
  }
}

function statements({ dialect }: Store, id: Id) {
  const table = sql.table(ACCOUNTS_TABLE);
  const columns = sql.raw('id, username, password_hash, created_at, disabled_at');
  const given = id.kind === 'uuid';
  const ids = dialect.within(sql.ref('id'), sql`${param('ids')}`, id.kind);
  const select = sql`select ${columns} from ${table}`;
  return {
    byId: statement(dialect, sql`${select} where id = ${param('id')}`),
    byName: statement(dialect, sql`${select} where username = ${param('username')}`),
    many: statement(dialect, sql`${select} where ${ids}`),
    lock: statement(dialect, sql`${select} where id = ${param('id')} ${dialect.forUpdate}`),
    insert: statement(
      dialect,
      sql`insert into ${table} (${sql.raw(given ? 'id, ' : '')}username, password_hash, created_at)
        values (${given ? sql`${param('id')}, ` : sql``}${param('username')}, ${param('hash')}, ${param('now')})
        on conflict (username) do nothing returning ${columns}`,
    ),
    hash: statement(
      dialect,
      sql`update ${table} set password_hash = ${param('hash')} where id = ${param('id')}`,
    ),
    disable: statement(
      dialect,
      sql`update ${table} set disabled_at = ${param('at')} where id = ${param('id')}`,
    ),
  };
}

/** Whether a value can be an id of this app's accounts. PostgreSQL refuses to compare with anything else. */
export function isAccountId(id: Id, value: unknown): value is RowId {
  if (id.kind === 'integer') return Number.isSafeInteger(value) && Number(value) >= 1;
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
