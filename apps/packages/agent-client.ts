import { eventsOf } from './event-source.ts';

export interface Package {
  id: number;
  name: string;
  version: string;
  status: string;
}

export interface Operation {
  id: string;
  kind: string;
  state: string;
  progress: number;
  message: string | null;
  error: string | null;
  attempts: number;
  started_at: string | null;
  finished_at: string | null;
}

/** The routes of packages, from the client's side. Every method throws what the server answered where it refuses. */
export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, key: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#headers = { 'api-key': key };
  }

  create(body: object): Promise<Package> {
    return this.#call('POST', '/packages/', body);
  }

  read(id: number): Promise<Package> {
    return this.#call('GET', `/packages/${id}/`);
  }

  start(id: number, kind: 'download' | 'activate'): Promise<Operation> {
    return this.#call('POST', `/packages/${id}/${kind}`);
  }

  cancel(operation: string): Promise<Operation> {
    return this.#call('POST', `/operations/${operation}/cancel`);
  }

  operations(id: number): Promise<Operation[]> {
    return this.#call('GET', `/operations?package_id=${id}`);
  }

  /** The operation's states from its event stream, until it has ended. */
  async *follow(id: string): AsyncGenerator<Operation> {
    const ended = (operation: Operation) => operation.finished_at !== null;
    const events = eventsOf(`${this.#url}/operations/${id}/events`, {
      headers: this.#headers,
      last: ({ data }) => ended(data as Operation),
    });
    // What the server sends is what its contract says.
    for await (const { data } of events) yield data as Operation;
  }

  async #call<Body>(method: string, path: string, body?: object): Promise<Body> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...this.#headers, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok) return (await response.json()) as Body;
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  }
}
