import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { App, Resources } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../apps/changelog/app.ts';
import forum from '../../../apps/forum/app.ts';
import messages from '../../../apps/messages/app.ts';
import packages from '../../../apps/packages/app.ts';
import records from '../../../apps/records/app.ts';
import { createClient, ProblemError, unwrap } from '../src/index.ts';

const credentials = { username: 'tester', password: 'Abcdef1!' };

/** Serves an app for the tests of a suite. */
function served<Rs extends Resources>(app: App<Rs>): { readonly server: Served<Rs>; readonly url: string } {
  let server: Served<Rs> | undefined;
  before(async () => {
    server = await serveApp(app);
  });
  after(() => server?.close());
  return {
    get server() {
      assert.ok(server);
      return server;
    },
    get url() {
      return this.server.url;
    },
  };
}

/** An API key of a new account, for apps without passwords. */
async function keyOf(server: Served, username?: string): Promise<string> {
  const admin = createClient({ url: server.url, key: server.administrator });
  const account = username && unwrap(await admin.request('POST', '/v1/accounts', { body: { username } }));
  const body = { account: account ? Object(account).id : null };
  return Object(unwrap(await admin.request('POST', '/v1/keys', { body }))).key;
}

describe('changelog', () => {
  const app = served(changelog);

  test('create, get, list, patch, replace, delete, and filters', async () => {
    const client = createClient<typeof changelog>({ url: `${app.url}/` });
    unwrap(await client.signUp(credentials));
    assert.equal(unwrap(await client.signIn(credentials)).username, 'tester');
    assert.equal(unwrap(await client.me()).username, 'tester');
    const { projects, updates } = client.rows;
    const one = unwrap(await projects.create({ title: 'one, two' }));
    const three = unwrap(await projects.create({ title: 'three', active: false }));
    unwrap(await updates.create({ title: 'first', project_id: one.id }));

    const titles = async (query: Parameters<typeof projects.list>[0]) =>
      unwrap(await projects.list({ sort: ['id'], ...query })).items.map(({ title }) => title);
    assert.deepEqual(await titles({ filter: { title: { in: ['one, two', 'x'] } } }), ['one, two']);
    assert.deepEqual(await titles({ filter: { active: { eq: false } } }), ['three']);
    assert.deepEqual(await titles({ filter: { created_by: { ne: null } } }), ['one, two', 'three']);
    assert.deepEqual(await titles({ filter: { created_by: { eq: null } } }), []);
    assert.deepEqual(
      await titles({ filter: { or: [{ id: { eq: one.id } }, { title: { starts: 'th' } }] } }),
      ['one, two', 'three'],
    );
    assert.deepEqual(await titles({ search: 'THR', count: 'exact' }), ['three']);

    assert.equal(unwrap(await projects.patch(three.id, { active: true })).active, true);
    assert.equal(unwrap(await projects.replace(three.id, { title: 'four' })).title, 'four');
    assert.equal(unwrap(await projects.delete(three.id)), undefined);
    const gone = await projects.get(three.id);
    assert.ok(!gone.ok && gone.problem.code === 'not_found' && gone.problem.status === 404);
    const wrong = await projects.create({ title: 'x'.repeat(100_001) });
    assert.ok(!wrong.ok && wrong.problem.errors?.[0]?.pointer === '/title');
    const documented = unwrap(await client.request('GET', '/projects?limit=1'));
    assert.ok(Array.isArray(documented) && documented.length === 1);
    unwrap(await client.signOut());
    assert.equal(client.tokens, undefined);
  });

  test('all rows, page by page', async () => {
    const client = createClient<typeof changelog>({ url: app.url });
    unwrap(await client.signIn(credentials));
    for (let made = 0; made < 5; made += 1)
      unwrap(await client.rows.projects.create({ title: `page ${made}` }));
    const found: string[] = [];
    const query = { filter: { title: { starts: 'page' } }, sort: ['title'], limit: 2 } as const;
    for await (const { title } of client.rows.projects.all(query)) found.push(title);
    assert.deepEqual(found, ['page 0', 'page 1', 'page 2', 'page 3', 'page 4']);
    const closed = createClient<typeof changelog>({ url: app.url }).rows.projects.all();
    await assert.rejects(
      closed[Symbol.asyncIterator]().next(),
      (error) => error instanceof ProblemError && error.problem.code === 'unauthenticated',
    );
  });

  test("somebody else's edit is not overwritten: both rows come back", async () => {
    const mine = createClient<typeof changelog>({ url: app.url });
    unwrap(await mine.signIn(credentials));
    const { id } = unwrap(await mine.rows.projects.create({ title: 'mine' }));
    const other = createClient<typeof changelog>({
      url: app.url,
      ...(mine.tokens && { tokens: mine.tokens }),
    });
    unwrap(await other.rows.projects.patch(id, { title: 'theirs' }));
    const result = await mine.rows.projects.patch(id, { title: 'again' });
    assert.ok(!result.ok && result.problem.code === 'precondition_failed');
    assert.deepEqual([result.problem.mine?.title, result.problem.theirs?.title], ['mine', 'theirs']);
    assert.equal(unwrap(await mine.rows.projects.patch(id, { title: 'merged' })).title, 'merged');
    unwrap(await other.rows.projects.patch(id, { title: 'blind' }, { version: 'any' }));
    unwrap(await other.rows.projects.delete(id));
    const late = await mine.rows.projects.delete(id);
    assert.ok(!late.ok && late.problem.code === 'not_found');
  });
});

