import { isNotifier, Listeners, type Notifier } from '../database/notifier.ts';
import { sql } from '../database/sql.ts';
import { bind, param, statement } from '../database/statement.ts';
import type { Executor, Store } from '../database/store.ts';
import { type Run, type SystemModel, SystemTable } from '../rows/system-tables.ts';
import { inTransaction, type OpenTransaction } from '../rows/transaction.ts';
import { uuid7 } from '../rows/uuid7.ts';
import { accountOf, anonymous, type Caller } from '../schema/caller.ts';
import type { JsonValue } from '../schema/field.ts';
import type { RowId } from '../schema/id.ts';
import { type JobLimits, MAX_PAUSE } from './job-limits.ts';
import type { JOB_RESOURCES, JobRecord } from './job-table.ts';
import { type JobEvent, TRANSITIONS, transitionSql } from './transitions.ts';

/** The channel on which processes tell each other of jobs that have changed. */
const CHANNEL = 'jobs';
/** Where this process's workers listen, beside the ids of single jobs. */
const QUEUED = 'queued';
/** Where operators listen, for every job. */
const ALL = 'all';
/** Jobs under way that one look for changes of other processes sees. */
const MAX_WATCHED = 500;
/** Leases that end later than in so many seconds, or in a lease's own time, were given before the clock was set back. */
const MIN_LONG_LEASE = 60;

export interface NewJob {
  readonly name: string;
  readonly input?: JsonValue;
  /** The row of an operation. */
  readonly resource?: string;
  readonly row?: RowId;
  /** Not before this time, in milliseconds since 1970 (default: at once). */
  readonly at?: number | undefined;
  /** No second job with this key is enqueued until this one has ended (default: none). */
  readonly key?: string | undefined;
  /** Whose job it is: callers are served in turn. Undefined: the engine's own, where each name has its turn. */
  readonly caller: Caller | undefined;
}

type Values = Parameters<Run<unknown>>[1];

/**
 * Jobs in the database. Changes are told of in this process at once, and in others where the database can. That is a hint:
 * whoever hears it reads the job, and looks now and then without having heard.
 */
export class JobQueue {
  readonly limits: JobLimits;
  readonly #store: Store;
  readonly #statements: ReturnType<typeof compileStatements>;
  readonly #listeners: Listeners;
  readonly #notifier: Notifier | undefined;
  readonly #unlisten: (() => void) | undefined;

