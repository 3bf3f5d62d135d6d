import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import type { KeyUse } from '../../schema/services/account-service.ts';
import type { EventLog } from '../events.ts';
import { KEY_USES_TABLE, KEYS_TABLE } from '../resources.ts';
import { rowDecoder } from '../row-decoder.ts';

/** Milliseconds from a use to its writing: what a killed process loses at most. */
const DELAY = 900;
/** Uses that wait for their writing. Beyond, a use is still counted, but not written down by itself. */
const LONGEST_LINE = 20_000;
/** Rows of one insert. */
const ROWS = 50;
/** How long uses are kept. */
const KEPT = 90 * 86_400_000;

interface Tally {
  count: number;
  last: string;
}

/** Writes the uses of keys behind the requests: counts and last uses, and one row each, in batches. */
export class KeyUsage {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #statements: ReturnType<typeof statements>;
  readonly #decode;
  #tallies = new Map<string, Tally>();
  #line: (KeyUse & { key: string })[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, log: EventLog) {
    this.#store = store;
    this.#log = log;
    this.#statements = statements(store);
    this.#decode = rowDecoder<KeyUse>(store.dialect, {
      at: 'timestamp',
      method: 'text',
      route: 'text',
      status: 'integer',
      source: 'text',
    });
  }

  /** Notes one use; nothing is waited for. */
  note(key: string, use: KeyUse): void {
    const tally = this.#tallies.get(key) ?? { count: 0, last: use.at };
    this.#tallies.set(key, { count: tally.count + 1, last: later(use.at, tally.last) });
    if (this.#line.length < LONGEST_LINE) this.#line.push({ ...use, key });
    else this.#dropped += 1;
    this.#timer ??= setTimeout(() => void this.flush(), DELAY);
  }

  /** Writes what waits. What cannot be written now is kept for the next time. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Uses of a key, newest first. */
  async list(key: string, limit: number): Promise<KeyUse[]> {
    const rows = await this.#store.all(this.#statements.list, bind(this.#statements.list, { key, limit }));
    return rows.map(this.#decode);
  }

  /** Removes uses that are older than 90 days. */
  async purge(now: number): Promise<void> {
    const before = new Date(now - KEPT).toISOString();
    await this.#store.write(async (transaction) => {
      await transaction.all(this.#statements.purge, bind(this.#statements.purge, { before }));
    });
  }

  async #write(): Promise<void> {
    if (this.#tallies.size === 0) return;
    const tallies = this.#tallies;
    const line = this.#line;
    this.#tallies = new Map();
    this.#line = [];
    if (this.#dropped > 0) this.#log({ event: 'key_uses_dropped', count: this.#dropped });
    this.#dropped = 0;
    try {
      await this.#store.write((transaction) => this.#insert(transaction, tallies, line));
    } catch {
      this.#log({ event: 'key_uses_delayed', count: line.length });
      this.#restore(tallies, line);
    }
  }

  /** In the order of the keys, so that two processes that count the same ones do not lock each other out. */
  async #insert(
    transaction: Executor,
    tallies: Map<string, Tally>,
    line: readonly (KeyUse & { key: string })[],
  ) {
    const { count, many, one } = this.#statements;
    for (const [key, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)))
      await transaction.all(count, bind(count, { key, ...tally }));
    let at = 0;
    for (; at + ROWS <= line.length; at += ROWS)
      await transaction.all(many, bind(many, numbered(line.slice(at, at + ROWS))));
    for (; at < line.length; at += 1) await transaction.all(one, bind(one, numbered(line.slice(at, at + 1))));
  }

  #restore(tallies: Map<string, Tally>, line: readonly (KeyUse & { key: string })[]): void {
    for (const [key, tally] of tallies) {
      const newer = this.#tallies.get(key);
      this.#tallies.set(key, {
        count: tally.count + (newer?.count ?? 0),
        last: newer?.last ?? tally.last,
      });
    }
    this.#line = [...line, ...this.#line].slice(0, LONGEST_LINE);
    this.#timer ??= setTimeout(() => void this.flush(), DELAY);
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }
}

/** Instants in UTC are in the order of their texts. */
function later(a: string, b: string): string {
  return a > b ? a : b;
}

const NAMES = ['key', 'at', 'method', 'route', 'status', 'source'] as const;

function numbered(uses: readonly (KeyUse & { key: string })[]) {
  const values: Record<string, string | number> = {};
  for (const [row, use] of uses.entries()) for (const name of NAMES) values[`${name}${row}`] = use[name];
  return values;
}

function statements({ dialect }: Store) {
  const keys = sql.table(KEYS_TABLE);
  const uses = sql.table(KEY_USES_TABLE);
  const columns = sql.join(NAMES.map((name) => sql.id(name)));
  const insert = (rows: number) => {
    const values = Array.from({ length: rows }, (_, row) => {
      return sql`(${sql.join(NAMES.map((name) => sql`${param(`${name}${row}`)}`))})`;
    });
    return statement(dialect, sql`insert into ${uses} (${columns}) values ${sql.join(values)}`);
  };
  return {
    count: statement(
      dialect,
      sql`update ${keys} set uses = uses + ${param('count')}, last_used_at = ${param('last')} where id = ${param('key')}`,
    ),
    many: insert(ROWS),
    one: insert(1),
    list: statement(
      dialect,
      sql`select ${sql.join(['at', 'method', 'route', 'status', 'source'].map((name) => sql.id(name)))} from ${uses}
        where key = ${param('key')} order by id desc limit ${param('limit')}`,
    ),
    purge: statement(dialect, sql`delete from ${uses} where at < ${param('before')}`),
  };
}
