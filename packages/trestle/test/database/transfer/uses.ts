import assert from 'node:assert/strict';
import type { App } from 'trestle';
import type { Reply } from 'trestle/testing';
import changelog from '../../../../../apps/changelog/app.ts';
import forum from '../../../../../apps/forum/app.ts';
import messages from '../../../../../apps/messages/app.ts';
import packages from '../../../../../apps/packages/app.ts';
import records from '../../../../../apps/records/app.ts';

/** One request to a served app. */
export type Call = (
  method: string,
  path: string,
  options?: { body?: unknown; token?: string; headers?: Record<string, string> },
) => Promise<Reply>;

/** Tokens and keys issued while an app was used, which must stay valid. */
export type Held = Readonly<Record<string, string>>;

/** How an app is used in small: its main rows, made and read by its own contract. */
export interface Use {
  readonly app: App;
  /** Makes accounts and rows, the last of which is removed again, and hands out credentials. */
  begin(call: Call, administrator: string): Promise<Held>;
  /** Paths whose answers must be the same wherever the rows are, with the credentials they need. */
  reads(held: Held): readonly { path: string; token?: string; headers?: Record<string, string> }[];
  /** Makes one more row with what is held, and answers its id. */
  more(call: Call, held: Held): Promise<unknown>;
  /** The id that comes first after `begin`: none is given twice. */
  readonly next: number;
  /** Signs in with a password, where the app has any. */
  signIn?(call: Call): Promise<Reply>;
}

const PASSWORD = 'Passw0rd!';

function ok(reply: Reply): Record<string, unknown> {
  assert(reply.status >= 200 && reply.status < 300, `${reply.status} ${JSON.stringify(reply.body)}`);
  return Object(reply.body);
}

const ofMessages: Use = {
  app: messages,
  async begin(call) {
    ok(await call('POST', '/api/auth/register/', { body: { username: 'ann', password: PASSWORD } }));
    const { access, refresh } = ok((await ofMessages.signIn?.(call)) ?? assert.fail());
    const token = String(access);
    for (const content of ['first', 'zwei', '三😀', 'gone'])
      ok(await call('POST', '/api/messages', { token, body: { content } }));
    for (let read = 0; read < 3; read += 1) ok(await call('GET', '/api/messages/2'));
    ok(await call('DELETE', '/api/messages/4', { token }));
    return { token, refresh: String(refresh) };
  },
  reads: () => [{ path: '/api/messages' }, { path: '/v1/messages?sort=content&count=exact' }],
  async more(call, { refresh }) {
    const { access } = ok(await call('POST', '/api/auth/token/refresh/', { body: { refresh } }));
    return ok(await call('POST', '/api/messages', { token: String(access), body: { content: 'more' } })).id;
  },
  next: 5,
  signIn: (call) => call('POST', '/api/auth/token/', { body: { username: 'ann', password: PASSWORD } }),
};

const ofForum: Use = {
  app: forum,
  async begin(call) {
    for (const username of ['annie', 'bobby'])
      ok(await call('POST', '/register', { body: { username, password: PASSWORD } }));
    const token = String(ok((await ofForum.signIn?.(call)) ?? assert.fail())['access-token']);
    for (const title of ['one', 'two', 'gone'])
      ok(
        await call('POST', '/articles/new', { body: { title, text: `of ${title}`, 'access-token': token } }),
      );
    ok(await call('DELETE', '/articles/3/delete', { body: { 'access-token': token } }));
    return { token };
  },
  reads: () => ['/articles', '/articles/1', '/users/2', '/users/1/articles'].map((path) => ({ path })),
  async more(call, { token }) {
    const body = { title: 'more', text: 'text', 'access-token': token };
    return ok(await call('POST', '/articles/new', { body })).id;
  },
  next: 4,
  signIn: (call) => call('POST', '/login', { body: { username: 'annie', password: PASSWORD } }),
};

const ofChangelog: Use = {
  app: changelog,
  async begin(call) {
    ok(await call('POST', '/users', { body: { username: 'anna', password: PASSWORD } }));
    const token = String(ok((await ofChangelog.signIn?.(call)) ?? assert.fail()).access_token);
    const relevant_points = [{ title: 'a', description: ['b', 'ü'] }, { title: 'c' }];
    for (const title of ['one', 'gone']) ok(await call('POST', '/projects', { token, body: { title } }));
    for (const title of ['u1', 'u2'])
      ok(await call('POST', '/updates', { token, body: { title, project_id: 1, relevant_points } }));
    ok(await call('DELETE', '/projects/2', { token }));
    return { token };
  },
  reads: ({ token = '' }) =>
    ['/projects', '/projects/1', '/v1/updates/2', '/v1/updates?sort=-title'].map((path) => ({
      path,
      token,
    })),
  async more(call, { token = '' }) {
    return ok(await call('POST', '/projects', { token, body: { title: 'more' } })).id;
  },
  next: 3,
  signIn: (call) => call('POST', '/login', { body: { username: 'anna', password: PASSWORD } }),
};

const ofRecords: Use = {
  app: records,
  async begin(call) {
    const { api_key } = ok(await call('GET', '/api/generate_key/sumit'));
    const headers = { 'api-key': String(api_key) };
    for (const body of [
      { timestamp: 6789998212, value1: 'Hello', value2: 2021.01, value3: true },
      { value2: 0.1 },
      { value3: false },
    ])
      ok(await call('POST', '/api/create', { headers, body }));
    ok(await call('DELETE', '/api/remove/3', { headers }));
    return { key: String(api_key) };
  },
  reads: () => ['/api/read/1', '/api/read/2', '/v1/records?sort=-id'].map((path) => ({ path })),
  async more(call, { key = '' }) {
    const reply = await call('POST', '/api/create', {
      headers: { 'api-key': key },
      body: { value1: 'more' },
    });
    return JSON.parse(String(ok(reply).record_info)).id;
  },
  next: 4,
};

const ofPackages: Use = {
  app: packages,
  async begin(call, administrator) {
    const key = await call('GET', '/auth/new?name=tests', { headers: { 'secret-key': administrator } });
    ok(key);
    const headers = { 'api-key': String(key.body) };
    for (const name of ['tool', 'tool two', 'gone'])
      ok(await call('POST', '/packages/', { headers, body: { name, version: '1.0' } }));
    const started = await call('POST', '/packages/1/download', { headers });
    ok(started);
    // The events end with the operation.
    ok(await call('GET', `${started.headers.get('location')}/events`, { headers }));
    ok(await call('PUT', '/packages/activated/1', { headers }));
    ok(await call('DELETE', '/packages/3/', { headers }));
    return { key: String(key.body) };
  },
  reads: ({ key = '' }) => [
    ...['/packages/', '/packages/1/', '/statuses'].map((path) => ({ path, headers: { 'api-key': key } })),
    { path: '/v1/operations', token: key },
  ],
  async more(call, { key = '' }) {
    const headers = { 'api-key': key };
    return ok(await call('POST', '/packages/', { headers, body: { name: 'more', version: '2.0' } })).id;
  },
  next: 4,
};

/** The five systems. */
export const USES: readonly Use[] = [ofMessages, ofForum, ofChangelog, ofRecords, ofPackages];