  constructor(store: Store, model: SystemModel, limits: JobLimits, failed: (error: unknown) => void) {
    this.limits = limits;
    this.#store = store;
    this.#statements = compileStatements(new SystemTable(model));
    this.#listeners = new Listeners(failed);
    this.#notifier = isNotifier(store) ? store : undefined;
    this.#unlisten = this.#notifier?.listen(CHANNEL, (id) => {
      if (id === null) return this.#listeners.tellGap();
      this.#listeners.tell(id, id);
      this.#listeners.tell(QUEUED, id);
      this.#listeners.tell(ALL, id);
    });
  }

  /**
   * Adds a job within a transaction; answers undefined where one with its key has not ended.
   *
   * Fair queueing: a job's turn is that of the jobs being served now, or the one after its caller's last. So the jobs of
   * several callers alternate, however many one of them has enqueued.
   */
  async enqueue(transaction: OpenTransaction, job: NewJob): Promise<JobRecord | undefined> {
    const { name, input = null, resource = null, row = null, at, key = null, caller } = job;
    const account = caller ? accountOf(caller) : null;
    const [added] = await this.#statements.insert(transaction, {
      id: uuid7(),
      name,
      resource,
      row: row === null ? null : String(row),
      input,
      key,
      due: at === undefined ? 0 : at / 1000,
      caller: caller ? callerName(caller) : `job ${name}`,
      account: account === null ? null : String(account),
    });
    return this.#announced(transaction, added);
  }

  /** Claims the next job, unless its caller is among the busy ones. Of many processes one gets it. */
  async claim(busy: readonly string[]): Promise<JobRecord | undefined> {
    const { claimable } = this.#statements;
    const values = { busy: this.#store.dialect.encodeList(busy), maxPause: MAX_PAUSE };
    const found = await this.#store.all(claimable, bind(claimable, values));
    return found.length > 0 ? this.change('claim', { ...values, lease: this.limits.lease }) : undefined;
  }

  /** Makes a transition, in a transaction of its own where none is given; undefined where the job is in no state for it. */
  async change(
    event: JobEvent,
    values: Values,
    transaction?: OpenTransaction,
  ): Promise<JobRecord | undefined> {
    if (!transaction)
      return inTransaction(this.#store, { caller: anonymous }, (own) => this.change(event, values, own));
    const [changed] = await this.#statements.transitions[event](transaction, values);
    return this.#announced(transaction, changed);
  }

  /** A job as it was changed, which this process and others are told of once that is committed. */
  async #announced(transaction: OpenTransaction, job: JobRecord | undefined): Promise<JobRecord | undefined> {
    if (!job) return undefined;
    const { id, state } = job;
    await this.#notifier?.notify(transaction, CHANNEL, id);
    transaction.afterCommit.push(() => {
      this.#listeners.tell(id, id);
      if (state === 'queued') this.#listeners.tell(QUEUED, id);
      this.#listeners.tell(ALL, id);
    });
    return job;
  }

  /** @param account of which it is to be (default: of any, or of none). */
  async find(id: string, account?: string): Promise<JobRecord | undefined> {
    const { byId, byIdOf } = this.#statements;
    const [found] =
      account === undefined ? await byId(this.#store, { id }) : await byIdOf(this.#store, { id, account });
    return found;
  }

  /** The job with a key that has not ended. */
  async findByKey(executor: Executor, key: string): Promise<JobRecord | undefined> {
    return (await this.#statements.byKey(executor, { key }))[0];
  }

  /** Calls back when a job may have changed. Returns what ends that. */
  watch(id: string, heard: () => void): () => void {
    return this.#listeners.add(id, heard);
  }

  /** Calls back when any job may have changed, null where it is not known which. Returns what ends that. */
  watchAll(heard: (id: string | null) => void): () => void {
    return this.#listeners.add(ALL, heard);
  }

  /** How often each job under way has changed, where other processes tell nobody of that; undefined where they do. */
  async changes(): Promise<ReadonlyMap<string, number> | undefined> {
    if (this.#notifier) return undefined;
    const found = await this.#statements.underWay(this.#store);
    return new Map(found.map(({ id, changes }) => [id, changes]));
  }

  /** Calls back when there may be a job to claim. Returns what ends that. */
  watchQueued(heard: () => void): () => void {
    return this.#listeners.add(QUEUED, heard);
  }

  /** Seconds since 1970 by the database's clock. */
  async now(): Promise<number> {
    const [row] = await this.#store.all(this.#statements.clock, []);
    return Number(row?.seconds);
  }

  /** Shortens leases that a clock set back has made far too long. Whoever holds one renews it in time. */
  async shortenLeases(): Promise<void> {
    const { longLease, shortenLeases } = this.#statements;
    const values = { maxLease: Math.max(this.limits.lease, MIN_LONG_LEASE) };
    if ((await longLease(this.#store, values)).length > 0)
      await this.#store.write((transaction) => shortenLeases(transaction, values));
  }

  /** The jobs that wait and run, and the seconds that the oldest of those which are due has waited. */
  async measure(): Promise<{ queued: number; running: number; oldest: number }> {
    const { pending, oldest } = this.#statements;
    const [counts] = await this.#store.all(pending, []);
    const [first] = await oldest(this.#store);
    const since = first ? Math.max(first.due, Date.parse(first.created_at) / 1000) : undefined;
    return {
      queued: Number(counts?.queued ?? 0),
      running: Number(counts?.running ?? 0),
      oldest: since === undefined ? 0 : Math.max((await this.now()) - since, 0),
    };
  }

  /** Removes jobs that ended longer ago than they are kept. */
  async purge(): Promise<void> {
    const before = new Date(((await this.now()) - this.limits.retention) * 1000).toISOString();
    await this.#store.write((transaction) => this.#statements.purge(transaction, { before }));
  }

  /** Gives turns to jobs of a version that had none. */
  async adopt(): Promise<void> {
    const { withoutTurn, adopt } = this.#statements;
    if ((await withoutTurn(this.#store)).length > 0)
      await this.#store.write((transaction) => adopt(transaction));
  }

  close(): void {
    this.#unlisten?.();
  }
}

function compileStatements(table: SystemTable<(typeof JOB_RESOURCES)['operations']>) {
  const { name, model } = table;
  const { clock, now, skipLocked, within } = model.dialect;
  const { sets, where } = transitionSql(model.dialect);
  const busy = within(sql`caller`, sql`${param('busy')}`, 'text');
  // Ended jobs have no turn, so that the index on it is short.
  const next = sql`from ${name} where turn >= 0 and ${where('claim')} and not ${busy}`;
  const longLease = sql`state = 'running' and lease > ${clock} + ${param('maxLease')}`;
  const withoutTurn = sql`state in ('queued', 'running') and turn is null`;
  const turn = sql`(select coalesce(max(turn), 0) from (
    select max(turn) as turn from ${name} where state = 'running'
    union all select min(turn) from ${name} where turn >= 0
    union all select max(turn) + 1 from ${name} where caller = ${param('caller')} and turn >= 0) as turns)`;
  const transitions = Object.fromEntries(
    TRANSITIONS.map(({ event }) => [event, table.change(sets[event], where(event))]),
  );
  return {
    transitions: {
      // Every event of the table has a statement.
      ...(transitions as Record<JobEvent, Run<JobRecord>>),
      claim: table.change(sets.claim, sql`id = (select id ${next} order by turn, id limit 1 ${skipLocked})`),
    },
    /** A read, so that an idle process writes nothing. */
    claimable: statement(model.dialect, sql`select 1 as found ${next} limit 1`),
    insert: table.rows(sql`insert into ${name}
      (id, name, resource, ${sql.ref('row')}, input, state, key, progress, attempts, fence, changes, cancel, due, turn,
        caller, account, created_at)
      values (${param('id')}, ${param('name')}, ${param('resource')}, ${param('row')}, ${param('input')}, 'queued',
        ${param('key')}, 0, 0, 0, 1, 0, ${param('due')}, ${turn}, ${param('caller')}, ${param('account')}, ${now})
      on conflict (key) do nothing returning ${model.columns}`),
    byId: table.select(sql`where id = ${param('id')}`),
    byIdOf: table.select(sql`where id = ${param('id')} and account = ${param('account')}`),
    byKey: table.select(sql`where key = ${param('key')}`),
    longLease: table.select(sql`where ${longLease} limit 1`),
    shortenLeases: table.change(sql`lease = ${clock} + ${param('maxLease')}`, longLease),
    pending: statement(
      model.dialect,
      sql`select sum(case when state = 'queued' then 1 else 0 end) as queued,
        sum(case when state = 'running' then 1 else 0 end) as running from ${name} where turn >= 0`,
    ),
    oldest: table.select(
      sql`where turn >= 0 and state = 'queued' and due <= ${clock} order by created_at limit 1`,
    ),
    underWay: table.select(sql`where turn >= 0 order by turn limit ${sql.lit(MAX_WATCHED)}`),
    clock: statement(model.dialect, sql`select ${clock} as seconds`),
    purge: table.delete(sql`finished_at < ${param('before')}`),
    withoutTurn: table.select(sql`where ${withoutTurn} limit 1`),
    adopt: table.change(sql`turn = 0`, withoutTurn),
  };
}

/** A caller's name in counts and turns: its account, else its key. */
export function callerName(caller: Caller): string {
  if (caller.kind === 'account' && caller.viewedBy) return callerName(caller.viewedBy);
  const account = accountOf(caller);
  if (account !== null) return `account ${account}`;
  return caller.kind === 'key' ? `key ${caller.key}` : caller.kind;
}
