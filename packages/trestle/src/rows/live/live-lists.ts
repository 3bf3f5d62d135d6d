import type { Notifier } from '../../database/notifier.ts';
import type { Executor, Store } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import { Problem } from '../../problems.ts';
import { accountOf, type Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { Resources } from '../../schema/row-types.ts';
import type { ListQuery } from '../../schema/services/list-query.ts';
import type { Model, Row } from '../model.ts';
import { filterTest } from '../rules/compiled-rule.ts';
import { OpenTransaction } from '../transaction.ts';
import type { AnyService } from '../write.ts';
import { CHANGES_CHANNEL, type ChangeLog, dependents, type LoggedChange } from './change-log.ts';
import { type ReaderClass, readerClasses } from './reader-classes.ts';
import { type LiveEvent, Subscriber } from './subscriber.ts';

/** Live lists that are open in one process: of one caller, or of one address without credentials, and of all. */
const LIVE_LIMITS = { perClient: 1_000, all: 10_000 } as const;

/** Milliseconds between two deliveries: what is committed meanwhile goes out together. */
const DELIVERY_MS = 25;
/** Milliseconds between two looks for changes of other processes and for credentials that have ended. */
const LOOK_MS = 400;
/** Milliseconds between comments that keep a quiet connection open through proxies. */
const HEARTBEAT_MS = 20_000;

interface Dependencies {
  readonly store: Store & Partial<Notifier>;
  readonly changes: ChangeLog;
  readonly resources: Resources;
  readonly models: ReadonlyMap<string, Model>;
  readonly byName: ReadonlyMap<string, AnyService>;
  /** Throws what a list throws of a query. */
  readonly checkList: (caller: Caller, resource: string, query: ListQuery) => void;
  /** Throws where a caller's credentials have ended since they were taken. */
  readonly requireActive: (caller: Caller) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/** A live list that a client opens. */
interface LiveRequest {
  readonly caller: Caller;
  readonly client: string;
  readonly resource: string;
  readonly query: ListQuery;
  /** The last event that the client has (default: none, it begins with a page). */
  readonly after?: string | undefined;
  readonly signal: AbortSignal;
}

/** Subscribers who see the same: one evaluation of each change serves all of them. */
interface Group {
  readonly key: string;
  readonly model: Model;
  readonly caller: Caller;
  readonly matches: (row: Row) => boolean;
  /** Whether rows of other resources decide what is in it. */
  readonly looksElsewhere: boolean;
  readonly reader: ReaderClass;
  /** Those of the fields that they may read that they ask for (default: all). */
  readonly fields: readonly string[] | undefined;
  readonly subscribers: Set<Subscriber>;
}

/**
 * The live lists of one process. Each begins with a page, read in one view of the database with the number of the newest change
 * in it, and goes on with the changes after that, in the order of their commits. Rule, filter and fields are applied to each
 * row as it was before the change and as it is after it.
 */
export class LiveLists {
  readonly #dependencies: Dependencies;
  readonly #groups = new Map<string, Group>();
  readonly #clients = new Map<string, number>();
  readonly #classes = new Map<string, (caller: Caller) => ReaderClass>();
  /** Filters as tests; most clients ask for the same few. */
  readonly #filters = new FifoMap<string, (row: Row) => boolean>(500);
  #open = 0;
  /** The change that is being delivered, or was last. */
  #position = 0;
  #starting: Promise<void> | undefined;
  #stop: (() => void) | undefined;
  #delivering = false;
  #isBehind = false;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    dependencies.changes.committed = () => this.#wake();
    for (const [name, model] of dependencies.models)
      if (model.resource.live) this.#classes.set(name, readerClasses(model));
  }

  /**
   * The batches of events of a list; they end with the connection. Throws as a list does, `invalid_query` for what a live list
   * cannot have, and `too_many_requests`. The batches end with `invalid_token` or `invalid_key` where the credentials end.
   */
  async open(request: LiveRequest): Promise<AsyncIterableIterator<readonly LiveEvent[]>> {
    const { caller, client, signal } = request;
    const group = this.#groupOf(request);
    const leave = this.#enter(client);
    const subscriber = new Subscriber(caller, (own, last) => this.#begin(group, request.query, own, last));
    group.subscribers.add(subscriber);
    const end = () => {
      group.subscribers.delete(subscriber);
      if (group.subscribers.size === 0) this.#groups.delete(group.key);
      if (this.#groups.size === 0) this.#stop?.();
      leave();
    };
    subscriber.ended = end;
    signal.addEventListener('abort', () => subscriber.end(), { once: true });
    try {
      this.#starting ??= this.#watch();
      await this.#starting;
      await subscriber.begin(request.after);
      if (signal.aborted) subscriber.end();
      return subscriber.batches;
    } catch (error) {
      subscriber.end();
      throw error;
    }
  }

  close(): void {
    for (const { subscribers } of this.#groups.values()) for (const each of subscribers) each.end();
    this.#stop?.();
  }

  #groupOf({ caller, resource, query }: LiveRequest): Group {
    const { models, checkList } = this.#dependencies;
    const model = models.get(resource);
    const classes = this.#classes.get(resource);
    if (!model || !classes) throw new TypeError(`${resource} is not live`);
    model.policy.admit(caller, 'read');
    // A stream that goes on where another ended reads no page, which would refuse conditions on fields of others.
    checkList(caller, resource, query);
    const reader = classes(caller);
    const { number, namesCaller } = reader;
    const filter = JSON.stringify(query.filter ?? {});
    const { fields } = query;
    const key = JSON.stringify([resource, number, namesCaller ? accountOf(caller) : null, filter, fields]);
    const known = this.#groups.get(key);
    if (known) return known;
    const matches =
      this.#filters.get(`${resource} ${number} ${filter}`) ??
      filterTest(query.filter ?? {}, model, reader.filterable);
    this.#filters.set(`${resource} ${number} ${filter}`, matches);
    const looksElsewhere =
      reader.looksElsewhere || model.policy.allowsAlone(caller, 'read', {}) === undefined;
    const subscribers = new Set<Subscriber>();
    const group = { key, model, looksElsewhere, caller, matches, reader, fields, subscribers };
    this.#groups.set(key, group);
    return group;
  }

  #enter(client: string): () => void {
    const own = this.#clients.get(client) ?? 0;
    if (own >= LIVE_LIMITS.perClient || this.#open >= LIVE_LIMITS.all)
      throw new Problem('too_many_requests', {
        detail: `At most ${LIVE_LIMITS.perClient} live lists of one client may be open at once. Close one first.`,
        headers: { 'Retry-After': '5' },
      });
    this.#open += 1;
    this.#clients.set(client, own + 1);
    return () => {
      this.#open -= 1;
      const rest = (this.#clients.get(client) ?? 1) - 1;
      if (rest === 0) this.#clients.delete(client);
      else this.#clients.set(client, rest);
    };
  }

  /** The first events of a subscriber: what it has missed, or a page. What is delivered meanwhile waits in its queue. */
  async #begin(
    group: Group,
    query: ListQuery,
    subscriber: Subscriber,
    after: string | undefined,
  ): Promise<LiveEvent[]> {
    subscriber.from = this.#position;
    if (after !== undefined) {
      const number = Number(/^(\d{1,15})-\w{1,12}$/.exec(after)?.[1] ?? -1);
      const missed = await this.#missed(group, { id: after, number }, subscriber.from);
      // Another process may have been ahead of this one.
      subscriber.from = Math.max(subscriber.from, number);
      if (missed) return missed;
    }
    const { page, newest } = await this.#page(group, query);
    subscriber.from = newest?.id ?? 0;
    const begun = { id: eventId(newest), event: 'page', data: JSON.stringify(page) } as const;
    const isLate = after !== undefined;
    return isLate ? [{ id: eventId(newest), event: 'resync', data: '{}' }, begun] : [begun];
  }

  /**
   * The page of a list with the newest change in it. As any other list, it may be read apart from the event loop, and once more
   * where something was committed meanwhile; where that goes on, in one view of the database.
   */
  async #page({ model, caller }: Group, query: ListQuery) {
    const { store, changes: log, byName } = this.#dependencies;
    const service = byName.get(model.name);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const newest = await log.newest(store);
      const page = await service?.list({ caller }, query);
      if ((await log.newest(store))?.id === newest?.id) return { page, newest };
    }
    return store.snapshot(async (reader) => {
      const transaction = new OpenTransaction(reader);
      const newest = await log.newest(reader);
      return { page: await service?.list({ caller, transaction }, query), newest };
    });
  }

  /** The events after one, up to a change; undefined where it is not known any more. */
  async #missed(
    group: Group,
    { id, number }: { readonly id: string; readonly number: number },
    upTo: number,
  ): Promise<LiveEvent[] | undefined> {
    const { changes: log, store } = this.#dependencies;
    // All changes after it must be there still.
    const isKept =
      number === 0
        ? ((await log.after(store, 0))[0]?.id ?? 1) === 1
        : eventId(await log.find(store, number)) === id;
    if (!isKept) return undefined;
    const events: LiveEvent[] = [];
    for (let last = number; last < upTo; ) {
      const changes = await log.after(store, last);
      const own = changes.filter((change) => change.id <= upTo);
      if (this.#endsList(own, group)) return undefined;
      events.push(...(await this.#eventsOf(own, group)));
      // More than a subscriber's queue takes is as well read as a page.
      if (events.length > Subscriber.MAX_QUEUED) return undefined;
      last = changes.at(-1)?.id ?? upTo;
    }
    return events;
  }

  /** Begins to look for changes. */
  async #watch(): Promise<void> {
    const { store, changes: log } = this.#dependencies;
    const newest = await log.newest(store);
    this.#position = newest?.id ?? 0;
    const unlisten = store.listen?.(CHANGES_CHANNEL, () => this.#wake());
    const look = setInterval(() => {
      this.#wake();
      void this.#endInactive();
    }, LOOK_MS);
    const beat = setInterval(() => this.#each((subscriber) => subscriber.beat()), HEARTBEAT_MS);
    this.#stop = () => {
      unlisten?.();
      clearInterval(look);
      clearInterval(beat);
      this.#stop = undefined;
      this.#starting = undefined;
    };
  }

  #each(act: (subscriber: Subscriber) => void): void {
    for (const { subscribers } of this.#groups.values()) for (const each of subscribers) act(each);
  }

  async #endInactive(): Promise<void> {
    const byCredentials = new Map<string, Subscriber[]>();
    this.#each((subscriber) => {
      const { caller } = subscriber;
      const { kind } = caller;
      if (kind !== 'account' && kind !== 'key') return;
      // Roles are those that it was opened with: where they have changed since, it ends too.
      const credentials = JSON.stringify(caller);
      const same = byCredentials.get(credentials);
      if (same) same.push(subscriber);
      else byCredentials.set(credentials, [subscriber]);
    });
    const asked = [...byCredentials.values()].map(async ([first, ...others]) => {
      if (!first) return;
      await this.#dependencies.requireActive(first.caller).catch((error: unknown) => {
        // Where the database cannot be asked, the next look will tell.
        if (error instanceof Problem && error.status === 401)
          for (const each of [first, ...others]) each.end(error);
      });
    });
    await Promise.all(asked);
  }

  #wake(): void {
    if (this.#groups.size === 0) return;
    this.#isBehind = true;
    if (this.#delivering) return;
    this.#delivering = true;
    const { changes: log, store, failed } = this.#dependencies;
    const deliver = async () => {
      while (this.#isBehind) {
        this.#isBehind = false;
        for (;;) {
          const changes = await log.after(store, this.#position);
          if (changes.length === 0) break;
          await this.#deliverAll(changes);
        }
        await new Promise((resolve) => setTimeout(resolve, DELIVERY_MS));
      }
    };
    void deliver()
      .catch(failed)
      .finally(() => {
        this.#delivering = false;
      });
  }

  async #deliverAll(all: readonly LoggedChange[]): Promise<void> {
    // The first subscriber after a pause begins with the newest.
    const changes = all.filter(({ id }) => id > this.#position);
    this.#position = changes.at(-1)?.id ?? this.#position;
    for (const group of this.#groups.values()) {
      if (this.#endsList(changes, group)) for (const each of group.subscribers) each.resync();
      const events = await this.#eventsOf(changes, group);
      if (events.length > 0) for (const each of group.subscribers) each.push(events);
    }
  }

  /** Whether changes leave no more to do than to read the list again. */
  #endsList(changes: readonly LoggedChange[], { model, looksElsewhere }: Group): boolean {
    const { resources } = this.#dependencies;
    return changes.some(
      (change) =>
        isWhole(change) &&
        (change.resource === model.name ||
          (looksElsewhere && dependents(resources, change.resource).includes(model.name))),
    );
  }

  async #eventsOf(changes: readonly LoggedChange[], group: Group): Promise<LiveEvent[]> {
    const told: Told[] = [];
    for (const change of changes) {
      const { before, after } = change;
      if (change.resource !== group.model.name || isWhole(change)) continue;
      const [was, is] = [await this.#seen(before, group), await this.#seen(after, group)];
      if (!is) {
        if (was) told.push({ change, gone: was.id });
        continue;
      }
      // What the caller may not read is no change to it.
      const text = (row: Row) => JSON.stringify(picked(row, group.fields));
      if (!was || text(was) !== text(is)) told.push({ change, put: is });
    }
    const puts = told.flatMap(({ put }) => (put ? [put.id] : []));
    const { reader, caller, fields } = group;
    const computed = puts.length > 0 && (await reader.computed?.(caller, this.#dependencies.store, puts));
    return told.flatMap(({ change, put, gone }): LiveEvent[] => {
      const at = { id: eventId(change), number: change.id };
      if (!put) return [{ ...at, event: 'gone', data: JSON.stringify({ id: gone }) }];
      const others = computed ? computed.get(put.id) : {};
      // A row that is not there any more is told to be gone next.
      if (!others) return [];
      return [{ ...at, event: 'put', data: JSON.stringify(picked({ ...put, ...others }, fields)) }];
    });
  }

  /** A row as a group sees it; undefined where it is not in the list. */
  async #seen(row: Row | null, { model, caller, matches, reader }: Group): Promise<Row | undefined> {
    if (!row || !matches(row)) return undefined;
    const { policy } = model;
    const executor: Executor = this.#dependencies.store;
    const isReadable =
      policy.allowsAlone(caller, 'read', row) ?? (await policy.allows(caller, 'read', row, executor));
    return isReadable ? reader.view(row, caller, executor) : undefined;
  }
}

/** A change of a list: a row that is in it now, or one that has left it. */
interface Told {
  readonly change: LoggedChange;
  readonly put?: Row;
  readonly gone?: RowId;
}

/** A row with its id and, where they are named, some of its fields. */
function picked(row: Row, fields: readonly string[] | undefined): Row {
  if (!fields) return row;
  const some = Object.entries(row).filter(([name]) => fields.includes(name));
  return { ...Object.fromEntries(some), id: row.id };
}

function isWhole({ before, after }: LoggedChange): boolean {
  return before === null && after === null;
}

/** Numbers the change, and tells it from one of this number in a database that was put back to an earlier state. */
function eventId(change: LoggedChange | undefined): string {
  return change ? `${change.id}-${Date.parse(change.changed_at).toString(36)}` : '0-0';
}
