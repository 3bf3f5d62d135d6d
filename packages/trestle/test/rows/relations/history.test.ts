import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  accounts,
  any,
  anyone,
  app,
  author,
  exists,
  integerId,
  its,
  me,
  own,
  reference,
  references,
  resource,
  role,
  text,
  where,
} from 'trestle';
import { anonymous, type Context, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { readEntries } from '../../../src/rows/exchange/entries.ts';
import { importRows } from '../../../src/rows/exchange/import-rows.ts';
import { historyRecorder } from '../../../src/rows/history/row-history.ts';
import { eachPlace } from '../../stores.ts';

const id = integerId();
const all = { read: anyone, create: anyone, update: anyone, delete: anyone };
const tags = resource({ id, fields: { name: text({ max: 20 }) }, can: all });
const articles = resource({
  id,
  fields: {
    title: text({ max: 50 }),
    state: text({ max: 9, default: 'draft' }),
    notes: text({ nullable: true, can: { read: role('editor') } }),
    tags: references('tags', { onDelete: 'remove' }),
    made_by: author(),
  },
  history: true,
  softDelete: true,
  can: { ...all, read: any(where({ state: 'open' }), own('made_by')) },
});
const members = resource({
  id,
  fields: { board: reference('boards', { onDelete: 'cascade' }), who: author() },
  can: all,
});
const boards = resource({
  id,
  fields: { name: text({ max: 20 }) },
  history: true,
  can: { ...all, read: exists('members', { board: its('id'), who: me }) },
});
const site = app({
  name: 'site',
  accounts: accounts({ id, roles: ['editor'] }),
  resources: { articles, tags, boards, members },
});

eachPlace('the history of a row', (place) => {
  let served: Served<(typeof site)['resources']>;
  const ada: Context = { caller: { kind: 'account', account: 1, session: 's' } };
  const bob: Context = { caller: { kind: 'account', account: 2, session: 's', roles: ['editor'] } };
  before(async () => {
    served = await serveApp(site, await place());
    for (const username of ['ada', 'bob'])
      await served.call('POST', '/v1/accounts', { body: { username, password: 'correct horse battery' } });
  });
  after(() => served.close());
  const plain = (value: unknown) =>
    JSON.parse(JSON.stringify(value), (key, each) => (key === 'at' ? undefined : each));

  it('tells who changed what, before and after, under the rules of the row as it was', async () => {
    const { articles: service, tags: tag } = served.engine.services;
    const made = await service.create(ada, { title: 'secret', notes: 'hush' });
    const label = await tag.create(ada, { name: 'x' });
    await service.patch(ada, made.id, { title: 'public' });
    await service.patch(ada, made.id, { state: 'open', tags: [label.id] });
    await service.patch(bob, made.id, { title: 'better', notes: 'ok' });
    await service.patch(bob, made.id, { title: 'better' });
    const authors = await service.history(ada, made.id);
    assert.deepEqual(plain(authors.items), [
      { action: 'update', by: 2, before: { title: 'public' }, after: { title: 'better' } },
      {
        action: 'update',
        by: 1,
        before: { state: 'draft', tags: [] },
        after: { state: 'open', tags: [label.id] },
      },
      { action: 'update', by: 1, before: { title: 'secret' }, after: { title: 'public' } },
      {
        action: 'create',
        by: 1,
        before: null,
        after: { id: made.id, title: 'secret', state: 'draft', tags: [], made_by: 1 },
      },
    ]);
    assert.match(String(authors.items[0]?.at), /^2\d{3}-.*Z$/);
    const seen = { id: made.id, title: 'public', state: 'open', tags: [label.id], made_by: 1 };
    assert.deepEqual(plain((await service.history({ caller: anonymous }, made.id)).items), [
      { action: 'update', by: 2, before: { title: 'public' }, after: { title: 'better' } },
      { action: 'update', by: 1, before: null, after: seen },
    ]);
    const editors = plain((await service.history(bob, made.id)).items);
    assert.deepEqual(editors[0], {
      action: 'update',
      by: 2,
      before: { title: 'public', notes: 'hush' },
      after: { title: 'better', notes: 'ok' },
    });
    await tag.remove(ada, label.id);
    assert.partialDeepStrictEqual((await service.history(ada, made.id)).items[0], {
      before: { tags: [label.id] },
      after: { tags: [] },
    });
  });

  it('goes on after a deletion, and is hidden where the row was', async () => {
    const { articles: service } = served.engine.services;
    const made = await service.create(ada, { title: 'gone' });
    await assert.rejects(service.history({ caller: anonymous }, made.id), { code: 'not_found' });
    await service.remove(ada, made.id);
    await assert.rejects(service.history(bob, made.id), { code: 'not_found' });
    assert.deepEqual(
      (await service.history(ada, made.id)).items.map(({ action }) => action),
      ['delete', 'create'],
    );
    await service.restore(system(), made.id);
    const { items } = await service.history(ada, made.id);
    assert.deepEqual(
      items.map(({ action }) => action),
      ['restore', 'delete', 'create'],
    );
    assert.partialDeepStrictEqual(items[0], { by: null, before: null, after: { title: 'gone' } });
    await assert.rejects(service.history(ada, 999), { code: 'not_found' });
  });

  it('follows a rule that looks at other rows', async () => {
    const { boards: service, members: member } = served.engine.services;
    const board = await service.create(ada, { name: 'one' });
    await assert.rejects(service.history(ada, board.id), { code: 'not_found' });
    await member.create(system({ onBehalfOf: ada.caller }), { board: board.id });
    assert.equal((await service.history(ada, board.id)).items.length, 1);
    await assert.rejects(service.history(bob, board.id), { code: 'not_found' });
  });

  it('begins with an import', async () => {
    const { models, store } = served.engine;
    const { resources: declared, accounts: people } = site;
    const recorder = historyRecorder(declared, { store, accounts: people });
    const model = models.get('articles') ?? assert.fail();
    const lines = ['{"title":"imported","state":"open"}\n', '{"id":900,"title":"kept","state":"open"}\n'];
    const entries = () => readEntries(model, 'ndjson', lines, JSON.parse);
    assert.equal((await importRows(store, model, entries, { keep: true, recorder })).rows, 2);
    const { articles: service } = served.engine.services;
    const { items } = await service.list(ada, { filter: { title: { in: ['imported', 'kept'] } } });
    assert.equal(items.length, 2);
    for (const { id: one, title } of items) {
      const [entry, ...more] = plain((await service.history(ada, one)).items);
      assert.partialDeepStrictEqual(entry, {
        action: 'create',
        by: null,
        before: null,
        after: { id: one, title },
      });
      assert.deepEqual(more, []);
    }
  });

  it('is served in pages', async () => {
    const { articles: service, tags: tag } = served.engine.services;
    const made = await service.create(system(), { title: '0', state: 'open' });
    for (const title of ['1', '2', '3', '4']) await service.patch(system(), made.id, { title });
    const titles: unknown[] = [];
    let path: string | undefined = `/v1/articles/${made.id}/history?limit=2`;
    while (path !== undefined) {
      const { status, body, headers } = await served.call('GET', path);
      assert.equal(status, 200);
      const page = body as { items: { after: { title: string } }[]; next: string | null };
      titles.push(...page.items.map(({ after: { title } }) => title));
      const link = headers.get('link') ?? '';
      path = /<([^>]+)>; rel="next"/.exec(link)?.[1];
      assert.equal(path?.includes(page.next ?? ''), page.next === null ? undefined : true);
      assert.match(link, /rel="first"/);
    }
    assert.deepEqual(titles, ['4', '3', '2', '1', '0']);
    assert.equal((await served.call('GET', `/v1/articles/${made.id}/history?limit=0`)).status, 400);
    assert.equal((await served.call('GET', '/v1/tags/1/history')).status, 404);
    await assert.rejects(tag.history(ada, 1), /history: true/);
    assert.match(JSON.stringify((await served.call('GET', '/openapi.json')).body), /historyOfArticle/);
  });
});
