import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type CallOptions, type Reply, type Served, serveApp } from 'trestle/testing';
import type { Place } from '../../../packages/trestle/test/stores.ts';
import changelog, { type resources } from '../app.ts';

export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const json = { 'Content-Type': 'application/json' };

/** The system served for the tests of one file, with a first user, anna (id 1), signed in. */
export class Client {
  #served: Served<typeof resources> | undefined;
  token = '';

  constructor(place: () => Promise<Place>) {
    before(async () => this.#start(await place()));
    after(() => this.#served?.close());
  }

  get served(): Served<typeof resources> {
    assert.ok(this.#served, 'the server is there while tests run');
    return this.#served;
  }

  /** A request without credentials, unless they are given. */
  anonymous(method: string, path: string, options?: CallOptions): Promise<Reply> {
    return this.served.call(method, path, options);
  }

  /** A request of anna's. */
  call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Reply> {
    return this.served.call(method, path, {
      token: this.token,
      ...(body !== undefined && { body }),
      ...options,
    });
  }

  async signIn(username: string, password: string): Promise<string> {
    const { body } = await this.anonymous('POST', '/login', { body: { username, password } });
    return String(member(body, 'access_token'));
  }

  async newProject(title: string): Promise<number> {
    return Number(member((await this.call('POST', '/projects', { title })).body, 'id'));
  }

  async newUpdate(title: string, project: number): Promise<number> {
    return Number(member((await this.call('POST', '/updates', { title, project_id: project })).body, 'id'));
  }

  async #start(place: Place): Promise<void> {
    this.#served = await serveApp(changelog, place);
    await this.anonymous('POST', '/users', { body: { username: 'anna', password: 'x' } });
    this.token = await this.signIn('anna', 'x');
  }
}

export function member(body: unknown, name: string): unknown {
  return body && typeof body === 'object' ? Reflect.get(body, name) : undefined;
}

export function titles(body: unknown): unknown[] {
  return Array.isArray(body) ? body.map((each) => member(each, 'title')) : [];
}

/** Where and of what kind the errors of a 422 are. */
export function wrong(reply: Reply): unknown[][] {
  assert.equal(reply.status, 422);
  const detail = member(reply.body, 'detail');
  assert.ok(Array.isArray(detail));
  return detail.map((each) => [member(each, 'loc'), member(each, 'type')]);
}

export function refused(reply: Reply, status: number, detail: string): void {
  assert.deepEqual([reply.status, reply.body], [status, { detail }]);
}
