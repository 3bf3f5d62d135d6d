import { type Sql, sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../../database/store.ts';
import { ACCOUNTS_TABLE } from '../../database/tables.ts';
import type { Id, RowId } from '../../schema/id.ts';
import { KEY_USES_TABLE, KEYS_TABLE } from '../resources.ts';
import { rowDecoder } from '../row-decoder.ts';
import { isKeyId } from './key-format.ts';

/** A key as it is stored. */
export interface KeyRow {
  id: string;
  account: RowId | null;
  name: string;
  hash: string;
  scopes: readonly string[] | null;
  active: boolean;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  uses: number;
}

/** Which keys a caller may reach: an account's own, or `all` for the administrator. */
export type Reach = { account: RowId } | 'all';

const NAMES = [
  'id',
  'account',
  'name',
  'hash',
  'scopes',
  'active',
  'created_at',
  'expires_at',
  'last_used_at',
  'uses',
] as const;

/** The keys of one app in its database. */
export class KeyRows {
  readonly #store: Store;
  readonly #decode: (columns: Columns) => KeyRow;
  readonly #statements: ReturnType<typeof statements>;

  constructor(store: Store, id: Id) {
    this.#store = store;
    this.#statements = statements(store);
    this.#decode = rowDecoder<KeyRow>(store.dialect, {
      id: 'text',
      account: id.kind,
      name: 'text',
      hash: 'text',
      scopes: 'json',
      active: 'boolean',
      created_at: 'timestamp',
      expires_at: 'timestamp',
      last_used_at: 'timestamp',
      uses: 'integer',
    });
  }

  /** A key whose account, where it has one, is not disabled. */
  async usable(id: string): Promise<KeyRow | undefined> {
    return (await this.#run(this.#store, this.#statements.usable, { id }))[0];
  }

  list(reach: Reach): Promise<KeyRow[]> {
    return reach === 'all'
      ? this.#run(this.#store, this.#statements.all, {})
      : this.#run(this.#store, this.#statements.own, reach);
  }

  async find(executor: Executor, id: string, reach: Reach): Promise<KeyRow | undefined> {
    if (!isKeyId(id)) return undefined;
    return (await this.#run(executor, this.#statements.find, { id })).find((row) => reaches(reach, row));
  }

  /** The same, kept from changing until the transaction's end. */
  async lock(transaction: Executor, id: string, reach: Reach): Promise<KeyRow | undefined> {
    if (!isKeyId(id)) return undefined;
    return (await this.#run(transaction, this.#statements.lock, { id })).find((row) => reaches(reach, row));
  }

  async insert(transaction: Executor, row: KeyRow): Promise<void> {
    const { dialect } = this.#store;
    const values = {
      ...row,
      scopes: dialect.encode('json', row.scopes),
      active: dialect.encode('boolean', row.active),
    };
    await this.#run(transaction, this.#statements.insert, values);
  }

  async update(transaction: Executor, id: string, active: boolean, expires: string | null): Promise<void> {
    const values = { id, active: this.#store.dialect.encode('boolean', active), expires };
    await this.#run(transaction, this.#statements.update, values);
  }

  async remove(transaction: Executor, id: string): Promise<void> {
    await this.#run(transaction, this.#statements.remove, { id });
    await transaction.all(this.#statements.removeUses, bind(this.#statements.removeUses, { id }));
  }

  async #run(
    executor: Executor,
    query: Statement,
    values: Readonly<Record<string, Value>>,
  ): Promise<KeyRow[]> {
    return (await executor.all(query, bind(query, values))).map(this.#decode);
  }
}

function reaches(reach: Reach, row: KeyRow): boolean {
  return reach === 'all' || row.account === reach.account;
}

function statements({ dialect }: Store) {
  const table = sql.table(KEYS_TABLE);
  const columns = sql.join(NAMES.map((name) => sql.id(name)));
  const values = sql.join(NAMES.map((name) => sql`${param(name)}`));
  const compiled = (query: Sql) => statement(dialect, query);
  const select = sql`select ${columns} from ${table}`;
  const byId = sql`${select} where id = ${param('id')}`;
  const disabled = sql`exists (select 1 from ${sql.table(ACCOUNTS_TABLE)} a
    where a.id = ${table}.account and a.disabled_at is not null)`;
  return {
    usable: compiled(sql`${byId} and not ${disabled}`),
    all: compiled(sql`${select} order by created_at desc, id`),
    own: compiled(sql`${select} where account = ${param('account')} order by created_at desc, id`),
    find: compiled(byId),
    lock: compiled(sql`${byId} ${dialect.forUpdate}`),
    insert: compiled(sql`insert into ${table} (${columns}) values (${values})`),
    update: compiled(
      sql`update ${table} set active = ${param('active')}, expires_at = ${param('expires')} where id = ${param('id')}`,
    ),
    remove: compiled(sql`delete from ${table} where id = ${param('id')}`),
    removeUses: compiled(sql`delete from ${sql.table(KEY_USES_TABLE)} where key = ${param('id')}`),
  };
}
