import type { BodyOf, IdOf, PatchOf, Resources, RowOf } from 'trestle';
import type { Problem, Result } from './problems.ts';
import type { UntypedRows, WriteOptions } from './rows.ts';
import type { Received, RequestOptions, Sender, Sending } from './transport.ts';

declare const VALUE: unique symbol;

/** A member of the answer of an earlier item, which later items of the batch use. */
export interface Reference<V> {
  /** The item and the member of its answer: `r0.id`. */
  readonly $ref: string;
  /** A type only. */
  readonly [VALUE]?: V;
}

/** One item of a batch. Its members refer to those of its answer: `order.id`. */
export type BatchItem<V> = { readonly [VALUE]: V } & (V extends object
  ? { readonly [K in keyof V]: Reference<V[K]> }
  : unknown);

type Or<V> = V | Reference<V>;
type Referring<B> = { [K in keyof B]: Or<B[K]> };

/** The verbs of one resource in a batch: each answers an item. */
export interface BatchVerbs<Row, Body, Patch, Id> {
  /** Reads a row. */
  get(id: Or<Id>): BatchItem<Row>;
  /** Creates a row. */
  create(body: Referring<Body>): BatchItem<Row>;
  /** Creates rows. */
  createMany(bodies: readonly Referring<Body>[]): BatchItem<Row[]>;
  /** Replaces the row that has a value in a unique field, or creates it. */
  upsert<K extends keyof Row & string>(
    field: K,
    value: Or<Row[K]>,
    body: Referring<Omit<Body, K> & Partial<Body>>,
  ): BatchItem<Row>;
  /** Changes the fields that are given. */
  patch(id: Or<Id>, patch: Referring<Patch>, options?: Pick<WriteOptions, 'version'>): BatchItem<Row>;
  /** Replaces a row. */
  replace(id: Or<Id>, body: Referring<Body>, options?: Pick<WriteOptions, 'version'>): BatchItem<Row>;
  /** Adds to numbers and counters. */
  increment(
    id: Or<Id>,
    amounts: { readonly [K in keyof Row]?: Row[K] extends number ? number : never },
  ): BatchItem<Row>;
  /** Makes a declared transition. */
  transition(id: Or<Id>, name: string, options?: Pick<WriteOptions, 'version'>): BatchItem<Row>;
  /** Deletes a row. */
  delete(id: Or<Id>, options?: Pick<WriteOptions, 'version'>): BatchItem<undefined>;
  /** Starts an operation. */
  start(id: Or<Id>, operation: string): BatchItem<{ id: string; state: string }>;
}

/** The verbs of each resource in a batch. */
export type BatchRows<Rs extends Resources> = {
  readonly [K in keyof Rs]: BatchVerbs<RowOf<Rs[K], Rs>, BodyOf<Rs[K], Rs>, PatchOf<Rs[K], Rs>, IdOf<Rs[K]>>;
};

/** The answers of a batch, in the form in which its items were given. */
export type BatchValues<T> = T extends { readonly [VALUE]: infer V }
  ? V
  : { -readonly [K in keyof T]: BatchValues<T[K]> };

/** The same where each item is done by itself. */
export type BatchResults<T> = T extends { readonly [VALUE]: infer V }
  ? Result<V>
  : { -readonly [K in keyof T]: BatchResults<T[K]> };

/** Collects the requests of the rows' verbs until the batch is sent; what they ask for after it goes out at once. */
class BatchQueue implements Sender {
  readonly requests: object[] = [];
  readonly settle: ((result: Result<Received>) => void)[] = [];
  readonly #sender: Sender;
  #isSent = false;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  send(sending: Sending): Promise<Result<Received>> {
    if (this.#isSent) return this.#sender.send(sending);
    const { method, body, headers } = sending;
    const ifMatch = headers?.['if-match'];
    // References in a path are between NULs, which no id has.
    const path = sending.path.replace(/%00(.+?)%00/g, '{$1}');
    this.requests.push({
      method,
      path,
      as: `r${this.requests.length}`,
      ...(body !== undefined && { body }),
      ...(ifMatch !== undefined && { ifMatch }),
    });
    return new Promise((resolve) => this.settle.push(resolve));
  }

  async flush(atomic: boolean, options: RequestOptions): Promise<Result<Received>> {
    this.#isSent = true;
    const body = { requests: this.requests, atomic };
    return this.#sender.send({ method: 'POST', path: '/v1/batch', body, idempotent: true, ...options });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** `Client.batch` at run time. */
export async function sendBatch(
  sender: Sender,
  rowsOf: (name: string) => UntypedRows,
  build: (rows: never) => unknown,
  { atomic = true, ...options }: RequestOptions & { atomic?: boolean } = {},
): Promise<Result<unknown>> {
  const queue = new BatchQueue(sender);
  const results = new Map<unknown, Promise<Result<unknown>>>();
  const verbs = (name: string) =>
    membersOf((verb) => (...input: unknown[]) => {
      const as = `r${queue.requests.length}`;
      const rows = rowsOf(name).over(queue) as unknown as Record<string, (...input: unknown[]) => unknown>;
      const item = membersOf((member) => new MemberReference(`${as}.${member}`));
      results.set(item, rows[verb]?.(...input) as Promise<Result<unknown>>);
      return item;
    });
  const form = build(membersOf(verbs) as never);
  const sent = await queue.flush(atomic, options);
  // Nothing was written: no item has an answer.
  if (!sent.ok) return sent;
  const answers: readonly Answer[] = Object(sent.value.body).results;
  for (const [at, answer] of answers.entries()) queue.settle[at]?.(received(answer));
  return { ok: true, value: await filled(form, results, atomic) };
}

/** A reference as a body has it, and between NULs as a part of a path. */
class MemberReference {
  readonly $ref: string;

  constructor(path: string) {
    this.$ref = path;
  }

  toString(): string {
    return `\0${this.$ref}\0`;
  }
}

/** An object that has a member of every name. */
export function membersOf<Value>(get: (name: string) => Value): Readonly<Record<string, Value>> {
  return new Proxy(Object.freeze({}), {
    // A promise that resolves to this object asks whether it is one itself.
    get: (_target, name) => (typeof name === 'string' && name !== 'then' ? get(name) : undefined),
  });
}

function received({ status, headers, body }: Answer): Result<Received> {
  if (status >= 400) return { ok: false, problem: { ...Object(body), status } as Problem };
  const etag = Object.entries(headers).find(([name]) => name.toLowerCase() === 'etag')?.[1];
  return { ok: true, value: { status, etag, body } };
}

/** The form with the answers of its items in their places. */
async function filled(
  form: unknown,
  results: ReadonlyMap<unknown, Promise<Result<unknown>>>,
  atomic: boolean,
): Promise<unknown> {
  const own = results.get(form);
  if (own) {
    const result = await own;
    return atomic && result.ok ? result.value : result;
  }
  if (typeof form !== 'object' || form === null) return form;
  const entries = Object.entries(form).map(async ([name, each]) => [
    name,
    await filled(each, results, atomic),
  ]);
  const values = await Promise.all(entries);
  return Array.isArray(form) ? values.map(([, each]) => each) : Object.fromEntries(values);
}
