import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type RowMaker, rowMaker } from '../../row-maker.ts';
import type { Statement } from '../../statement.ts';
import type { Columns, Value } from '../../store.ts';
import { passes, postgresProblem, unavailable } from '../faults.ts';

interface PoolOptions {
  readonly config: pg.ClientConfig;
  /** Most connections. */
  readonly size: number;
  /** Connections that stay open when nobody asks for anything, so that the next request finds one. */
  readonly keep: number;
  /** Longest wait for a free one, in ms; then `unavailable`. */
  readonly wait: number;
  /** SQL that every connection begins with. */
  readonly settings: string;
  /** Told of a connection that could not be made, and of one that went while idle. */
  readonly failed: (error: unknown) => void;
  /** False while it is known that the database cannot be reached: then nobody waits. */
  readonly reachable: () => boolean;
}

/** One connection while somebody has it. */
export type Session = pg.PoolClient;

/** A pool, or a part of one. */
export type Connections = Pick<ConnectionPool, 'take' | 'give'>;

/** A pool of connections that are handed out for one statement or one transaction at a time. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #pool: pg.Pool;

  constructor(options: PoolOptions) {
    const { config, size, keep, settings, failed } = options;
    this.#options = options;
    const begin: Query = { text: settings, query_timeout: config.connectionTimeoutMillis ?? 0 };
    this.#pool = new pg.Pool({
      ...config,
      max: size,
      min: keep,
      idleTimeoutMillis: 30_000,
      verify: (client, done) => void client.query(begin, done),
    });
    // Without these two, the end of a connection would be an unhandled 'error' event and the end of the process.
    // In use, its error also reaches the statement that waits for it.
    this.#pool.on('error', failed);
    this.#pool.on('connect', (client) => void client.on('error', () => {}));
  }

  /** Connections that are open, and requests that wait for one. */
  get load(): { open: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { open: totalCount, idle: idleCount, waiting: waitingCount };
  }

  /** Takes a connection, `give` returns it. Throws `unavailable` when none is free within the wait. */
  async take(): Promise<Session> {
    const deadline = performance.now() + this.#options.wait;
    for (;;) {
      if (!this.#options.reachable()) throw unavailable('The database cannot be reached just now.');
      try {
        return await this.#connect(Math.max(0, deadline - performance.now()));
      } catch (error) {
        if (!passes(error)) throw postgresProblem(error);
        this.#options.failed(error);
        if (performance.now() + 50 > deadline) throw postgresProblem(error);
        await pause(50);
      }
    }
  }

  /** Returns a connection; a spoiled one is closed. */
  give(session: Session, spoiled: boolean): void {
    session.release(spoiled);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  #connect(wait: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(unavailable(`No database connection became free within ${this.#options.wait} ms.`));
      }, wait);
      this.#pool.connect((error, client) => {
        clearTimeout(timer);
        if (client === undefined) reject(error);
        else if (late) client.release();
        else resolve(client);
      });
    });
  }
}

/** pg's options of one query, with the one its types leave out. */
interface Query extends pg.QueryConfig {
  query_timeout?: number;
}

/** Rows as lists of their values. */
interface ArrayQuery extends Query {
  rowMode: 'array';
}

/** Statements that one connection keeps prepared: filters can be put together without end, the server's memory not. */
const MAX_PREPARED = 500;
/** From so many on, it is noted which statement was used last. */
const ORDERED_FROM = 400;
/** Names of the statements of a connection, those used longest ago first. */
const prepared = new WeakMap<Session, Set<string>>();

/** Runs a statement on a connection, prepared there on its first use. `patience`: ms to wait for its answer (0: for ever). */
export async function run(
  session: Session,
  statement: Statement,
  values: readonly Value[],
  patience: number,
): Promise<Columns[]> {
  const query: ArrayQuery = {
    text: statement.sql,
    values: [...values],
    rowMode: 'array',
    query_timeout: patience,
  };
  if (keeps(session, statement.name)) query.name = statement.name;
  const { rows, fields } = await session.query<unknown[]>(query);
  return rows.length === 0 ? [] : rows.map(makerOf(statement, fields));
}

/** Whether a statement is prepared under its name. It takes the place of the one that was used longest ago. */
function keeps(session: Session, name: string): boolean {
  if (name === '') return false;
  const names = prepared.get(session) ?? new Set();
  if (names.size >= ORDERED_FROM) names.delete(name);
  else if (names.has(name)) return true;
  if (names.size >= MAX_PREPARED) {
    const [oldest = ''] = names;
    const { connection } = session;
    const { parsedStatements, submittedNamedStatements } = connection as unknown as PreparedByName;
    // Its preparation is under way: pg would take it for prepared once it is answered.
    if (submittedNamedStatements[oldest] !== undefined) return false;
    delete parsedStatements[oldest];
    // On the server it ends after all that was sent before, and before what is sent next.
    connection.close({ type: 'S', name: oldest }, true);
    names.delete(oldest);
  }
  prepared.set(session, names.add(name));
  return true;
}

/** The statements of a connection by name, as pg keeps them: answered, and on their way. Its types leave them out. */
interface PreparedByName {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
}

interface Literal {
  readonly columns: readonly string[];
  readonly make: RowMaker;
}

const literals = new WeakMap<Statement, Literal>();

/** The row maker of a statement; a new one where its columns have changed (`select *`). */
function makerOf(statement: Statement, fields: readonly pg.FieldDef[]): RowMaker {
  const known = literals.get(statement);
  if (
    known &&
    known.columns.length === fields.length &&
    fields.every(({ name }, at) => name === known.columns[at])
  )
    return known.make;
  const columns = fields.map(({ name }) => name);
  const literal = { columns, make: rowMaker(columns) };
  literals.set(statement, literal);
  return literal.make;
}
