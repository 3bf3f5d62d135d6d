import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Columns, Executor, Store, Value } from '../../database/store.ts';
import { ACCOUNTS_TABLE } from '../../database/tables.ts';
import type { Id, RowId } from '../../schema/id.ts';
import { SESSIONS_TABLE } from '../resources.ts';
import { rowDecoder } from '../row-decoder.ts';

export interface SessionRow {
  id: string;
  account: RowId;
  generation: number;
  rotated_at: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
}

/** The sessions of one app in its database. A session that has ended is a row that is gone. */
export class SessionRows {
  readonly #store: Store;
  readonly #decode: (columns: Columns) => SessionRow;
  readonly #statements: ReturnType<typeof statements>;

  constructor(store: Store, id: Id) {
    this.#store = store;
    this.#statements = statements(store);
    this.#decode = rowDecoder<SessionRow>(store.dialect, {
      id: 'text',
      account: id.kind,
      generation: 'integer',
      rotated_at: 'timestamp',
      created_at: 'timestamp',
      last_used_at: 'timestamp',
      expires_at: 'timestamp',
    });
  }

  ofAccount(account: RowId, now: string): Promise<SessionRow[]> {
    return this.#run(this.#store, 'ofAccount', { account, now });
  }

  /** A session whose account is not disabled, kept from changing until the transaction's end. */
  async lock(transaction: Executor, id: string): Promise<SessionRow | undefined> {
    return (await this.#run(transaction, 'lock', { id }))[0];
  }

  async insert(transaction: Executor, row: SessionRow): Promise<void> {
    await this.#run(transaction, 'insert', { ...row });
  }

  /** Writes down a use, and a rotation where the generation differs; false where another was faster. */
  async renew(transaction: Executor, row: SessionRow, before: number): Promise<boolean> {
    const { id, generation, rotated_at, last_used_at, expires_at } = row;
    const values = { id, generation, rotated_at, last_used_at, expires_at, before };
    return (await this.#run(transaction, 'renew', values)).length > 0;
  }

  /** Ends one session of an account; false where it has none by that id. */
  async end(executor: Executor, id: string, account: RowId): Promise<boolean> {
    return (await this.#run(executor, 'end', { id, account })).length > 0;
  }

  /** Ends the sessions of an account but one (`''`: all). */
  async endAll(executor: Executor, account: RowId, but: string): Promise<void> {
    await this.#run(executor, 'endAll', { account, but });
  }

  async purge(executor: Executor, now: string): Promise<void> {
    await this.#run(executor, 'purge', { now });
  }

  async #run(
    executor: Executor,
    name: keyof ReturnType<typeof statements>,
    values: Readonly<Record<string, Value>>,
  ): Promise<SessionRow[]> {
    const query = this.#statements[name];
    return (await executor.all(query, bind(query, values))).map(this.#decode);
  }
}

function statements({ dialect }: Store) {
  const table = sql.table(SESSIONS_TABLE);
  const names = ['id', 'account', 'generation', 'rotated_at', 'created_at', 'last_used_at', 'expires_at'];
  const columns = sql.join(names.map((name) => sql.id(name)));
  const values = sql.join(names.map((name) => sql`${param(name)}`));
  const select = sql`select ${columns} from ${table}`;
  const enabled = sql`exists (select 1 from ${sql.table(ACCOUNTS_TABLE)} a
    where a.id = ${sql.table(SESSIONS_TABLE)}.account and a.disabled_at is null)`;
  const set = sql.join(
    ['generation', 'rotated_at', 'last_used_at', 'expires_at'].map(
      (name) => sql`${sql.id(name)} = ${param(name)}`,
    ),
  );
  return {
    ofAccount: statement(
      dialect,
      sql`${select} where account = ${param('account')} and expires_at > ${param('now')}
        order by created_at desc, id`,
    ),
    lock: statement(dialect, sql`${select} where id = ${param('id')} and ${enabled} ${dialect.forUpdate}`),
    insert: statement(dialect, sql`insert into ${table} (${columns}) values (${values})`),
    renew: statement(
      dialect,
      sql`update ${table} set ${set} where id = ${param('id')} and generation = ${param('before')}
        returning ${columns}`,
    ),
    end: statement(
      dialect,
      sql`delete from ${table} where id = ${param('id')} and account = ${param('account')} returning ${columns}`,
    ),
    endAll: statement(
      dialect,
      sql`delete from ${table} where account = ${param('account')} and id <> ${param('but')}`,
    ),
    purge: statement(dialect, sql`delete from ${table} where expires_at <= ${param('now')}`),
  };
}
