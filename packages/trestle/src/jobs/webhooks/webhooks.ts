import { sql } from '../../database/sql.ts';
import { type Statement, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import type { ChangeRecorder, RowChange } from '../../rows/change-recorder.ts';
import type { Model, Row } from '../../rows/model.ts';
import { inTransaction, type OpenTransaction, readerOf } from '../../rows/transaction.ts';
import type { AnyService, RowWriter } from '../../rows/write.ts';
import { anonymous, type Caller, type Context, system } from '../../schema/caller.ts';
import type { JsonValue } from '../../schema/field.ts';
import type { RowId } from '../../schema/id.ts';
import {
  type Webhooks as Declared,
  type DeliveryRow,
  TEST_EVENT,
  type WebhookRow,
} from '../../schema/webhooks/declare-webhooks.ts';
import type { JobQueue } from '../queue.ts';
import type { JobHandler } from '../worker.ts';
import { type AttemptOutcome, attempt } from './attempt.ts';
import { webhookSecret } from './signature.ts';
import { type Change, stillVisible, visibleChange } from './visible-changes.ts';

/** Names of the jobs that send changes. No declared job has a name with a dot. */
const FAN_OUT = 'webhooks.fan_out';
const DELIVER = 'webhooks.deliver';

/** Changes of one job. */
const MAX_CHANGES = 100;
/** Registered addresses that are looked through for a change. */
const MAX_WEBHOOKS = 1_000;

/** Seconds before each attempt after the first, as Standard Webhooks recommends: some three days in all. */
const PAUSES = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/** Each pause is longer or shorter by a part of itself, so that what failed together does not come back together. */
const JITTER = 0.2;
/** An address at which nothing has arrived for so long is switched off, once all attempts of a delivery have failed. */
const MAX_FAILING_MS = 48 * 3_600_000;
/** How long deliveries are kept. */
const RETENTION_MS = 30 * 86_400_000;

interface Dependencies {
  readonly store: Store;
  readonly models: ReadonlyMap<string, Model>;
  readonly writers: ReadonlyMap<string, RowWriter>;
  readonly byName: ReadonlyMap<string, AnyService>;
  readonly queue: JobQueue;
}

/** A payload, as Standard Webhooks has it. */
interface Payload {
  readonly type: string;
  /** Of the change. */
  readonly timestamp: string;
  /** A row, or a part of it; of a test, nothing. */
  readonly data: { readonly id?: RowId };
}

const SERVER: Context = { caller: anonymous };

/**
 * Tells registered addresses of changes. A write leaves a job with its changes in its own transaction; that finds who is to know,
 * under the rules and fields of each owner, and leaves a delivery and its job for each; a delivery is tried until it is taken.
 */
export class Webhooks implements ChangeRecorder {
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly #declared: Declared;
  /** Secrets are derived from these; the first is the newest. */
  readonly #keys: readonly { readonly key: Buffer }[];
  readonly #asked = new WeakMap<OpenTransaction, Promise<boolean>>();
  #open: (Dependencies & { readonly active: Statement }) | undefined;

  constructor(declared: Declared, keys: readonly { readonly key: Buffer }[]) {
    this.#declared = declared;
    this.#keys = keys;
    this.handlers = new Map<string, JobHandler>([
      [
        FAN_OUT,
        { run: async ({ record }) => ({ commit: (transaction) => this.#fanOut(transaction, record.input) }) },
      ],
      [DELIVER, { timeout: 60, run: ({ record, signal }) => this.#deliver(String(record.input), signal) }],
    ]);
  }

  /** From here on changes are sent. Those of a start, such as seeds, are not. */
  open(dependencies: Dependencies): void {
    const { store } = dependencies;
    const query = sql`select 1 as found from ${sql.table('webhooks')} where ${sql.ref('active')} limit 1`;
    this.#open = { ...dependencies, active: statement(store.dialect, query) };
  }

  records({ name }: Model): boolean {
    return this.#declared.resources.includes(name);
  }

  async record(transaction: OpenTransaction, changes: readonly RowChange[]): Promise<void> {
    const open = this.#open;
    if (!open) return;
    const isHeard = async () => (await transaction.all(open.active, [])).length > 0;
    const asked = this.#asked.get(transaction) ?? isHeard();
    this.#asked.set(transaction, asked);
    if (!(await asked)) return;
    const all = changes.map(({ model, before, after, restored }) => ({
      resource: model.name,
      before: restored ? null : (before ?? null),
      after: after ?? null,
    }));
    const timestamp = new Date().toISOString();
    for (let from = 0; from < all.length; from += MAX_CHANGES)
      // Values of rows are JSON.
      await this.#enqueue(transaction, FAN_OUT, {
        timestamp,
        changes: all.slice(from, from + MAX_CHANGES),
      } as JsonValue);
  }

  /** The secrets that a webhook signs with, the newest first. */
  #secretsOf({ id, generation, previous_until }: WebhookRow): [string, ...string[]] {
    const isPrevious = previous_until !== null && Date.parse(previous_until) > Date.now();
    const generations = isPrevious ? [generation, generation - 1] : [generation];
    const [first = '', ...others] = this.#keys.flatMap(({ key }) =>
      generations.map((each) => webhookSecret(key, id, each)),
    );
    return [first, ...others];
  }

  /** The newest secret of a row that its caller has just been answered. */
  async secretOf(id: RowId, { transaction }: Pick<Context, 'transaction'>): Promise<string> {
    return this.#secretsOf(await this.#webhook(id, system(transaction && { transaction })))[0];
  }

  /** Makes a new secret; the one before is good for some more seconds. */
  async roll(context: Context, id: RowId, overlap: number): Promise<string> {
    await this.#requireOwn(context, id);
    const { writers } = this.#opened();
    const previous_until = new Date(Date.now() + overlap * 1000).toISOString();
    const set = ({ generation }: Row) => ({ generation: Number(generation) + 1, previous_until });
    const write = { verb: 'update', merge: true, id, body: {}, trusted: true, touch: true, set } as const;
    await writers.get('webhooks')?.write(context, write);
    return this.secretOf(id, context);
  }

  /** Sends an event to this address alone. */
  async test(context: Context, id: RowId): Promise<Row> {
    await this.#requireOwn(context, id);
    const { store } = this.#opened();
    return inTransaction(store, context, (transaction) =>
      this.#add(transaction, String(id), { type: TEST_EVENT, timestamp: new Date().toISOString(), data: {} }),
    );
  }

  /** Sends a delivery once more, under the same id. */
  async redeliver(context: Context, webhook: RowId, id: RowId): Promise<Row> {
    await this.#requireOwn(context, webhook);
    const { store, byName, writers } = this.#opened();
    const delivery = await byName.get('webhook_deliveries')?.peek(context, id);
    if (!delivery || delivery.webhook !== webhook) throw new Problem('not_found');
    return inTransaction(store, context, async (transaction) => {
      const values = { state: 'waiting', attempts: 0, next_at: null };
      const write = { verb: 'update', merge: true, id, body: values, trusted: true } as const;
      const row = await writers.get('webhook_deliveries')?.write({ ...context, transaction }, write);
      await this.#enqueue(transaction, DELIVER, String(id));
      const [shown = delivery] = await this.visible({ ...context, transaction }, [row ?? delivery]);
      return shown;
    });
  }

  /** Removes deliveries that are older than a month. */
  async purge(transaction: Executor): Promise<void> {
    const { store } = this.#opened();
    const before = new Date(Date.now() - RETENTION_MS).toISOString();
    const old = sql`delete from ${sql.table('webhook_deliveries')} where ${sql.ref('created_at')} < ${null}`;
    await transaction.all(statement(store.dialect, old), [before]);
  }

  /** Adds a delivery for each active webhook that is to know of a change, as far as its owner may read it. */
  async #fanOut(transaction: OpenTransaction, input: JsonValue): Promise<void> {
    // As it was enqueued above.
    const { changes, timestamp } = input as unknown as { changes: readonly Change[]; timestamp: string };
    const { byName, models } = this.#opened();
    const context = system({ transaction });
    const page = await byName
      .get('webhooks')
      ?.list(context, { filter: { active: { eq: true } }, limit: MAX_WEBHOOKS });
    // Rows have the fields of the declaration.
    const webhooks = (page?.items ?? []) as unknown as WebhookRow[];
    const accounts = await this.#ownersOf(webhooks, context);
    for (const webhook of webhooks) {
      const owner = this.#callerOf(webhook, accounts?.get(webhook.owner ?? ''));
      if (!owner) continue;
      for (const change of changes) {
        const model = models.get(change.resource);
        const seen = model && (await visibleChange(model, owner, change, transaction));
        if (seen && webhook.events.includes(seen.type))
          await this.#add(transaction, webhook.id, { timestamp, ...seen });
      }
    }
  }

  async #ownersOf(webhooks: readonly WebhookRow[], context: Context) {
    const ids = webhooks.flatMap(({ owner }) => owner ?? []);
    return this.#opened()
      .byName.get('accounts')
      ?.readMany(context, [...new Set(ids)]);
  }

  /** The owner of a webhook as a caller; undefined where its account is gone, disabled, or may have no webhook any more. */
  #callerOf({ by }: WebhookRow, account: Row | undefined): Caller | undefined {
    if (by === 'administrator') return { kind: 'administrator' };
    if (!account || account.disabled_at) return undefined;
    const roles = Array.isArray(account.roles) ? account.roles : [];
    const caller: Caller = { kind: 'account', account: account.id, session: '', roles };
    return this.#opened().models.get('webhooks')?.policy.admits(caller, 'create') ? caller : undefined;
  }

  /**
   * Deliveries as their reader may see them now. Data of rows and fields that it may not read any more, or that the scopes of its
   * API key leave out, are not in them; the id of the row is.
   */
  async visible(context: Context, deliveries: readonly Row[]): Promise<Row[]> {
    const dataOf = await this.#visibleData(context, deliveries);
    return deliveries.map((delivery) => {
      if (!delivery.payload) return delivery;
      const payload = delivery.payload as Payload;
      const data = dataOf.get(delivery.id) ?? { id: payload.data.id };
      return { ...delivery, payload: { ...payload, data } };
    });
  }

  /** The data of deliveries, by their id, as far as a caller may see them now; none of one whose row it may not read any more. */
  async #visibleData(context: Context, deliveries: readonly Row[]): Promise<Map<RowId, Payload['data']>> {
    const { store, byName, models } = this.#opened();
    const { caller, transaction } = context;
    const all = system(transaction && { transaction });
    const ids = deliveries.map(({ id }) => id);
    // Rows have the fields of the declaration.
    const kept = (await byName.get('webhook_deliveries')?.readMany(all, ids)) as unknown as Map<
      RowId,
      DeliveryRow
    >;
    const visible = new Map<RowId, Payload['data']>();
    for (const [resource, some] of Map.groupBy(kept.values(), ({ event }) => event.split('.')[0] ?? '')) {
      const model = models.get(resource);
      const rowIds = new Set(some.flatMap(({ recorded }) => (recorded ? [(recorded as Row).id] : [])));
      const current = await byName.get(resource)?.readMany(all, [...rowIds]);
      for (const { id, payload, recorded } of some) {
        const { data } = payload as unknown as Payload;
        const row = recorded as Row | null;
        const given = model && row && { data: data as Row, recorded: row, current: current?.get(row.id) };
        const now = given ? await stillVisible(model, caller, given, readerOf(store, context)) : data;
        if (now) visible.set(id, now);
      }
    }
    return visible;
  }

  async #add(
    transaction: OpenTransaction,
    webhook: string,
    { type, timestamp, data, recorded = null }: Payload & { readonly recorded?: Row | null },
  ): Promise<Row> {
    const { writers } = this.#opened();
    const body = { webhook, event: type, payload: { type, timestamp, data }, recorded };
    const write = { verb: 'create', body, trusted: true } as const;
    const added = await writers.get('webhook_deliveries')?.write({ ...SERVER, transaction }, write);
    if (!added) throw new TypeError('webhook_deliveries is a resource of an app with webhooks');
    await this.#enqueue(transaction, DELIVER, String(added.id));
    return added;
  }

  /** One attempt at a delivery. Its end, and the job of the next attempt, are written in one transaction. */
  async #deliver(id: string, signal: AbortSignal): ReturnType<JobHandler['run']> {
    const { byName } = this.#opened();
    const deliveries = byName.get('webhook_deliveries');
    const delivery = await deliveries?.peek(system(), id).catch((error: unknown) => {
      // It may be gone with its webhook.
      if (!(error instanceof Problem && error.code === 'not_found')) throw error;
    });
    const webhook = delivery && (await this.#webhook(String(delivery.webhook)));
    if (!webhook || delivery.state !== 'waiting') return {};
    const outcome = await this.#attempt(webhook, delivery, signal);
    signal.throwIfAborted();
    // Rows have the fields of the declaration.
    const known = delivery as unknown as DeliveryRow;
    return { commit: (transaction) => this.#settle(transaction, known, webhook, outcome) };
  }

  /** Sends a delivery, as far as its owner may see it now. */
  async #attempt(webhook: WebhookRow, delivery: Row, signal: AbortSignal): Promise<AttemptOutcome> {
    const account = await this.#ownersOf([webhook], system());
    const caller = this.#callerOf(webhook, account?.get(webhook.owner ?? ''));
    if (!caller) return { error: 'Its owner may have no webhook any more.', isFinal: true };
    if (!webhook.active) return { error: 'The webhook is switched off.', isFinal: true };
    const data = (await this.#visibleData({ caller }, [delivery])).get(delivery.id);
    if (!data) return { error: 'Its owner may not read the row any more.', isFinal: true };
    return attempt(webhook.url, {
      id: `msg_${delivery.id}`,
      body: JSON.stringify({ ...(delivery.payload as Payload), data }),
      secrets: this.#secretsOf(webhook),
      allowPrivate: this.#declared.allowPrivate,
      signal,
    });
  }

  async #settle(
    transaction: OpenTransaction,
    { id, attempts }: DeliveryRow,
    webhook: WebhookRow,
    { error = null, isFinal = false, status = null, duration_ms = null }: AttemptOutcome,
  ): Promise<void> {
    const pause = PAUSES[attempts];
    const isLast = error === null || isFinal || pause === undefined;
    const after = Date.now() + 1000 * (pause ?? 0) * (1 + JITTER * (2 * Math.random() - 1));
    const now = new Date().toISOString();
    await this.#set(transaction, 'webhook_deliveries', id, {
      state: error === null ? 'delivered' : isLast ? 'failed' : 'waiting',
      attempts: attempts + 1,
      status,
      duration_ms,
      error,
      attempted_at: now,
      next_at: isLast ? null : new Date(after).toISOString(),
    });
    if (!isLast) await this.#enqueue(transaction, DELIVER, id, after);
    const since = webhook.failing_since;
    if (error === null && since === null) return;
    if (error === null) return this.#set(transaction, 'webhooks', webhook.id, { failing_since: null });
    const isOff =
      status === 410 || (isLast && since !== null && Date.parse(since) < Date.now() - MAX_FAILING_MS);
    if (since === null || (isOff && webhook.active))
      await this.#set(transaction, 'webhooks', webhook.id, {
        failing_since: since ?? now,
        ...(isOff && { active: false, disabled_reason: status === 410 ? 'It answered 410 Gone.' : error }),
      });
  }

  async #set(transaction: OpenTransaction, resource: string, id: RowId, body: object): Promise<void> {
    const { writers } = this.#opened();
    const write = { verb: 'update', merge: true, id, body, trusted: true } as const;
    await writers.get(resource)?.write({ ...SERVER, transaction }, write);
  }

  async #enqueue(transaction: OpenTransaction, name: string, input: JsonValue, at?: number): Promise<void> {
    const { queue } = this.#opened();
    await queue.enqueue(transaction, { name, input, at, caller: undefined });
  }

  async #webhook(id: RowId, context = system()): Promise<WebhookRow> {
    const { byName } = this.#opened();
    // Rows have the fields of the declaration.
    return (await byName.get('webhooks')?.peek(context, id)) as unknown as WebhookRow;
  }

  /** Throws `not_found` for a webhook of somebody else. */
  async #requireOwn(context: Context, id: RowId): Promise<void> {
    const { models, byName } = this.#opened();
    models.get('webhooks')?.policy.admit(context.caller, 'update');
    await byName.get('webhooks')?.peek(context, id);
  }

  #opened() {
    if (this.#open) return this.#open;
    throw new TypeError('webhooks are used before they are opened');
  }
}
