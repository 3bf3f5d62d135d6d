import { setTimeout as pause } from 'node:timers/promises';
import { TURN_SIZE } from '../../turns.ts';
import type { Dialect } from '../dialect.ts';
import { HISTORY } from '../migrations/history.ts';
import type { Notifier } from '../notifier.ts';
import { sql } from '../sql.ts';
import { param, type Statement, statement } from '../statement.ts';
import {
  type Columns,
  type ExclusiveTransaction,
  type Executor,
  type ReadCost,
  type Store,
  type StoreMeasures,
  scanTooLong,
  type Value,
  type Work,
  type WriteOneOptions,
  type WriteOptions,
} from '../store.ts';
import type { ConnectionMonitor } from './connections/connection-monitor.ts';
import { type ConnectionPool, type Connections, run, type Session } from './connections/connection-pool.ts';
import type { PoolShare } from './connections/pool-share.ts';
import { StatementPipeline } from './connections/statement-pipeline.ts';
import { postgresDialect } from './dialect.ts';
import { faultOf, isTimeout, perhapsWritten, postgresProblem, writesRefused } from './faults.ts';
import { rowStream } from './row-stream.ts';
import { Transaction, TransactionFailed, type TransactionOptions } from './transaction.ts';

/** Attempts after the first: of a read whose connection went, and of a write that the server undid because of another. */
const RETRIES = { read: 2, write: 3 } as const;

/**
 * Statements of one turn that share a connection; each waits for those before it, and a write for their commits, or for that which
 * it shares with them.
 */
const TOGETHER = { reads: 8, writes: 4, shared: 16 } as const;

/**
 * Tells after each attempt whether there may be another: only so often, and not once the caller has waited for as long as
 * one answer may take (`patience`, in ms; 0: for ever). A network gone silent would otherwise be waited for again and again.
 */
function repeats(most: number, patience: number): (attempt: number) => boolean {
  const start = performance.now();
  return (attempt) => attempt < most && (patience === 0 || performance.now() - start < patience);
}

/** Rows of one answer of the server: more come in parts, so that taking them over holds up no other request. */
const MAX_AT_ONCE = 1_000;

/** Between two small writes that ask whether the server takes writes again, in ms. */
const RETRY_MS = 200;

interface Dependencies {
  readonly schema: string;
  readonly pool: ConnectionPool;
  /** Those of them that reads which may look at many rows may have, so that no short read waits for them all. */
  readonly scans: PoolShare;
  /** Connections for whole lists, apart from the others so that these cannot be used up. */
  readonly streams: ConnectionPool;
  readonly monitor: ConnectionMonitor;
  /** Longest wait for an answer, in ms. */
  readonly patience: number;
}

