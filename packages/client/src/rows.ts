import { type Conflict, type Problem, type Result, unwrap, type WriteProblem } from './problems.ts';
import { type ListQuery, type Page, queryString } from './query.ts';
import type { Received, RequestOptions, Sending, Transport } from './transport.ts';

/** How a row is written. */
export interface WriteOptions extends RequestOptions {
  /**
   * Writes only the version that this client read last (default where it has read or written the row), or whatever is there
   * (`any`).
   */
  version?: 'last' | 'any';
}

/** The verbs of one resource. */
export interface RowClient<Row, Body, Patch, Id> {
  /** One page. */
  list(query?: ListQuery<Row>, options?: RequestOptions): Promise<Result<Page<Row>>>;
  /** All rows of a query, read page by page. @throws {ProblemError} */
  all(query?: Omit<ListQuery<Row>, 'cursor' | 'page'>, options?: RequestOptions): AsyncIterable<Row>;
  get(id: Id, options?: RequestOptions): Promise<Result<Row>>;
  create(body: Body, options?: RequestOptions): Promise<Result<Row>>;
  /** Changes the fields that are given. */
  patch(id: Id, patch: Patch, options?: WriteOptions): Promise<Result<Row, WriteProblem<Row>>>;
  /** Replaces the row: a field that is left out gets its default. */
  replace(id: Id, body: Body, options?: WriteOptions): Promise<Result<Row, WriteProblem<Row>>>;
  delete(id: Id, options?: WriteOptions): Promise<Result<undefined, WriteProblem<Row>>>;
  /** Starts an operation of the resource's lifecycle on a row, and answers that operation. */
  start(id: Id, operation: string, options?: RequestOptions): Promise<Result<{ id: string; state: string }>>;
}

/** A row with its tag, as this client read it last. */
interface Known {
  readonly etag: string;
  readonly row: unknown;
}

/** Rows that are remembered for their tags; the one read longest ago makes room. */
const MAX_KNOWN = 1000;

/** The verbs of a resource whose rows are not typed: what `RowClient` is at run time. */
export class UntypedRows implements RowClient<unknown, unknown, unknown, unknown> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #known = new Map<string, Known>();

  constructor(transport: Transport, name: string) {
    this.#transport = transport;
    this.#path = `/v1/${name}`;
  }

  async list(query: ListQuery<unknown> = {}, options: RequestOptions = {}): Promise<Result<Page<unknown>>> {
    const path = `${this.#path}${queryString(query)}`;
    const result = await this.#transport.send({ method: 'GET', path, ...options });
    return result.ok ? { ok: true, value: result.value.body as Page<unknown> } : result;
  }

  async *all(query: ListQuery<unknown> = {}, options: RequestOptions = {}): AsyncIterable<unknown> {
    let cursor: string | null | undefined;
    do {
      const page = unwrap(await this.list(cursor ? { ...query, cursor } : query, options));
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  async get(id: unknown, options: RequestOptions = {}): Promise<Result<unknown>> {
    const known = this.#known.get(String(id));
    const headers = known && { 'if-none-match': known.etag };
    const result = await this.#transport.send({
      method: 'GET',
      path: this.#pathOf(id),
      ...(headers && { headers }),
      ...options,
    });
    if (!result.ok) return result;
    return { ok: true, value: result.value.status === 304 ? known?.row : this.#remember(id, result.value) };
  }

  async create(body: unknown, options: RequestOptions = {}): Promise<Result<unknown>> {
    const result = await this.#transport.send({ method: 'POST', path: this.#path, body, ...options });
    if (!result.ok) return result;
    return { ok: true, value: this.#remember(Object(result.value.body).id, result.value) };
  }

  patch(
    id: unknown,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    return this.#write('PATCH', id, patch, options);
  }

  replace(
    id: unknown,
    body: unknown,
    options?: WriteOptions,
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    return this.#write('PUT', id, body, options);
  }

  async delete(id: unknown, options?: WriteOptions): Promise<Result<undefined, WriteProblem<unknown>>> {
    const result = await this.#write('DELETE', id, undefined, options);
    if (!result.ok) return result;
    this.#known.delete(String(id));
    return { ok: true, value: undefined };
  }

  async start(
    id: unknown,
    operation: string,
    options: RequestOptions = {},
  ): Promise<Result<{ id: string; state: string }>> {
    const path = `${this.#pathOf(id)}:${operation}`;
    const result = await this.#transport.send({ method: 'POST', path, ...options });
    return result.ok ? { ok: true, value: result.value.body as { id: string; state: string } } : result;
  }

  async #write(
    method: string,
    id: unknown,
    body: unknown,
    { version = 'last', ...options }: WriteOptions = {},
  ): Promise<Result<unknown, WriteProblem<unknown>>> {
    const known = this.#known.get(String(id));
    const headers = version === 'last' && known ? { 'if-match': known.etag } : {};
    const sending: Sending = { method, path: this.#pathOf(id), headers, ...options };
    const result = await this.#transport.send(body === undefined ? sending : { ...sending, body });
    if (result.ok) return { ok: true, value: this.#remember(id, result.value) };
    const { problem } = result;
    if (problem.code !== 'precondition_failed')
      return { ok: false, problem: problem as WriteProblem<unknown> };
    return { ok: false, problem: await this.#conflict(id, problem, known, options) };
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
    return { ...problem, code: 'precondition_failed', mine: known?.row, theirs };
  }

  #remember(id: unknown, { etag, body }: Received): unknown {
    const key = String(id);
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
