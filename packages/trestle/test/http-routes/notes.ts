import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  boolean,
  counter,
  createdAt,
  integer,
  integerId,
  list,
  number,
  oneOf,
  own,
  reference,
  resource,
  signedIn,
  text,
  timestamp,
} from 'trestle';
import { type CallOptions, type Reply, type Served, serveApp } from 'trestle/testing';
import type { Place } from '../stores.ts';

/** One of everything that the uniform routes treat differently. */
export const notes = resource({
  fields: {
    title: text({ min: 1, max: 50, search: true }),
    rank: integer({ default: 0, index: true }),
    ratio: number({ nullable: true }),
    done: boolean({ default: false }),
    kind: oneOf(['plain', 'urgent'], { default: 'plain' }),
    due: timestamp({ nullable: true }),
    tags: list(text(), { default: [] }),
    owner: author(),
    created_at: createdAt({ index: true }),
  },
  order: '-created_at',
  can: { read: anyone, create: signedIn, update: own('owner'), delete: own('owner') },
});

const diaries = resource({
  fields: { line: text(), owner: author() },
  can: { read: own('owner'), create: signedIn, update: own('owner'), delete: own('owner') },
});

const posters = resource({
  id: integerId(),
  fields: {
    name: text(),
    seen: counter({ countsReads: true }),
    note: reference('notes', { nullable: true }),
  },
  can: { read: anyone, create: signedIn, update: signedIn },
});

/** No rules: closed to all. */
const vaults = resource({ fields: { gold: integer() } });

export const resources = { notes, diaries, posters, vaults };

export const notebook = app({
  name: 'notebook',
  accounts: accounts({ password: anyText }),
  resources,
});

/** The notebook served for the tests of one suite, with anna and ben signed in. */
export class Notebook {
  #served: Served<typeof resources> | undefined;
  anna = '';
  ben = '';

  /** @param prepare makes the rows that the tests look at. */
  constructor(place: () => Promise<Place>, prepare?: (book: Notebook) => Promise<void>) {
    before(async () => {
      this.#served = await serveApp(notebook, await place());
      this.anna = await this.signUp('anna');
      this.ben = await this.signUp('ben');
      await prepare?.(this);
    });
    after(() => this.#served?.close());
  }

  get served(): Served<typeof resources> {
    assert.ok(this.#served, 'the server is there while tests run');
    return this.#served;
  }

  /** A new account's access token. */
  async signUp(username: string): Promise<string> {
    const body = { username, password: 'p' };
    await this.anonymous('POST', '/v1/accounts', { body });
    return String(at((await this.anonymous('POST', '/v1/sessions', { body })).body, 'access_token'));
  }

  anonymous(method: string, path: string, options?: CallOptions): Promise<Reply> {
    return this.served.call(method, path, options);
  }

  /** A request of anna's. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.served.call(method, path, { token: this.anna, headers, ...(body !== undefined && { body }) });
  }

  /** The id of a new note of anna's. */
  async note(body: object): Promise<string> {
    const created = await this.call('POST', '/v1/notes', { title: 'a note', ...body });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    return String(at(created.body, 'id'));
  }
}

/** The value at a path of any JSON. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner && typeof inner === 'object' ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** Checks a problem: its status, code, media type and the pointers of its errors. */
export function problem(reply: Reply, status: number, code: string, pointers: string[] = []): void {
  const { body } = reply;
  const errors = at(body, 'errors');
  const found = Array.isArray(errors) ? errors.map((error) => at(error, 'pointer')) : [];
  assert.deepEqual([reply.status, at(body, 'code'), found], [status, code, pointers], JSON.stringify(body));
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
  assert.equal(at(body, 'status'), status);
  assert.equal(at(body, 'requestId'), reply.headers.get('x-request-id'));
}