/** The rows of one app in one schema of a PostgreSQL database. */
export class PostgresStore implements Store, Notifier {
  readonly dialect: Dialect;
  readonly schema: string;
  readonly #parts: Dependencies;
  readonly #reads: StatementPipeline;
  readonly #scans: StatementPipeline;
  readonly #writes: StatementPipeline;
  /** Those that share their commit. */
  readonly #shared: StatementPipeline;
  readonly #notify: Statement;
  readonly #smallWrite: Statement;
  readonly #size: Statement;
  /** Why the last write failed, until a small one succeeds. */
  #refused: string | undefined;
  #triedAt = 0;
  #statements = 0;
  readonly #count = () => {
    this.#statements += 1;
  };

  readonly #failed = (error: unknown) => {
    this.#refused = writesRefused(error) ?? this.#refused;
  };

  constructor(parts: Dependencies) {
    this.schema = parts.schema;
    this.dialect = postgresDialect(parts.schema);
    this.#notify = statement(this.dialect, sql`select pg_notify(${param('channel')}, ${param('payload')})`);
    this.#size = statement(
      this.dialect,
      sql`select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${param('schema')} and c.relkind in ('r', 'm')`,
    );
    const [history, sequence] = [sql.table(HISTORY.name), sql.ref('sequence')];
    this.#smallWrite = statement(
      this.dialect,
      sql`update ${history} set ${sequence} = ${sequence} where ${sequence} = (select max(${sequence}) from ${history})`,
    );
    this.#parts = parts;
    const pipeline = (pool: Connections, most: number) => ({
      most,
      patience: parts.patience,
      take: () => pool.take(),
      give: (session: Session, spoiled: boolean) => this.#give(pool, session, spoiled),
      run: (session: Session, statement: Statement, values: readonly Value[]) => {
        this.#count();
        return run(session, statement, values, parts.patience);
      },
    });
    this.#reads = new StatementPipeline(pipeline(parts.pool, TOGETHER.reads));
    this.#writes = new StatementPipeline(pipeline(parts.pool, TOGETHER.writes));
    this.#shared = new StatementPipeline({
      ...pipeline(parts.pool, TOGETHER.shared),
      alone: this.#writes,
    });
    this.#scans = new StatementPipeline(pipeline(parts.scans, TOGETHER.reads));
  }

  get statements(): number {
    return this.#statements;
  }

  get load(): NonNullable<StoreMeasures['connections']> {
    const { pool, scans } = this.#parts;
    const { open, idle, waiting } = pool.load;
    return { open, idle, waiting: waiting + scans.waiting };
  }

  async measure(): Promise<StoreMeasures> {
    const [row] = await this.all(this.#size, [this.schema]);
    return { databaseBytes: Number(row?.bytes), connections: this.load };
  }

  /** Runs one statement. One that only reads is tried again where its connection went. */
  all(statement: Statement, values: readonly Value[]): Promise<Columns[]> {
    return this.#read(this.#reads, statement, values);
  }

  async #read(
    pipeline: StatementPipeline,
    statement: Statement,
    values: readonly Value[],
  ): Promise<Columns[]> {
    const mayRepeat = repeats(RETRIES.read, this.#parts.patience);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await pipeline.run(statement, values);
      } catch (error) {
        const fault = faultOf(error);
        // Whether a statement may be run twice. One that only looks like a write is merely not tried again.
        const repeatable =
          fault === 'again' ||
          (fault === 'lost' &&
            /^\s*(select|values|with)\b/i.test(statement.sql) &&
            !/\b(insert|update|delete|merge|nextval|pg_notify)\b/i.test(statement.sql));
        if (!repeatable || !mayRepeat(attempt)) throw postgresProblem(error, statement.sql);
        // The other connections may have gone with this one: lets the pool see their ends first.
        await pause(5 + 20 * attempt);
      }
    }
  }

  async scan(statement: Statement, values: readonly Value[], { rows }: ReadCost): Promise<Columns[]> {
    try {
      if (rows <= MAX_AT_ONCE) return await this.#read(this.#scans, statement, values);
      this.#count();
      const { scans, patience } = this.#parts;
      const parts = rowStream(scans, { statement, values, size: TURN_SIZE, patience, whole: true });
      const found: Columns[] = [];
      for await (const part of parts) found.push(...part);
      return found;
    } catch (error) {
      throw isTimeout(error) ? scanTooLong(error) : error;
    }
  }

  async write<T>(work: Work<T>, { patient = false }: WriteOptions = {}): Promise<T> {
    const settings = 'set local statement_timeout to 0; set local idle_in_transaction_session_timeout to 0';
    const options: TransactionOptions = patient
      ? { patience: 0, settings, count: this.#count, failed: this.#failed }
      : { patience: this.#parts.patience, count: this.#count, failed: this.#failed };
    const mayRepeat = repeats(RETRIES.write, options.patience);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const session = await this.#parts.pool.take();
        let spoiled = false;
        try {
          return await new Transaction(session, options).perform(work);
        } catch (error) {
          spoiled = !(error instanceof TransactionFailed) || error.spoiled;
          throw error;
        } finally {
          this.#give(this.#parts.pool, session, spoiled);
        }
      } catch (error) {
        if (!(error instanceof TransactionFailed)) throw error;
        if (!error.repeatable || !mayRepeat(attempt)) throw error.problem;
        await pause(10 + Math.random() * 90);
      }
    }
  }

  stream(statement: Statement, values: readonly Value[], size: number): AsyncIterable<Columns[]> {
    this.#count();
    return rowStream(this.#parts.streams, { statement, values, size, patience: this.#parts.patience });
  }

  foreignCommits(): undefined {
    return undefined;
  }

  async exclusive<T>(wait: number, write: (transaction: ExclusiveTransaction) => Promise<T>): Promise<T> {
    const { exclusive } = await import('./exclusive.ts');
    return exclusive(this, wait, write);
  }

  snapshot<T>(read: (reader: Executor) => Promise<T>): Promise<T> {
    const begin = statement(this.dialect, sql`set transaction isolation level repeatable read read only`);
    return this.write(
      async (transaction) => {
        await transaction.all(begin, []);
        return await read(transaction);
      },
      { patient: true },
    );
  }

  health(): { ready: boolean; why?: string } {
    const { monitor } = this.#parts;
    monitor.ask();
    if (this.#refused !== undefined && performance.now() - this.#triedAt > RETRY_MS) {
      this.#triedAt = performance.now();
      void this.#writes.run(this.#smallWrite, []).then(
        () => {
          this.#refused = undefined;
        },
        (error: unknown) => {
          if (faultOf(error) !== 'lost') this.#refused = writesRefused(error);
        },
      );
    }
    const why = monitor.why ?? this.#refused;
    return why === undefined ? { ready: true } : { ready: false, why };
  }

  async notify(transaction: Executor, channel: string, payload: string): Promise<void> {
    await transaction.all(this.#notify, [this.#channel(channel), payload]);
  }

  listen(channel: string, heard: (payload: string | null) => void): () => void {
    return this.#parts.monitor.listen(this.#channel(channel), heard);
  }

  async close(): Promise<void> {
    const { pool, streams, monitor } = this.#parts;
    await Promise.all([pool.close(), streams.close(), monitor.close()]);
  }

  /** Channels belong to the whole database; names longer than 63 bytes would be refused. */
  #channel(name: string): string {
    const channel = `${this.schema}.${name}`;
    if (Buffer.byteLength(channel) > 63)
      throw new TypeError(`the channel name ${channel} is longer than 63 bytes`);
    return channel;
  }

  /** Once a statement is sent with its commit, silence does not tell whether it was committed. */
  async writeOne(
    statement: Statement,
    values: readonly Value[],
    { locks }: WriteOneOptions = {},
  ): Promise<Columns[]> {
    const pipeline = locks === undefined ? this.#writes : this.#shared;
    const mayRepeat = repeats(RETRIES.write, this.#parts.patience);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await pipeline.run(statement, values, locks);
      } catch (error) {
        this.#failed(error);
        const fault = faultOf(error);
        if (fault === 'lost') throw perhapsWritten(error);
        if (fault !== 'again' || !mayRepeat(attempt)) throw postgresProblem(error, statement.sql);
        await pause(10 + Math.random() * 90);
      }
    }
  }

  #give(pool: Connections, session: Session, spoiled: boolean): void {
    if (spoiled) this.#parts.monitor.checkNow();
    pool.give(session, spoiled);
  }
}
