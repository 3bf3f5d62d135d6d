import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { App } from 'trestle';
import { serveApp } from 'trestle/testing';
import changelog from '../../../apps/changelog/app.ts';
import forum from '../../../apps/forum/app.ts';
import messages from '../../../apps/messages/app.ts';
import packages from '../../../apps/packages/app.ts';
import records from '../../../apps/records/app.ts';
import clinic from '../../../examples/clinic/app.ts';
import conduit from '../../../examples/conduit/app.ts';
import { sameType } from '../../trestle/test/types/same-type.ts';
import { createClient, unwrap } from '../src/index.ts';

const credentials = { username: 'tester', password: 'Abcdef1!' };

async function served<A extends Pick<App, 'resources'>>(t: TestContext, app: A) {
  // The type of an app with jobs of its own is narrower than any app's.
  const server = await serveApp(app as unknown as App);
  t.after(() => server.close());
  return { ...server, client: (key?: string) => createClient<A>({ url: server.url, ...(key && { key }) }) };
}

test('changelog', async (t) => {
  const { client } = await served(t, changelog);
  const made = unwrap(await client().contract.post('/users', { body: credentials }));
  sameType<typeof made.user_id, number>(true);
  const { access_token } = unwrap(await client().contract.post('/login', { body: credentials }));
  const { contract } = client(access_token);
  const project = unwrap(await contract.post('/projects', { body: { title: 'Roof' } }));
  unwrap(
    await contract.post('/updates', {
      body: { title: 'Tiles', project_id: project.id, relevant_points: [] },
    }),
  );
  const params = { id: project.id };
  const one = unwrap(await contract.get('/projects/{id}', { params, query: { update_limit: 1 } }));
  sameType<(typeof one.project_updates)[number]['title'], string>(true);
  assert.deepEqual(
    one.project_updates.map(({ title }) => title),
    ['Tiles'],
  );
  assert.equal(
    unwrap(await contract.put('/projects/{id}', { params, body: { active: false } })).active,
    false,
  );
  assert.deepEqual(
    unwrap(await contract.get('/projects', { query: { search: 'oo' } })).map(({ id }) => id),
    [project.id],
  );
  assert.equal(unwrap(await contract.delete('/projects/{id}', { params })), undefined);
  const gone = await contract.get('/projects/{id}', { params });
  assert.ok(!gone.ok && gone.problem.status === 404);
  assert.deepEqual(gone.problem.data, { body: { detail: `Project with id ${project.id} not found.` } });

  // Never run.
  const wrong = async () => {
    // @ts-expect-error there is no such route
    await contract.get('/project');
    // @ts-expect-error it needs an id
    await contract.get('/projects/{id}');
    // @ts-expect-error an id is a number
    await contract.get('/projects/{id}', { params: { id: '7' } });
    // @ts-expect-error there is no such parameter
    await contract.get('/projects', { query: { titel: 'x' } });
    // @ts-expect-error a title is needed
    await contract.post('/projects', { body: {} });
    // @ts-expect-error this path takes no PATCH
    await contract.patch('/projects/{id}', { params });
  };
  assert.equal(typeof wrong, 'function');
});

test('forum', async (t) => {
  const { client } = await served(t, forum);
  unwrap(await client().contract.post('/register', { body: credentials }));
  const token = unwrap(await client().contract.post('/login', { body: credentials }))['access-token'];
  const { contract } = client(token);
  unwrap(await contract.post('/articles/new', { body: { title: 'A', text: 'B' } }));
  const page = unwrap(await contract.get('/articles', { query: { page: 1 } }));
  assert.deepEqual(
    page.articles.map((article) => article['author.username']),
    ['tester'],
  );
  const id = page.articles[0]?.id ?? 0;
  assert.equal(unwrap(await contract.get('/articles/{id}', { params: { id } })).text, 'B');
});

test('messages', async (t) => {
  const { client } = await served(t, messages);
  unwrap(await client().contract.post('/api/auth/register', { body: credentials }));
  const { access } = unwrap(await client().contract.post('/api/auth/token', { body: credentials }));
  const { contract } = client(access);
  const { id } = unwrap(await contract.post('/api/messages', { body: { content: 'hello' } }));
  const viewed = unwrap(await contract.get('/api/messages/{id}', { params: { id } }));
  sameType<
    typeof viewed,
    { id: number; content: string; views: number; created_at: string; updated_at: string }
  >(true);
  assert.deepEqual([viewed.content, viewed.views], ['hello', 1]);
  const long = await contract.patch('/api/messages/{id}', {
    params: { id },
    body: { content: 'x'.repeat(161) },
  });
  assert.ok(!long.ok && long.problem.status === 400);
});

