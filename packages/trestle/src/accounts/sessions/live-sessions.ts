import { sql } from '../../database/sql.ts';
import { bind, param, type Statement, statement } from '../../database/statement.ts';
import type { Columns, Store } from '../../database/store.ts';
import { ACCOUNTS_TABLE } from '../../database/tables.ts';
import type { Id, RowId } from '../../schema/id.ts';
import { SESSIONS_TABLE } from '../resources.ts';
import { rowDecoder } from '../row-decoder.ts';

/** What is asked of a session with every write. */
interface LiveSession {
  readonly id: string;
  readonly account: RowId;
  readonly expires_at: string;
}

type Found = ReadonlyMap<string, LiveSession>;

/**
 * Finds sessions whose account is not disabled: all that are asked for in one turn of the event loop, by one statement
 * that is sent after all of them were asked for.
 */
export class LiveSessions {
  readonly #store: Store;
  readonly #select: Statement;
  readonly #decode: (columns: Columns) => LiveSession;
  #asked = new Set<string>();
  #turn: Promise<Found> | undefined;

  constructor(store: Store, id: Id) {
    this.#store = store;
    this.#select = liveStatement(store);
    this.#decode = rowDecoder<LiveSession>(store.dialect, {
      id: 'text',
      account: id.kind,
      expires_at: 'timestamp',
    });
  }

  async find(id: string): Promise<LiveSession | undefined> {
    this.#asked.add(id);
    this.#turn ??= new Promise((resolve) => setImmediate(() => resolve(this.#look())));
    return (await this.#turn).get(id);
  }

  async #look(): Promise<Found> {
    const ids = this.#store.dialect.encodeList([...this.#asked]);
    this.#asked = new Set();
    this.#turn = undefined;
    const rows = await this.#store.all(this.#select, bind(this.#select, { ids }));
    return new Map(rows.map(this.#decode).map((row) => [row.id, row]));
  }
}

function liveStatement({ dialect }: Store): Statement {
  const asked = dialect.within(sql`s.id`, sql`${param('ids')}`, 'text');
  return statement(
    dialect,
    sql`select s.id, s.account, s.expires_at from ${sql.table(SESSIONS_TABLE)} s
      join ${sql.table(ACCOUNTS_TABLE)} a on a.id = s.account where ${asked} and a.disabled_at is null`,
  );
}
