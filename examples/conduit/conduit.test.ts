import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Served, serveApp } from 'trestle/testing';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

interface Person {
  username: string;
  bio: string | null;
  image: string | null;
}
interface Article {
  slug: string;
  title: string;
  description: string;
  body: string;
  tagList: string[];
  createdAt: string;
  updatedAt: string;
  favorited: boolean;
  favoritesCount: number;
  author: Person & { following: boolean };
}
interface Body {
  user: Person & { email: string; token: string };
  profile: Person & { following: boolean };
  article: Article;
  articles: Article[];
  articlesCount: number;
  comment: { id: number; body: string; author: Person & { following: boolean } };
  comments: Body['comment'][];
  tags: string[];
  errors: Record<string, string[]>;
}

everyPlace('conduit', (place) => {
  let served: Served<typeof resources>;
  let [ann, bob] = ['', ''];

  /** `api('POST /articles', { article: … }, token)` */
  async function api(line: string, body?: object, token?: string) {
    const [method = '', path = ''] = line.split(' ');
    const headers: Record<string, string> = token ? { Authorization: `Token ${token}` } : {};
    const reply = await served.call(method, `/api${path}`, { headers, ...(body && { body }) });
    return { status: reply.status, body: reply.body as Body };
  }
  async function fails(status: number, errors: object, ...asked: Parameters<typeof api>) {
    const reply = await api(...asked);
    assert.deepEqual([reply.status, reply.body], [status, { errors }], asked[0]);
  }
  const signUp = async (username: string) => {
    const user = { username, email: `${username}@example.org`, password: 'secret' };
    const { status, body } = await api('POST /users', { user });
    assert.equal(status, 201, JSON.stringify(body));
    return body.user;
  };
  const write = async (title: string, tagList?: string[], token = ann) => {
    const article = { title, description: 'about', body: 'text', ...(tagList && { tagList }) };
    return (await api('POST /articles', { article }, token)).body.article;
  };

  before(async () => {
    served = await serveApp(app, await place());
    ann = (await signUp('ann')).token;
    bob = (await signUp('bob')).token;
  });
  after(() => served.close());

  it('signs up, signs in by e-mail, and changes the own account', async () => {
    const { token: _, ...user } = await signUp('carl');
    assert.deepEqual(user, { email: 'carl@example.org', username: 'carl', bio: null, image: null });
    const taken = { username: 'carl', email: 'bob@example.org', password: 'x' };
    await fails(422, { username: ['has already been taken'] }, 'POST /users', { user: taken });
    const mail = { ...taken, username: 'dora' };
    await fails(422, { email: ['has already been taken'] }, 'POST /users', { user: mail });
    const blank = { username: '', email: '', password: '' };
    const words = Object.fromEntries(Object.keys(blank).map((name) => [name, ["can't be blank"]]));
    await fails(422, words, 'POST /users', { user: blank });
    await fails(422, { user: ["can't be blank"] }, 'POST /users', {});
    const login = (password: string) =>
      ['POST /users/login', { user: { email: 'carl@example.org', password } }] as const;
    await fails(401, { credentials: ['invalid'] }, ...login('wrong'));
    const { token } = (await api(...login('secret'))).body.user;
    assert.equal((await api('GET /user', undefined, token)).body.user.token, token);
    await fails(401, { token: ['is missing'] }, 'GET /user');
    await fails(401, { token: ['is invalid'] }, 'GET /user', undefined, 'nonsense');

    const put = async (change: object, by = token) =>
      (await api('PUT /user', { user: change }, by)).body.user;
    assert.equal((await put({ bio: 'hello', image: 'https://x.example/a.png' })).bio, 'hello');
    assert.equal((await put({ bio: '' })).bio, null);
    assert.equal((await put({ username: 'charles', email: 'charles@example.org' })).username, 'charles');
    await fails(
      422,
      { username: ['has already been taken'] },
      'PUT /user',
      { user: { username: 'bob' } },
      token,
    );
    for (const user of [{ email: '' }, { email: null }, { username: null }])
      assert.equal((await api('PUT /user', { user }, token)).status, 422, JSON.stringify(user));
    const fresh = await put({ password: 'another' });
    assert.equal((await api('GET /user', undefined, fresh.token)).status, 200);
    await fails(401, { token: ['is invalid'] }, 'PUT /user', { user: {} }, token);
    const user_ = { email: 'charles@example.org', password: 'another' };
    assert.equal((await api('POST /users/login', { user: user_ })).status, 200);
  });

  it('has articles at addresses that follow their titles, with tags in the order given', async () => {
    const made = await write('How to train your dragon', ['training', 'dragons', 'training']);
    const { createdAt, updatedAt, ...rest } = made;
    assert.ok(Date.parse(createdAt) <= Date.parse(updatedAt));
    assert.deepEqual(rest, {
      slug: 'how-to-train-your-dragon',
      title: 'How to train your dragon',
      description: 'about',
      body: 'text',
      tagList: ['training', 'dragons'],
      favorited: false,
      favoritesCount: 0,
      author: { username: 'ann', bio: null, image: null, following: false },
    });
    const read = await api('GET /articles/how-to-train-your-dragon');
    assert.deepEqual(read.body, { article: made });
    assert.equal((await write('How to train your dragon')).slug, 'how-to-train-your-dragon-2');
    const change = { article: { title: 'Dragons', tagList: ['dragons'] } };
    await fails(403, { article: ['forbidden'] }, `PUT /articles/${made.slug}`, change, bob);
    await fails(401, { token: ['is missing'] }, `PUT /articles/${made.slug}`, change);
    const { article } = (await api(`PUT /articles/${made.slug}`, change, ann)).body;
    assert.deepEqual([article.slug, article.tagList, article.body], ['dragons', ['dragons'], 'text']);
    await fails(404, { article: ['not found'] }, `GET /articles/${made.slug}`);
    await fails(422, { title: ["can't be blank"] }, 'PUT /articles/dragons', { article: { title: '' } }, ann);
    const tagged = async (tagList: unknown) => api('PUT /articles/dragons', { article: { tagList } }, ann);
    assert.equal((await tagged(null)).status, 422);
    assert.deepEqual((await tagged([])).body.article.tagList, []);
    assert.deepEqual((await api('GET /articles/dragons')).body.article.tagList, []);
    const lacking = { article: { title: 'x', body: 'y' } };
    await fails(422, { description: ["can't be blank"] }, 'POST /articles', lacking, ann);
    await fails(403, { article: ['forbidden'] }, 'DELETE /articles/dragons', undefined, bob);
    assert.equal((await api('DELETE /articles/dragons', undefined, ann)).status, 204);
    assert.equal((await api('DELETE /articles/dragons', undefined, ann)).status, 404);
    assert.deepEqual((await api('GET /tags')).body, { tags: ['training', 'dragons'] });
  });

  it('knows favorites and who follows whom, also when told twice', async () => {
    const { slug } = await write('Liked');
    const like = async (method: string, token: string) => {
      const { article } = (await api(`${method} /articles/${slug}/favorite`, undefined, token)).body;
      return [article.favorited, article.favoritesCount];
    };
    assert.deepEqual(await like('POST', ann), [true, 1]);
    assert.deepEqual(await like('POST', bob), [true, 2]);
    assert.deepEqual(await like('POST', bob), [true, 2]);
    assert.equal((await api(`GET /articles/${slug}`)).body.article.favorited, false);
    assert.deepEqual(await like('DELETE', bob), [false, 1]);
    assert.deepEqual(await like('DELETE', bob), [false, 1]);
    const following = async (line: string, token?: string) =>
      (await api(line, undefined, token)).body.profile.following;
    assert.equal(await following('POST /profiles/ann/follow', bob), true);
    assert.equal(await following('POST /profiles/ann/follow', bob), true);
    assert.equal(await following('GET /profiles/ann', bob), true);
    assert.equal(await following('GET /profiles/ann'), false);
    assert.equal((await api(`GET /articles/${slug}`, undefined, bob)).body.article.author.following, true);
    assert.equal(await following('DELETE /profiles/ann/follow', bob), false);
    assert.equal(await following('DELETE /profiles/ann/follow', bob), false);
    await fails(404, { profile: ['not found'] }, 'GET /profiles/nobody');
    await fails(401, { token: ['is missing'] }, 'POST /profiles/ann/follow');
  });

  it('lists articles in a fixed number of statements, however many there are', async () => {
    const tokens = await Promise.all(['eve', 'fay', 'gus'].map(async (name) => (await signUp(name)).token));
    for (let at = 0; at < 24; at += 1) await write(`Piece ${at}`, [`tag${at % 5}`, 'pieces'], tokens[at % 3]);
    const [eve = ''] = tokens;
    await api('POST /profiles/fay/follow', undefined, eve);
    await api('POST /articles/piece-1/favorite', undefined, eve);
    const list = async (query: string, token?: string) =>
      (await api(`GET /articles${query}`, undefined, token)).body;
    // What is compiled or looked up once for a process is there before it is counted.
    for (let at = 0; at < 4; at += 1) await list('', eve);
    const first = served.statements();
    const page = await list('', eve);
    assert.equal(page.articles.length, 20);
    assert.ok(served.statements() - first <= 4, `${served.statements() - first} statements`);
    const [newest] = page.articles;
    assert.deepEqual([newest?.title, newest?.tagList], ['Piece 23', ['tag3', 'pieces']]);
    assert.ok(newest && !('body' in newest));
    const titles = ({ articles, articlesCount }: Body) => [articles.map(({ title }) => title), articlesCount];
    assert.deepEqual(titles(await list('?tag=tag3&limit=2')), [['Piece 23', 'Piece 18'], 5]);
    assert.deepEqual(titles(await list('?tag=pieces&offset=22')), [['Piece 1', 'Piece 0'], 24]);
    assert.equal((await list('?author=fay')).articlesCount, 8);
    assert.deepEqual(titles(await list('?favorited=eve')), [['Piece 1'], 1]);
    for (const none of ['?tag=none', '?author=none', '?favorited=none', '?author=eve&favorited=eve'])
      assert.deepEqual(await list(none), { articles: [], articlesCount: 0 });
    const feed = await list('/feed?limit=3', eve);
    assert.deepEqual(titles(feed), [['Piece 22', 'Piece 19', 'Piece 16'], 8]);
    assert.ok(feed.articles.every(({ author }) => author.username === 'fay' && author.following));
    await fails(401, { token: ['is missing'] }, 'GET /articles/feed');
  });

  it('has comments, which their authors delete', async () => {
    const { slug } = await write('Discussed');
    const { slug: other } = await write('Another');
    const path = `/articles/${slug}/comments`;
    const { status, body } = await api(`POST ${path}`, { comment: { body: 'Nice' } }, bob);
    assert.deepEqual([status, body.comment.body, body.comment.author.username], [201, 'Nice', 'bob']);
    await fails(422, { body: ["can't be blank"] }, `POST ${path}`, { comment: { body: '' } }, bob);
    assert.deepEqual((await api(`GET ${path}`)).body, { comments: [body.comment] });
    assert.deepEqual((await api(`GET /articles/${other}/comments`)).body, { comments: [] });
    const one = `${path}/${body.comment.id}`;
    await fails(403, { comment: ['forbidden'] }, `DELETE ${one}`, undefined, ann);
    await fails(
      404,
      { comment: ['not found'] },
      `DELETE /articles/${other}/comments/${body.comment.id}`,
      undefined,
      bob,
    );
    assert.equal((await api(`DELETE ${one}`, undefined, bob)).status, 204);
    await fails(404, { comment: ['not found'] }, `DELETE ${one}`, undefined, bob);
    await fails(404, { article: ['not found'] }, 'GET /articles/none/comments');
  });

  it('leaves nothing open in the uniform API that the contract guards', async () => {
    const { slug } = await write('Guarded', ['guarded']);
    const call = (line: string, body?: object, token: string | undefined = bob) => {
      const [method = '', path = ''] = line.split(' ');
      return served.call(method, `/v1${path}`, { token, ...(body && { body }) });
    };
    const { body } = await call(`GET /articles/by/slug/${slug}`);
    const { id } = body as { id: number };
    assert.equal((await call(`PATCH /articles/${id}`, { title: 'x' })).status, 403);
    assert.equal((await call(`PATCH /articles/${id}`, { slug: 'x' }, ann)).status, 400);
    assert.equal((await call('POST /tags', { name: 'x' })).status, 403);
    assert.equal((await call('GET /accounts')).status, 403);
    const anybody = await served.call('GET', '/v1/accounts/1');
    assert.equal((anybody.body as Person).username, 'ann');
    assert.ok(!JSON.stringify(anybody.body).includes('@'), 'no e-mail address for others');
    assert.deepEqual((await call('GET /follows', undefined, ann)).body, {
      items: [],
      next: null,
      prev: null,
    });
  });
});
