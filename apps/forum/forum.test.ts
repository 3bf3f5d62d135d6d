import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

const PASSWORD = 'Passw0rd!';
const MISSING = { error: 'Access-token is missing. Log in, please' };
const INVALID = { error: 'Invalid access-token. Log in please' };

interface Item {
  id: number;
  title: string;
  user_id: number;
}
interface Page {
  articles: Item[];
  next: boolean;
}

everyPlace('the contract of forum', (place) => {
  let served: Served<typeof resources>;
  let ann: string;
  let bob: string;
  const is = (reply: Reply, status: number, body: unknown) =>
    assert.deepEqual([reply.status, reply.body], [status, body]);
  const register = (username: string, password = PASSWORD) =>
    served.call('POST', '/register', { body: { username, password } });
  const login = (username: string, password = PASSWORD) =>
    served.call('POST', '/login', { body: { username, password } });
  const tokenOf = async (username: string) =>
    ((await login(username)).body as { 'access-token': string })['access-token'];
  const post = async (token: string, title: string, text = 'text') =>
    (await served.call('POST', '/articles/new', { body: { title, text, 'access-token': token } }))
      .body as Item;

  before(async () => {
    served = await serveApp(app, await place());
    await register('annie');
    await register('bobby');
    ann = await tokenOf('annie');
    bob = await tokenOf('bobby');
  });
  after(() => served.close());

  it('registers names and passwords of the forms the document gives', async () => {
    const reply = await register('user_name!');
    const { date_registered, ...rest } = reply.body as { date_registered: string };
    assert.deepEqual([reply.status, rest], [200, { id: 3, username: 'user_name!' }]);
    assert.match(date_registered, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
    is(await register('annie'), 409, { error: 'User with such username already exists' });
    for (const name of ['four', 'x'.repeat(21), 'with space', 'ünicode'])
      is(await register(name), 400, { error: 'Bad username format' });
    for (const password of [
      'Sh0rt!',
      `${'x'.repeat(38)}A1!`,
      'nouppercase1!',
      'NOLOWER1!',
      'NoDigits!!',
      'NoSymbol11',
      'Sp ace1!!',
    ])
      is(await register('fresh', password), 400, { error: 'Bad password format' });
    is(await served.call('POST', '/register', { body: { password: PASSWORD } }), 400, {
      error: 'Username is missing',
    });
    is(await served.call('POST', '/register', { body: { username: 'fresh' } }), 400, {
      error: 'Password is missing',
    });
    is(await served.call('POST', '/login', { body: {} }), 400, { error: 'Username is missing' });
    is(await served.call('POST', '/login', { body: { username: 'annie' } }), 400, {
      error: 'Password is missing',
    });
  });

  it('logs in, alike for an unknown name and a wrong password, and verifies tokens', async () => {
    const { 'access-token': token, ...rest } = (await login('annie')).body as { 'access-token': string };
    assert.deepEqual(rest, { user_id: 1, username: 'annie' });
    for (const [name, password] of [
      ['annie', 'Wrong0ne!'],
      ['nobody', PASSWORD],
    ] as const)
      is(await login(name, password), 401, { error: 'Uncorrect username or/and password' });
    is(await served.call('POST', '/verify-token', { body: { 'access-token': token } }), 200, {
      username: 'annie',
      id: 1,
    });
    is(await served.call('POST', '/verify-token', { token }), 200, { username: 'annie', id: 1 });
    is(await served.call('POST', '/verify-token', { body: {} }), 401, MISSING);
    is(await served.call('POST', '/verify-token', { body: { 'access-token': `${token}x` } }), 401, INVALID);
    is(await served.call('POST', '/verify-token', { body: { 'access-token': 5 } }), 401, INVALID);
  });

  it('posts, reads, edits and deletes an article of one’s own', async () => {
    const made = await served.call('POST', '/articles/new', {
      body: { title: 'New', text: 'Hello', 'access-token': ann, id: 99, user_id: 2 },
    });
    const { id, date_posted, ...rest } = made.body as Item & { date_posted: string };
    assert.deepEqual(
      [made.status, rest],
      [200, { title: 'New', text: 'Hello', user_id: 1, 'author.username': 'annie' }],
    );
    assert.notEqual(id, 99);
    is(await served.call('GET', `/articles/${id}`), 200, made.body);
    const edit = { title: 'Newer', text: 'Hi', 'access-token': ann };
    const edited = { ...(made.body as Item), title: 'Newer', text: 'Hi' };
    is(await served.call('PUT', `/articles/${id}/edit`, { body: edit }), 200, edited);
    is(await served.call('DELETE', `/articles/${id}/delete`, { body: { 'access-token': ann } }), 200, edited);
    is(await served.call('GET', `/articles/${id}`), 404, { error: `Article with id=${id} was not found` });
    assert.ok(date_posted);
  });

  it('checks the token, then existence, then authorship, then the body', async () => {
    const { id } = await post(ann, 'checked');
    const call = (method: string, path: string, body: object) => served.call(method, path, { body });
    is(await call('PUT', '/articles/999/edit', {}), 401, MISSING);
    assert.equal((await served.call('GET', '/articles/new')).status, 405);
    is(await call('PUT', '/articles/999/edit', { 'access-token': 'x' }), 401, INVALID);
    is(await call('PUT', '/articles/999/edit', { 'access-token': bob }), 404, {
      error: 'Article with id=999 was not found',
    });
    is(await call('PUT', `/articles/${id}/edit`, { 'access-token': bob }), 403, {
      error: 'You can edit only own article',
    });
    is(await call('PUT', `/articles/${id}/edit`, { 'access-token': ann }), 400, {
      error: 'Article title is missing',
    });
    is(await call('PUT', `/articles/${id}/edit`, { 'access-token': ann, title: 't' }), 400, {
      error: 'Article text is missing',
    });
    is(await call('DELETE', `/articles/${id}/delete`, {}), 401, MISSING);
    is(await call('DELETE', '/articles/999/delete', { 'access-token': bob }), 404, {
      error: 'Article with id=999 was not found',
    });
    is(await call('DELETE', `/articles/${id}/delete`, { 'access-token': bob }), 403, {
      error: 'You can delete only own article',
    });
    is(await call('POST', '/articles/new', { 'access-token': ann, title: '', text: 'x' }), 400, {
      error: 'Article title is missing',
    });
    is(await served.call('DELETE', `/articles/${id}/delete`), 401, MISSING);
  });

  it('pages articles, newest first, and those of one user', async () => {
    for (let at = 0; at < 23; at += 1) await post(bob, `b${at}`);
    const page = async (path: string) => (await served.call('GET', path)).body as Page;
    const first = await page('/articles');
    assert.deepEqual([first.articles.length, first.next, first.articles[0]?.title], [10, true, 'b22']);
    assert.deepEqual(Object.keys(first.articles[0] ?? {}).sort(), [
      'author.username',
      'date_posted',
      'id',
      'title',
      'user_id',
    ]);
    const ofBob = [
      await page('/users/2/articles'),
      await page('/users/2/articles?page=2'),
      await page('/users/2/articles?page=3'),
    ];
    assert.deepEqual(
      ofBob.map(({ articles, next }) => [articles.length, next]),
      [
        [10, true],
        [10, true],
        [3, false],
      ],
    );
    assert.equal(new Set(ofBob.flatMap(({ articles }) => articles.map(({ id }) => id))).size, 23);
    for (const number of ['x', '0', '-1', '1.5', ''])
      assert.deepEqual(await page(`/articles?page=${number}`), first, `page=${number}`);
    assert.deepEqual(await page('/articles?page=99999999999999999999'), { articles: [], next: false });
    is(await served.call('GET', '/users/999/articles'), 404, { error: 'User with id=999 was not found' });
  });

  it('shows profiles', async () => {
    const { id, username } = (await served.call('GET', '/users/1')).body as { id: number; username: string };
    assert.deepEqual([id, username], [1, 'annie']);
    is(await served.call('GET', '/users/999'), 404, { error: 'User with id=999 was not found' });
    is(await served.call('GET', '/users/x'), 404, { error: 'User with id=x was not found' });
  });

  it('reads a page of articles with their authors in a fixed number of statements', async () => {
    await served.call('GET', '/articles');
    const before = served.statements();
    await served.call('GET', '/articles');
    assert.equal(served.statements() - before, 2);
  });
});
