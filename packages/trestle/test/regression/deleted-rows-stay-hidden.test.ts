// A row that is deleted softly is in no live list, though references are taken out of it, and comes back when it is restored.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, app, integerId, reference, resource, text } from '../../src/index.ts';
import { serveApp } from '../../src/testing.ts';
import { EventReader } from '../live/event-reader.ts';
import { eachPlace } from '../stores.ts';

const everybody = { read: anyone, create: anyone, update: anyone, delete: anyone };
const topics = resource({ id: integerId(), fields: { name: text() }, can: everybody });
const posts = resource({
  id: integerId(),
  fields: { title: text(), topic: reference('topics', { nullable: true, onDelete: 'setNull' }) },
  live: true,
  history: true,
  softDelete: true,
  can: everybody,
});
const board = app({ name: 'board', accounts: accounts(), resources: { topics, posts } });

eachPlace('a live list of rows that can be restored', (place) => {
  it('has no row that is deleted, and the row again once it is restored', async (t) => {
    const served = await serveApp(board, await place());
    t.after(() => served.close());
    const call = async (method: string, path: string, body?: object) =>
      assert.ok((await served.call(method, path, { body })).status < 300);
    await call('POST', '/v1/topics', { name: 'one' });
    await call('POST', '/v1/posts', { title: 'deleted', topic: 1 });
    await call('POST', '/v1/posts', { title: 'there', topic: 1 });
    await call('DELETE', '/v1/posts/1');
    const reader = await EventReader.open(`${served.url}/v1/posts/events`);
    t.after(() => reader.close());
    assert.equal((await reader.next())?.event, 'page');

    await call('DELETE', '/v1/topics/1');
    await call('POST', '/v1/posts/1:restore');
    const events = [await reader.next(), await reader.next()].map((event) => [event?.event, event?.data]);
    assert.deepEqual(events, [
      ['put', { id: 2, title: 'there', topic: null }],
      ['put', { id: 1, title: 'deleted', topic: null }],
    ]);
    const { body } = await served.call('GET', '/v1/posts/1/history');
    const { items } = body as { items: { action: string }[] };
    assert.deepEqual(
      items.map(({ action }) => action),
      ['restore', 'delete', 'create'],
    );
  });
});
