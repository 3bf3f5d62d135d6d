import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, Problem } from '../../problems.ts';
import { type Sql, sql } from '../sql.ts';
import { type Statement, statement } from '../statement.ts';
import type {
  Columns,
  ExclusiveTransaction,
  Executor,
  ReadCost,
  Store,
  StoreMeasures,
  Value,
  Work,
} from '../store.ts';
import { checkSmallFile } from './check-file.ts';
import { Connection } from './connection.ts';
import { sqliteDialect } from './dialect.ts';
import { FileRemoved } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { checked, Deadline } from './scans/deadline.ts';
import { ScanThreads } from './scans/scan-threads.ts';
import type { ServerLock } from './server-lock.ts';

/** A read that costs more microseconds than this runs in a thread, which costs about 100 itself. */
const MAX_INLINE_COST = 5_000;
/** A read that was short before and may cost so many microseconds now looks at the time, which takes a twelfth longer. */
const MAX_UNCHECKED_COST = 50_000;
/** Microseconds that a row of an answer takes. */
const ROW_COST = 2;
/** Milliseconds for which the number of a table's rows is taken to be what it was. */
const ROWS_LIFETIME = 1_000;

/** Streams that may be open at once; each holds a connection and a snapshot. */
const MAX_STREAMS = 16;

interface Dependencies {
  file: string;
  writer: Connection;
  reader: Connection;
  sharedReads: boolean;
  scanTimeout: number | undefined;
  /** Held where it is served. */
  lock: ServerLock | undefined;
}

/** The rows of one app in one SQLite file: one connection writes, another reads only what is committed. */
export class SqliteStore implements Store {
  readonly dialect = sqliteDialect;
  readonly file: string;
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #group: GroupCommit;
  readonly #sharedReads: boolean;
  readonly #lock: ServerLock | undefined;
  readonly #requireFile: () => void;
  readonly #requireLog: () => void;
  readonly #scans: ScanThreads;
  readonly #deadline: Deadline;
  /** Statements with the deadline of a short read. */
  readonly #inTime = new WeakMap<Statement, Statement>();
  readonly #rows = new Map<Sql, { readonly rows: number; readonly until: number }>();
  /** Microseconds that reads took last, of those that may be shorter or longer than is known before. */
  readonly #took = new WeakMap<Statement | ReadCost, number>();
  #streams = 0;
  #foreignCommits: number | undefined;