describe('sessions and failures', () => {
  const app = served(messages);

  test('one refresh serves all requests that wait for it', async () => {
    const first = createClient<typeof messages>({ url: app.url });
    unwrap(await first.signUp(credentials));
    unwrap(await first.signIn(credentials));
    assert.ok(first.tokens);
    const seen: string[] = [];
    const kept: unknown[] = [];
    const client = createClient<typeof messages>({
      url: app.url,
      tokens: { ...first.tokens, access: 'no.longer.valid' },
      onTokens: (tokens) => kept.push(tokens),
      fetch: (input, init) => {
        seen.push(String(input).slice(app.url.length));
        return fetch(input, init);
      },
    });
    const results = await Promise.all(Array.from({ length: 10 }, () => client.me()));
    assert.deepEqual(new Set(results.map((result) => result.ok)), new Set([true]));
    assert.equal(seen.filter((path) => path === '/v1/sessions:refresh').length, 1);
    assert.deepEqual(kept, [client.tokens]);

    const ended = createClient<typeof messages>({
      url: app.url,
      tokens: { access: 'x.y.z', refresh: 'y', session: 'z' },
      onTokens: (tokens) => kept.push(tokens),
    });
    const refused = await ended.me();
    assert.ok(!refused.ok && refused.problem.status === 401);
    assert.equal(kept.at(-1), undefined);
  });

  test('reads and writes of rows are tried again, other writes are not, and an abort ends both', async () => {
    let failures = 0;
    let calls = 0;
    const flaky: typeof fetch = async (input, init) => {
      calls += 1;
      if (calls <= failures) throw new TypeError('connection reset');
      return fetch(input, init);
    };
    const client = createClient<typeof messages>({ url: app.url, fetch: flaky, maxDelay: 1 });
    failures = 2;
    assert.ok((await client.rows.messages.list()).ok);
    assert.equal(calls, 3);
    calls = 0;
    const created = await client.rows.messages.create({ content: 'once' });
    assert.ok(!created.ok && created.problem.code === 'unauthenticated');
    assert.equal(calls, 3);
    calls = 0;
    const other = await client.request('POST', '/v1/accounts', { body: {} });
    assert.ok(!other.ok && other.problem.code === 'network');
    assert.equal(calls, 1);
    const aborted = await client.rows.messages.list({}, { signal: AbortSignal.abort() });
    assert.ok(!aborted.ok);
    calls = 0;
    failures = 9;
    const lost = await createClient({ url: app.url, fetch: flaky, retries: 1, maxDelay: 1 }).me();
    assert.ok(!lost.ok && lost.problem.code === 'network');
    assert.equal(calls, 2);
  });

  test('a row that has not changed is not sent again', async () => {
    const client = createClient<typeof changelog>({ url: app.url });
    const statuses: number[] = [];
    const other = await serveApp(changelog);
    try {
      const counting = createClient<typeof changelog>({
        url: other.url,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          statuses.push(response.status);
          return response;
        },
      });
      unwrap(await counting.signUp(credentials));
      unwrap(await counting.signIn(credentials));
      const made = unwrap(await counting.rows.projects.create({ title: 'kept' }));
      assert.deepEqual(unwrap(await counting.rows.projects.get(made.id)), made);
      assert.equal(statuses.at(-1), 304);
    } finally {
      await other.close();
    }
    const page = await client.request('GET', '/docs');
    assert.ok(!page.ok && page.problem.code === 'unreadable');
  });
});

