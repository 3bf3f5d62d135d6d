import { livePath, liveRows } from './live.ts';
import { type Conflict, type Problem, type Result, unwrap, type WriteProblem } from './problems.ts';
import {
  type AggregateQuery,
  type Aggregates,
  type Exact,
  type ListQuery,
  type LiveQuery,
  type ManyQuery,
  type Page,
  queryString,
  type Selected,
  type Selection,
  type WholeQuery,
} from './query.ts';
import type { Received, RequestOptions, Sender, Sending } from './transport.ts';

/** How a row is written. */
export interface WriteOptions extends RequestOptions {
  /**
   * Writes only the version that this client read last (default where it has read or written the row), or whatever is there
   * (`any`).
   */
  version?: 'last' | 'any';
}

/** The verbs of one resource: `N` among the resources `Rs` of an app. */
export interface RowClient<Row, Body, Patch, Id, Rs, N> {
  /** One page. */
  list<const Q extends ListQuery<Row, Rs, N>>(
    query?: Q & Exact<Q, ListQuery<Row, Rs, N>>,
    options?: RequestOptions,
  ): Promise<Result<Page<Selected<Rs, N, Q>>>>;
  /** All rows of a query, read page by page. @throws {ProblemError} */
  all<const Q extends WholeQuery<Row, Rs, N>>(
    query?: Q & Exact<Q, WholeQuery<Row, Rs, N>>,
    options?: RequestOptions,
  ): AsyncIterable<Selected<Rs, N, Q>>;
  /**
   * The first page of a query, and again after each change of it, of a resource with `live: true`. It goes on where its connection
   * broke, and ends when it is left or aborted.
   *
   * @throws {ProblemError} where it is refused, or the session has ended.
   * @example
   * for await (const rows of client.rows.projects.live({ sort: ['title'] }, { signal })) show(rows);
   */
  live<const Q extends LiveQuery<Row, Rs, N>>(
    query?: Q & Exact<Q, LiveQuery<Row, Rs, N>>,
    options?: RequestOptions,
  ): AsyncIterable<Selected<Rs, N, Q>[]>;
  /** Counts, sums, averages, least and greatest values, by group. */
  aggregate(
    query: AggregateQuery<Row, Rs, N>,
    options?: RequestOptions,
  ): Promise<Result<{ items: Aggregates<Row>[]; more: boolean }>>;
  /** One row, with those that `expand` names. */
  get<const Q extends RequestOptions & Selection<Rs, N>>(
    id: Id,
    options?: Q & Exact<Q, RequestOptions & Selection<Rs, N>>,
  ): Promise<Result<Selected<Rs, N, Q>>>;
  /** Creates a row. A try that is repeated makes one row: each call has an Idempotency-Key. */
  create(body: Body, options?: RequestOptions): Promise<Result<Row>>;
  /** Creates up to 1,000 rows, all or none. */
  createMany(bodies: readonly Body[], options?: RequestOptions): Promise<Result<Row[]>>;
  /** Replaces the row that has a value in a unique field, or creates it. */
  upsert<K extends keyof Row & string>(
    field: K,
    value: Row[K],
    body: Omit<Body, K> & Partial<Body>,
    options?: RequestOptions,
  ): Promise<Result<Row>>;
  /** Changes the fields that are given. */
  patch(id: Id, patch: Patch, options?: WriteOptions): Promise<Result<Row, WriteProblem<Row>>>;
  /** Changes every row of a filter, or none. */
  patchMany(
    query: ManyQuery<Row, Rs, N>,
    patch: Patch,
    options?: RequestOptions,
  ): Promise<Result<{ count: number }>>;
  /** Replaces the row: a field that is left out gets its default. */
  replace(id: Id, body: Body, options?: WriteOptions): Promise<Result<Row, WriteProblem<Row>>>;
  /** Adds to numbers and counters, whatever version the row is at. */
  increment(
    id: Id,
    amounts: { readonly [K in keyof Row]?: Row[K] extends number ? number : never },
    options?: RequestOptions,
  ): Promise<Result<Row>>;
  /** Makes a declared transition. */
  transition(id: Id, name: string, options?: WriteOptions): Promise<Result<Row, WriteProblem<Row>>>;
  /** Deletes the row. */
  delete(id: Id, options?: WriteOptions): Promise<Result<undefined, WriteProblem<Row>>>;
  /** Deletes every row of a filter, or none. */
  deleteMany(query: ManyQuery<Row, Rs, N>, options?: RequestOptions): Promise<Result<{ count: number }>>;
  /** Starts an operation of the resource's lifecycle on a row, and answers that operation. */
  start(id: Id, operation: string, options?: RequestOptions): Promise<Result<{ id: string; state: string }>>;
}