  constructor({ file, writer, reader, sharedReads, scanTimeout, lock }: Dependencies) {
    this.file = file;
    this.#writer = writer;
    this.#reader = reader;
    this.#sharedReads = sharedReads;
    this.#lock = lock;
    this.#requireFile = inPlaceCheck(file);
    this.#requireLog = inPlaceCheck(`${file}-wal`);
    this.#scans = new ScanThreads(file, scanTimeout);
    this.#deadline = new Deadline(reader.database);
    this.#group = new GroupCommit(writer, {
      verify: this.#requireFile,
      committed: this.#endSnapshot,
      verifyPages: () => {
        checkSmallFile(file);
        // Damaged pages may be in the caches still.
        for (const { database } of [writer, reader]) database.exec('pragma shrink_memory');
      },
    });
  }

  get statements(): number {
    return this.#writer.statements + this.#reader.statements + this.#scans.statements;
  }

  all(statement: Statement, values: readonly Value[]): Columns[] {
    // Reads of one tick of the event loop share one read transaction: a row by id costs 1.4 µs inside one and 4.2 µs outside.
    if (this.#sharedReads && !this.#reader.database.isTransaction) {
      this.#reader.prepare('begin').prepared.run();
      setImmediate(this.#endSnapshot);
    }
    return this.#reader.all(statement, values);
  }

  scan(query: Statement, values: readonly Value[], read: ReadCost): Columns[] | Promise<Columns[]> {
    const { rows, perRow, table, isOpen } = read;
    const all = this.#rowsOf(table);
    const cost = Math.min(rows, all) * ROW_COST + all * perRow;
    if (cost <= MAX_INLINE_COST && !isOpen) return this.all(query, values);
    // How many other rows are looked at depends on the statement; when a page is full, on the values too.
    const known = isOpen ? query : read;
    const last = isOpen && cost > MAX_INLINE_COST ? cost : this.#took.get(known);
    if (last === undefined ? isOpen : last <= MAX_INLINE_COST) {
      const from = performance.now();
      const found = cost > MAX_UNCHECKED_COST ? this.#allInTime(query, values) : this.all(query, values);
      this.#took.set(known, (performance.now() - from) * 1000);
      if (found) return found;
    }
    return this.#scans.run(query, values).then((scanned) => {
      this.#took.set(known, scanned.took);
      return scanned.rows;
    });
  }

  /** The rows of a read that is taken to be short; undefined where it is not. */
  #allInTime(query: Statement, values: readonly Value[]): Columns[] | undefined {
    const inTime = this.#inTime.get(query) ?? { ...query, sql: checked(query.sql) };
    this.#inTime.set(query, inTime);
    this.#deadline.begin(Date.now() + MAX_INLINE_COST / 1000);
    try {
      return this.all(inTime, values);
    } catch (error) {
      if (this.#deadline.isOver) return undefined;
      throw error;
    }
  }

  /** About how many rows a table has, and never less. */
  #rowsOf(table: Sql): number {
    const known = this.#rows.get(table);
    const now = performance.now();
    if (known && known.until > now) return known.rows;
    // By a name that no field can have: each begins with a letter.
    const { sql: text } = statement(this.dialect, sql`select max(_rowid_) as rows from ${table}`);
    const { prepared, make } = this.#reader.prepare(text);
    const [row] = prepared.all().map(make);
    const rows = Number(row?.rows ?? 0);
    this.#rows.set(table, { rows, until: now + ROWS_LIFETIME });
    return rows;
  }

  write<T>(work: Work<T>): Promise<T> {
    return this.#group.accept({ work });
  }

  writeOne(statement: Statement, values: readonly Value[]): Promise<Columns[]> {
    return this.#group.accept({ statement, values });
  }

  async *stream(statement: Statement, values: readonly Value[], size: number): AsyncGenerator<Columns[]> {
    if (this.#streams >= MAX_STREAMS)
      throw new Problem('unavailable', {
        detail: `${MAX_STREAMS} whole lists are being sent already. Try again in a moment, or ask for a part with limit.`,
        headers: { 'Retry-After': '2' },
      });
    this.#streams += 1;
    // A connection of its own: its snapshot stays open while the client reads, and must not hold others' reads back.
    const connection = new Connection(new DatabaseSync(this.file, { readOnly: true, timeout: 5000 }));
    try {
      let part: Columns[] = [];
      for (const row of connection.iterate(statement, values)) {
        part.push(row);
        if (part.length < size) continue;
        yield part;
        part = [];
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (part.length > 0) yield part;
    } finally {
      connection.close();
      this.#streams -= 1;
    }
  }

  /** Asked of SQLite once in a turn of the event loop; what another process commits meanwhile, this turn's reads do not see either. */
  foreignCommits(): number {
    if (this.#foreignCommits !== undefined) return this.#foreignCommits;
    // It counts what other connections have committed, and no other of this process writes.
    const { prepared, make } = this.#writer.prepare('pragma data_version');
    const [row] = prepared.all().map(make);
    const version = Number(row?.data_version);
    if (!this.#sharedReads) return version;
    this.#foreignCommits = version;
    setImmediate(() => {
      this.#foreignCommits = undefined;
    });
    return version;
  }

  async exclusive<T>(wait: number, write: (transaction: ExclusiveTransaction) => Promise<T>): Promise<T> {
    const { exclusive } = await import('./exclusive.ts');
    return exclusive(this.file, wait, write);
  }

  /** A connection of its own: what a read transaction has seen of a file stays as it is until it ends. */
  async snapshot<T>(read: (reader: Executor) => Promise<T>): Promise<T> {
    const database = new DatabaseSync(this.file, { readOnly: true, timeout: 5000 });
    try {
      database.exec('begin');
      return await read(new Connection(database));
    } finally {
      database.close();
    }
  }

  measure(): StoreMeasures {
    const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    const { commits, works, waiting } = this.#group;
    return {
      databaseBytes: sizeOf(this.file),
      walBytes: sizeOf(`${this.file}-wal`),
      commits: { total: commits, writes: works, waiting },
    };
  }

  health(): ReturnType<Store['health']> {
    try {
      this.#requireFile();
      this.#requireLog();
    } catch (error) {
      this.#group.broken ??= error;
    }
    this.#group.retry();
    const error = this.#group.broken ?? this.#group.refused;
    if (error === undefined) return { ready: true };
    const cause = error instanceof Problem ? error.cause : error;
    const why = `writing to ${this.file} failed: ${messageOf(cause)}`;
    return { ready: false, fatal: this.#group.broken !== undefined, why };
  }

  async close(): Promise<void> {
    await this.#group.idle();
    await this.#scans.close();
    this.#endSnapshot();
    // Before SQLite takes the log away, so that a process that is killed in between has it still, or needs it no more.
    this.#lock?.end();
    this.#reader.close();
    this.#writer.close();
    this.#lock?.release();
  }

  /** A commit of ours ends it before it is answered, so that a read after a write always sees that write. */
  readonly #endSnapshot = (): void => {
    if (this.#reader.database.isOpen && this.#reader.database.isTransaction)
      this.#reader.prepare('commit').prepared.run();
  };
}

/** Makes what throws `FileRemoved` where another file, or none, is at a path by then: 2 µs. Nothing to check where there is none now. */
function inPlaceCheck(path: string): () => void {
  const opened = statSync(path, { bigint: true, throwIfNoEntry: false });
  return () => {
    if (opened === undefined) return;
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (found?.ino !== opened.ino || found.dev !== opened.dev)
      throw new FileRemoved(`${path} was removed or replaced while it was open`);
  };
}
