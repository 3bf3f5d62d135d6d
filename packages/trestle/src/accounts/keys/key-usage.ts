import { sql } from '../../database/sql.ts';
import { param } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { type SystemModel, SystemTable } from '../../rows/system-tables.ts';
import type { KeyUse } from '../../schema/services/account-service.ts';
import type { EventLog } from '../events.ts';
import type { AccountResources } from '../resources.ts';

/** Milliseconds from a use to its writing: what a killed process loses at most. */
const DELAY_MS = 900;
/** Uses that wait for their writing. Beyond, a use is still counted, but not written down by itself. */
const MAX_WAITING = 20_000;
/** Rows of one insert. */
const BATCH_SIZE = 50;
/** How long uses are kept. */
const KEPT_MS = 90 * 86_400_000;

interface Tally {
  count: number;
  last: string;
}

/** Writes the uses of keys behind the requests: counts and last uses, and one row each, in batches. */
export class KeyUsage {
  readonly #store: Store;
  readonly #log: EventLog;
  readonly #statements: ReturnType<typeof statements>;
  #tallies = new Map<string, Tally>();
  #line: (KeyUse & { key: string })[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, models: { keys: SystemModel; uses: SystemModel }, log: EventLog) {
    this.#store = store;
    this.#log = log;
    this.#statements = statements(models);
  }

  /** Notes one use; nothing is waited for. */
  readonly note = (key: string, use: KeyUse): void => {
    const tally = this.#tallies.get(key) ?? { count: 0, last: use.at };
    // Instants in UTC are in the order of their texts.
    const last = use.at > tally.last ? use.at : tally.last;
    this.#tallies.set(key, { count: tally.count + 1, last });
    if (this.#line.length < MAX_WAITING) this.#line.push({ ...use, key });
    else this.#dropped += 1;
    this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS);
  };

  /** Writes what waits. What cannot be written now is kept for the next time. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(async () => {
      if (this.#tallies.size === 0) return;
      const tallies = this.#tallies;
      const line = this.#line;
      this.#tallies = new Map();
      this.#line = [];
      if (this.#dropped > 0) this.#log({ event: 'key_uses_dropped', count: this.#dropped });
      this.#dropped = 0;
      try {
        await this.#store.write(async (transaction) => {
          const { count, many, one } = this.#statements;
          // In the order of the keys, so that two processes that count the same ones do not lock each other out.
          for (const [key, tally] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1)))
            await count(transaction, { key, ...tally });
          let at = 0;
          for (; at + BATCH_SIZE <= line.length; at += BATCH_SIZE)
            await many(transaction, numbered(line.slice(at, at + BATCH_SIZE)));
          for (; at < line.length; at += 1) await one(transaction, numbered(line.slice(at, at + 1)));
        });
      } catch {
        this.#log({ event: 'key_uses_delayed', count: line.length });
        for (const [key, tally] of tallies) {
          const newer = this.#tallies.get(key);
          const count = tally.count + (newer?.count ?? 0);
          this.#tallies.set(key, { count, last: newer?.last ?? tally.last });
        }
        this.#line = [...line, ...this.#line].slice(0, MAX_WAITING);
        this.#timer ??= setTimeout(() => void this.flush(), DELAY_MS);
      }
    });
    return this.#writing;
  }

  /** Removes uses that are older than 90 days. */
  async purge(transaction: Executor, now: number): Promise<void> {
    await this.#statements.purge(transaction, { before: new Date(now - KEPT_MS).toISOString() });
  }

  /** Writes what waits and stops. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
  }
}

const NAMES = ['key', 'at', 'method', 'route', 'status', 'source'] as const;

function numbered(uses: readonly (KeyUse & { key: string })[]) {
  const values: Record<string, string | number> = {};
  for (const [row, use] of uses.entries()) for (const name of NAMES) values[`${name}${row}`] = use[name];
  return values;
}

function statements(models: { keys: SystemModel; uses: SystemModel }) {
  const keys = new SystemTable<AccountResources['keys']>(models.keys);
  const uses = new SystemTable<AccountResources['key_uses']>(models.uses);
  const columns = sql.join(NAMES.map((name) => sql.ref(name)));
  const insert = (rows: number) => {
    const values = Array.from({ length: rows }, (_, row) => {
      return sql`(${sql.join(NAMES.map((name) => sql`${param(`${name}${row}`)}`))})`;
    });
    return uses.execute(sql`insert into ${uses.name} (${columns}) values ${sql.join(values)}`);
  };
  return {
    count:
      keys.execute(sql`update ${keys.name} set uses = uses + ${param('count')}, last_used_at = ${param('last')}
      where id = ${param('key')}`),
    many: insert(BATCH_SIZE),
    one: insert(1),
    purge: uses.execute(sql`delete from ${uses.name} where at < ${param('before')}`),
  };
}