/** Options of a read whose row is not typed. */
interface Selecting extends RequestOptions {
  fields?: readonly string[];
  expand?: object;
}

/** A row with its tag, as this client read it last. */
interface Known {
  readonly etag: string;
  readonly row: unknown;
  /** As a list showed it since, without a tag. */
  seen?: unknown;
}

/** Rows that are remembered for their tags; the one read longest ago makes room. */
const MAX_KNOWN = 1000;

/** The verbs of a resource whose rows are not typed: what `RowClient` is at run time. */
export class UntypedRows {
  readonly #transport: Sender;
  readonly #name: string;
  readonly #path: string;
  readonly #known: Map<string, Known>;

  constructor(transport: Sender, name: string, known = new Map<string, Known>()) {
    this.#transport = transport;
    this.#name = name;
    this.#path = `/v1/${name}`;
    this.#known = known;
  }

  /** The same rows and what is known of them, over another sender. */
  over(sender: Sender): UntypedRows {
    return new UntypedRows(sender, this.#name, this.#known);
  }

  async list(query: object = {}, options?: RequestOptions): Promise<Result<Page<unknown>>> {
    const result = await this.#read<Page<unknown>>(queryString(query), options);
    if (result.ok) this.saw(result.value.items);
    return result;
  }

  /** Rows that a list shows: a write of one is not refused for a change that its writer has seen there. */
  saw(rows: readonly unknown[]): void {
    for (const row of rows) {
      const { expand: _, ...seen } = Object(row);
      const known = this.#known.get(String(seen.id));
      if (known) known.seen = seen;
    }
  }

  async *all(query: object = {}, options?: RequestOptions): AsyncIterable<unknown> {
    let cursor: string | null | undefined;
    do {
      const page: Page<unknown> = unwrap(await this.list(cursor ? { ...query, cursor } : query, options));
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  live(query: object = {}, options: RequestOptions = {}): AsyncIterable<unknown[]> {
    return liveRows(this.#transport, this, livePath(this.#path, query), { query, options });
  }

  aggregate(query: object, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#read(`:aggregate${queryString(query)}`, options);
  }

  async get(id: unknown, { fields, expand, ...options }: Selecting = {}): Promise<Result<unknown>> {
    // A part of a row, or one with others, is not what is known of it.
    if (fields ?? expand)
      return this.#read(`/${encodeURIComponent(String(id))}${queryString({ fields, expand })}`, options);
    const known = this.#known.get(String(id));
    const headers = known && { 'if-none-match': known.etag };
    const path = this.#pathOf(id);
    const result = await this.#transport.send({
      method: 'GET',
      path,
      ...(headers && { headers }),
      ...options,
    });
    if (!result.ok) return result;
    return { ok: true, value: result.value.status === 304 ? known?.row : this.#remember(result.value) };
  }

  create(body: unknown, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#put('POST', '', body, options);
  }

  async createMany(items: unknown, options?: RequestOptions): Promise<Result<unknown>> {
    const result = await this.#send('POST', ':createMany', { items }, options);
    return result.ok ? { ok: true, value: Object(result.value.body).items } : result;
  }

  upsert(field: string, value: unknown, body: unknown, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#put('PUT', `/by/${field}/${encodeURIComponent(String(value))}`, body, options);
  }

  patch(
    id: unknown,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    return this.#write('PATCH', id, patch, options);
  }

  patchMany(query: object, patch: unknown, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#many('PATCH', query, patch, options);
  }

  replace(
    id: unknown,
    body: unknown,
    options?: WriteOptions,
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    return this.#write('PUT', id, body, options);
  }

  increment(id: unknown, amounts: unknown, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#put('POST', `/${encodeURIComponent(String(id))}:increment`, amounts, options);
  }

  transition(
    id: unknown,
    name: string,
    options?: WriteOptions,
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    return this.#write(`POST:${name}`, id, undefined, options);
  }

  async delete(id: unknown, options?: WriteOptions): Promise<Result<undefined, WriteProblem<unknown>>> {
    const result = await this.#write('DELETE', id, undefined, options);
    if (!result.ok) return result;
    this.#known.delete(String(id));
    return { ok: true, value: undefined };
  }

  deleteMany(query: object, options?: RequestOptions): Promise<Result<unknown>> {
    return this.#many('DELETE', query, undefined, options);
  }

  async start(id: unknown, operation: string, options: RequestOptions = {}): Promise<Result<unknown>> {
    const path = `${this.#pathOf(id)}:${operation}`;
    const result = await this.#transport.send({ method: 'POST', path, idempotent: true, ...options });
    return result.ok ? { ok: true, value: result.value.body } : result;
  }

  async #read<Value>(path: string, options: RequestOptions = {}): Promise<Result<Value>> {
    const result = await this.#transport.send({ method: 'GET', path: this.#path + path, ...options });
    // What the routes answer is what the server's own tests hold.
    return result.ok ? { ok: true, value: result.value.body as Value } : result;
  }

  /** A write of rows, which is done once however often it is sent. */
  #send(
    method: string,
    path: string,
    body: unknown,
    options: RequestOptions = {},
  ): Promise<Result<Received>> {
    const sending = { method, path: this.#path + path, idempotent: true, ...options };
    return this.#transport.send(body === undefined ? sending : { ...sending, body });
  }

  /** A write that answers a row. */
  async #put(
    method: string,
    path: string,
    body: unknown,
    options?: RequestOptions,
  ): Promise<Result<unknown>> {
    const result = await this.#send(method, path, body, options);
    return result.ok ? { ok: true, value: this.#remember(result.value) } : result;
  }

  /** A write of all rows of a filter; what was known of them may be so no more. */
  async #many(
    method: string,
    query: object,
    body: unknown,
    options?: RequestOptions,
  ): Promise<Result<unknown>> {
    const result = await this.#send(method, queryString(query), body, options);
    this.#known.clear();
    return result.ok ? { ok: true, value: result.value.body } : result;
  }

  /** @param verb the method, and after a colon the step of a transition. */
  async #write(
    verb: string,
    id: unknown,
    body: unknown,
    { version = 'last', ...options }: WriteOptions = {},
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    const known = this.#known.get(String(id));
    const headers = version === 'last' && known ? { 'if-match': known.etag } : {};
    const [method = '', step] = verb.split(':');
    const path = this.#pathOf(id) + (step === undefined ? '' : `:${step}`);
    const sending: Sending = { method, path, headers, idempotent: true, ...options };
    const result = await this.#transport.send(body === undefined ? sending : { ...sending, body });
    if (result.ok) return { ok: true, value: this.#remember(result.value) };
    const { problem } = result;
    if (problem.code !== 'precondition_failed')
      return { ok: false, problem: problem as WriteProblem<unknown> };
    const conflict = await this.#conflict(id, problem, known, options);
    const hasSeen = known?.seen && JSON.stringify(known.seen) === JSON.stringify(conflict.theirs);
    if (hasSeen) return this.#write(verb, id, body, { version, ...options });
    return { ok: false, problem: conflict };
  }

  /** A 412 with the row as it was read here and as it is now; the next write is of the latter. */
  async #conflict(
    id: unknown,
    problem: Problem,
    known: Known | undefined,
    options: RequestOptions,
  ): Promise<Conflict<unknown>> {
    this.#known.delete(String(id));
    const current = await this.get(id, options);
    const theirs = current.ok ? current.value : undefined;
    return { ...problem, code: 'precondition_failed', mine: known?.seen ?? known?.row, theirs };
  }

  #remember({ etag, body }: Received): unknown {
    const key = String(Object(body).id);
    this.#known.delete(key);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    if (etag !== undefined && body !== undefined) this.#known.set(key, { etag, row: body });
    return body;
  }

  #pathOf(id: unknown): string {
    return `${this.#path}/${encodeURIComponent(String(id))}`;
  }
}