describe('the other systems', () => {
  const board = served(forum);
  const repository = served(packages);
  const archive = served(records);

  test('forum', async () => {
    const client = createClient<typeof forum>({ url: board.url });
    unwrap(await client.signUp(credentials));
    unwrap(await client.signIn(credentials));
    const article = unwrap(await client.rows.articles.create({ title: 'A', text: 'B' }));
    const query = { filter: { author: { eq: article.author }, date_posted: { lte: article.date_posted } } };
    assert.deepEqual(unwrap(await client.rows.articles.list(query)).items, [article]);
    const forbidden = await createClient<typeof forum>({ url: board.url }).rows.articles.delete(article.id);
    assert.ok(!forbidden.ok && forbidden.problem.code === 'unauthenticated');
    unwrap(await client.rows.articles.delete(article.id));
  });

  test('packages', async () => {
    const key = await keyOf(repository.server as unknown as Served);
    const client = createClient<typeof packages>({ url: repository.url, key });
    const { packages: rows, statuses } = client.rows;
    const names = unwrap(await statuses.list({ sort: ['id'] })).items.map(({ name }) => name);
    assert.deepEqual(names, ['Created', 'Downloaded', 'Active']);
    const made = unwrap(await rows.create({ name: 'a package', version: '1.0' }));
    assert.deepEqual(unwrap(await rows.list({ filter: { source: { null: true } } })).items, [made]);
    const early = await rows.start(made.id, 'activate');
    assert.ok(!early.ok && early.problem.code === 'illegal_transition');
    unwrap(await rows.delete(made.id));
  });

  test('records', async () => {
    const key = await keyOf(archive.server as unknown as Served, 'ada');
    const client = createClient<typeof records>({ url: archive.url, key });
    const made = unwrap(await client.rows.records.create({ value1: 'a', value2: 1.5, value3: true }));
    const query = { filter: { value2: { between: [1, 2] }, value3: { eq: true } } } as const;
    assert.deepEqual(unwrap(await client.rows.records.list(query)).items, [made]);
    const none = await client.rows.records.create({});
    assert.ok(!none.ok && none.problem.code === 'invalid');
  });
});

test('the client is under 8 kB', (t) => {
  const folder = new URL('../src/', import.meta.url);
  const sources = globSync('*.ts', { cwd: folder }).map((name) =>
    readFileSync(new URL(name, folder), 'utf8'),
  );
  const script = sources.map((source) => stripTypeScriptTypes(source)).join('\n');
  // Comments go in every bundle; names that a bundler would shorten are counted whole.
  const bare = script.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$|^\s+/gm, '');
  const bytes = gzipSync(bare).length;
  t.diagnostic(`${bytes} bytes`);
  assert.ok(bytes < 8000, `${bytes} bytes`);
});
