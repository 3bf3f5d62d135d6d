import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  accounts,
  administrator,
  app,
  author,
  integerId,
  oneOf,
  own,
  resource,
  signedIn,
  text,
  transitions,
} from '../../src/index.ts';
import { type Served, serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';
import { call, connect, makeKey } from './tools-client.ts';

const articles = resource({
  id: integerId(),
  fields: {
    title: text({ max: 80 }),
    language: oneOf(['de', 'en'], { default: 'en' }),
    note: text({ nullable: true, can: { read: administrator } }),
    state: transitions(['draft', 'published'], {
      publish: { from: 'draft', to: 'published', can: own('author') },
    }),
    author: author(),
  },
  can: { read: signedIn, create: signedIn, update: own('author'), delete: own('author') },
});
const hidden = resource({ fields: { title: text() }, can: { read: administrator } });
const press = app({ name: 'press', accounts: accounts(), resources: { articles, hidden } });

async function signUp(served: Served, username: string): Promise<string> {
  const body = { username, password: 'a password of a writer' };
  await served.call('POST', '/v1/accounts', { body });
  const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
  return String(Reflect.get(Object(tokens), 'access_token'));
}

eachPlace('tools of the Model Context Protocol', (place) => {
  it('are the routes that a caller may use, with writes for keys that say so', async (t) => {
    const served = await serveApp(press, await place());
    t.after(() => served.close());
    const token = await signUp(served, 'ann');
    const names = async (credential?: string) => {
      const { tools } = await (await connect(served, t, credential)).listTools();
      return tools.map(({ name }) => name).toSorted();
    };
    assert.deepEqual(await names(), []);
    const reads = (await names(token)).filter((name) => /^(list|get|canArticles)/.test(name));
    assert.ok(reads.includes('listArticles') && reads.includes('getArticle'));
    assert.ok(
      !(await names(token)).some((name) => /create|replace|patch|delete|publish|[hH]idden/.test(name)),
    );
    const reader = await names(await makeKey(served, token, ['articles:read']));
    assert.ok(reader.includes('listArticles') && !reader.includes('createArticle'));
    const writer = await names(
      await makeKey(served, token, ['articles:read', 'articles:create', 'articles:update']),
    );
    assert.ok(writer.includes('createArticle') && writer.includes('publishArticle'));
    assert.ok(!writer.includes('deleteArticle'));
    await assert.rejects(connect(served, t, 'tr_nonsense'));
  });

  it('write and read rows under the rules of the uniform API', async (t) => {
    const served = await serveApp(press, await place());
    t.after(() => served.close());
    const ann = await connect(served, t, await makeKey(served, await signUp(served, 'ann'), ['articles:*']));
    const ben = await connect(served, t, await makeKey(served, await signUp(served, 'ben'), ['articles:*']));

    const made = await call(ann, 'createArticle', { body: { title: 'One, two' } });
    assert.equal(made.isError, false, made.text);
    assert.deepEqual([made.row.title, made.row.state], ['One, two', 'draft']);
    assert.equal('note' in made.row, false);
    await call(ann, 'createArticle', { body: { title: 'Three', language: 'de' } });
    const filter = {
      title: { in: ['One, two', 'Four'] },
      or: [{ language: { eq: 'en' } }, { id: { gt: 100 } }],
    };
    const listed = await call(ann, 'listArticles', { filter, limit: 10, count: 'exact' });
    assert.deepEqual([listed.row.total, listed.row.items[0].id], [1, made.row.id]);

    const refused = await call(ben, 'updateArticle', { id: made.row.id, body: { title: 'mine' } });
    assert.deepEqual([refused.isError, refused.row?.code], [true, 'forbidden'], refused.text);
    const wrong = await call(ann, 'updateArticle', { id: made.row.id, body: { titel: 'x' } });
    assert.deepEqual([wrong.isError, wrong.row.code], [true, 'unknown_field']);
    assert.equal((await call(ann, 'publishArticle', { id: made.row.id })).row.state, 'published');
    assert.equal((await call(ann, 'deleteArticle', { id: made.row.id })).isError, false);
    assert.equal((await call(ann, 'getArticle', { id: made.row.id })).row.code, 'not_found');
    assert.match((await call(ann, 'dropDatabase')).text, /There is no tool 'dropDatabase'/);
  });
});