test('packages', async (t) => {
  const { client, administrator } = await served(t, packages);
  const admin = client(administrator);
  const body = { account: null };
  const { key } = Object(unwrap(await admin.request('POST', '/v1/keys', { body })));
  const { contract } = client(key);
  assert.equal(unwrap(await contract.get('/secure')).message, 'This is a secure endpoint');
  const { id } = unwrap(await contract.post('/packages', { body: { name: 'a package', version: '1.0' } }));
  const params = { id };
  assert.equal(unwrap(await contract.put('/packages/downloaded/{id}', { params })).status, 'Downloaded');
  assert.deepEqual(
    unwrap(await contract.get('/packages', { query: { take: 1 } })).map((each) => each.id),
    [id],
  );
});

test('records', async (t) => {
  const { client } = await served(t, records);
  const registered = await client().contract.post('/api/generate_key/{username}', {
    params: { username: 'ada' },
  });
  const { contract } = client(unwrap(registered).api_key);
  unwrap(await contract.post('/api/create', { body: { value1: 'a', value2: 1.5, value3: true } }));
  const [record] = unwrap(await contract.get('/api/list'));
  assert.deepEqual([record?.value1, record?.lastmodifiedby], ['a', 'ada']);
  unwrap(await contract.delete('/api/remove/{record_id}', { params: { record_id: record?.id ?? 0 } }));
});

test('conduit', async (t) => {
  const { client } = await served(t, conduit);
  const user = { ...credentials, email: 'tester@example.org' };
  const { token } = unwrap(await client().contract.post('/api/users', { body: { user } })).user;
  const { contract } = client(token);
  const article = { title: 'How to', description: 'd', body: 'b', tagList: ['x', 'y'] };
  const { slug } = unwrap(await contract.post('/api/articles', { body: { article } })).article;
  unwrap(await contract.post('/api/articles/{slug}/favorite', { params: { slug } }));
  const found = unwrap(await contract.get('/api/articles', { query: { tag: 'y', limit: 5 } }));
  sameType<(typeof found.articles)[number]['author']['following'], boolean>(true);
  assert.deepEqual(
    found.articles.map(({ tagList, favoritesCount }) => [tagList, favoritesCount]),
    [[['x', 'y'], 1]],
  );
  const { comment } = unwrap(
    await contract.post('/api/articles/{slug}/comments', {
      params: { slug },
      body: { comment: { body: 'c' } },
    }),
  );
  const params = { slug, id: comment.id };
  assert.equal(unwrap(await contract.delete('/api/articles/{slug}/comments/{id}', { params })), undefined);

  // The same articles as rows: through the author, and through one of many.
  const { rows } = client(token);
  const tag = unwrap(await rows.tags.list({ filter: { name: { eq: 'x' } } })).items[0];
  assert.ok(tag);
  const filter = { author: { username: { eq: 'tester' } }, tagList: { has: tag.id } };
  const page = unwrap(
    await rows.articles.list({ filter, expand: { author: { fields: ['username', 'bio'] } } }),
  );
  const [first] = page.items;
  sameType<NonNullable<NonNullable<typeof first>['expand']['author']>['bio'], string | null>(true);
  assert.deepEqual([first?.slug, first?.expand.author?.username], [slug, 'tester']);
});

test('clinic', async (t) => {
  const { client, call, administrator } = await served(t, clinic);
  const ann = {
    username: 'ann',
    password: 'seventeen green umbrellas',
    email: 'a@example.org',
    display_name: 'Ann',
  };
  const signedUp = unwrap(await client().signUp(ann));
  const roles = { token: administrator, body: { roles: ['receptionist'] } };
  assert.equal((await call('POST', `/v1/accounts/${signedUp.id}:set-roles`, roles)).status, 200);
  const own = client();
  unwrap(await own.signIn({ username: ann.email, password: ann.password }));
  const patient = unwrap(
    await own.rows.patients.create({ account: signedUp.id, name: 'Ann', birth: '1990-01-01' }),
  );
  const filter = { account: { display_name: { eq: 'Ann' } } };
  assert.deepEqual(unwrap(await own.rows.patients.list({ filter })).items, [patient]);
  const month = '2027-06';
  assert.deepEqual(
    unwrap(await client(administrator).routes.get('/reports/month', { query: { month } })),
    [],
  );
  const csv = unwrap(await own.routes.get('/reports/month.csv', { query: { month } }));
  sameType<typeof csv, string>(true);
  assert.equal(csv.split('\r\n')[0], '"practitioner","name","appointments","no_shows","revenue"');
});
