import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { postgresDialect } from '../../../src/database/postgres/dialect.ts';
import { sql } from '../../../src/database/sql.ts';
import { param, type Statement, statement } from '../../../src/database/statement.ts';
import type { Store } from '../../../src/database/store.ts';
import { Problem } from '../../../src/problems.ts';
import { runSql } from '../../run-sql.ts';
import { moment, until } from '../../until.ts';

/** The schema of the stores, as `OnPostgres` opens them. */
const DIALECT = postgresDialect('app');
const ENTRIES = sql.table('entries');
const COUNTS = sql.table('counts');
const compile = (query: Parameters<typeof statement>[1]): Statement => statement(DIALECT, query);
const ENTER = compile(sql`insert into ${ENTRIES} (token) values (${param('token')})`);
const COUNT = compile(sql`update ${COUNTS} set n = n + 1 where id = 1`);
const BOTH = compile(
  sql`with entered as (insert into ${ENTRIES} (token) values (${param('token')})) update ${COUNTS} set n = n + 1 where id = 1`,
);
const READ = compile(
  sql`select (select n from ${COUNTS} where id = 1) as n, (select count(*) from ${ENTRIES}) as entries`,
);
const TOKENS = compile(sql`select token from ${ENTRIES}`);

/** Writes and reads that leave a trace, so that lost, doubled and half-done writes can be told afterwards. */
export class Ledger {
  /** Tokens of writes that were answered, and of those whose answer was an error. */
  readonly acknowledged: string[] = [];
  readonly failed = new Map<string, unknown>();
  readonly readErrors: unknown[] = [];
  reads = 0;
  /** The longest write or read, in ms. */
  longest = 0;
  readonly #store: Store;
  #stopped = false;

  readonly #kind: 'single' | 'shared' | undefined;

  private constructor(store: Store, kind: 'single' | 'shared' | undefined) {
    this.#store = store;
    this.#kind = kind;
  }

  /** `single`: writes of one statement; `shared`: such that may share a commit. */
  static async open(store: Store, kind?: 'single' | 'shared'): Promise<Ledger> {
    await runSql(store, 'create table entries (token text primary key)');
    await runSql(store, 'create table counts (id int primary key, n bigint not null)');
    await runSql(store, 'insert into counts values (1, 0)');
    return new Ledger(store, kind);
  }

  /** One write of two statements, or of a single one that does the work of both. */
  async write(): Promise<void> {
    const token = randomUUID();
    const start = performance.now();
    try {
      if (this.#kind)
        await this.#store.writeOne(BOTH, [token], this.#kind === 'shared' ? { locks: 'counts 1' } : {});
      else
        await this.#store.write(async (tx) => {
          await tx.all(ENTER, [token]);
          await tx.all(COUNT, []);
        });
      this.acknowledged.push(token);
    } catch (error) {
      this.failed.set(token, error);
    }
    this.#took(start);
  }

  async read(): Promise<void> {
    const start = performance.now();
    try {
      const [row] = await this.#store.all(READ, []);
      assert.equal(row?.n, row?.entries, 'a write was seen half done');
    } catch (error) {
      this.readErrors.push(error);
    }
    this.reads += 1;
    this.#took(start);
  }

  /** Writes and reads over and over, so many of each at a time, while `meanwhile` runs. */
  async during(meanwhile: () => Promise<void>, writers = 6, readers = 4): Promise<void> {
    this.#stopped = false;
    const again = async (step: () => Promise<void>) => {
      while (!this.#stopped) {
        await step();
        await moment(4);
      }
    };
    const load = [
      ...Array.from({ length: writers }, () => again(() => this.write())),
      ...Array.from({ length: readers }, () => again(() => this.read())),
    ];
    try {
      await meanwhile();
    } finally {
      this.#stopped = true;
      await Promise.all(load);
    }
  }

  /** Waits until so many more writes are acknowledged, and reads answered. */
  async progress(writes: number, reads = 0): Promise<void> {
    const wanted = { writes: this.acknowledged.length + writes, reads: this.reads + reads };
    await until(() => this.acknowledged.length >= wanted.writes && this.reads >= wanted.reads);
  }

  /** Waits until so many more writes have failed. */
  async failures(count: number): Promise<void> {
    const wanted = this.failed.size + count;
    await until(() => this.failed.size >= wanted);
  }

  /** Waits until so many more writes have ended, in whichever way. */
  async attempts(count: number): Promise<void> {
    const ended = () => this.failed.size + this.acknowledged.length;
    const wanted = ended() + count;
    await until(() => ended() >= wanted);
  }

  /** Every acknowledged write is there once and whole; every failed one was a 503 that says when to come back. */
  async audit(): Promise<void> {
    const rows = await this.#store.all(TOKENS, []);
    const present = new Set(rows.map((row) => String(row.token)));
    const lost = this.acknowledged.filter((token) => !present.has(token));
    assert.deepEqual(lost, [], 'acknowledged writes are missing');
    const [row] = await this.#store.all(READ, []);
    assert.deepEqual({ ...row }, { n: present.size, entries: present.size });
    const known = new Set([...this.acknowledged, ...this.failed.keys()]);
    assert.deepEqual(
      [...present].filter((token) => !known.has(token)),
      [],
    );
    for (const error of this.failed.values()) assertUnavailable(error);
  }

  #took(start: number): void {
    this.longest = Math.max(this.longest, performance.now() - start);
  }
}

/** A 503 with Retry-After, and nothing else. */
export function assertUnavailable(error: unknown): void {
  assert.ok(error instanceof Problem, `expected a Problem, got ${error}`);
  assert.equal(error.status, 503, error.detail);
  assert.match(error.headers['Retry-After'] ?? '', /^\d+$/);
}

/** Waits until a store is ready or not, asking as a load balancer does. Fails after `timeoutMs`. */
export async function untilReady(store: Store, ready: boolean, timeoutMs: number): Promise<void> {
  await until(() => store.health().ready === ready, {
    timeoutMs,
    describe: () => JSON.stringify(store.health()),
  });
}
