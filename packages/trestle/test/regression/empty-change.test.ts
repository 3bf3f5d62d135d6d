// An update that changes nothing changes nothing: no version, no `updatedAt`, no counter that an update sets back.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  counter,
  createdAt,
  integerId,
  json,
  list,
  reference,
  resource,
  signedIn,
  text,
  timestamp,
  updatedAt,
} from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };
const resources = {
  tags: resource({ id: integerId(), fields: { name: text() }, can }),
  notes: resource({
    id: integerId(),
    fields: {
      title: text(),
      tag: reference('tags', { nullable: true }),
      due: timestamp({ nullable: true }),
      parts: list(text(), { default: [] }),
      extra: json({ nullable: true }),
      views: counter({ countsReads: true, resetOnUpdate: true }),
      created_at: createdAt(),
      updated_at: updatedAt(),
    },
    can,
  }),
};
const notebook = app({ name: 'notebook', accounts: accounts({ id: integerId() }), resources });

eachPlace('an update of equal values', (place) => {
  let served: Served;
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    served.call(method, path, { token: served.administrator, headers, ...(body !== undefined && { body }) });
  const given = {
    title: 'same',
    tag: 1,
    due: '2026-01-01T01:00:00+01:00',
    parts: ['a', 'b'],
    extra: { b: 1, a: [null] },
  };
  before(async () => {
    served = await serveApp(notebook, await place());
    await call('POST', '/v1/tags', { name: 'one' });
    await call('POST', '/v1/notes', given);
    await call('GET', '/v1/notes/1');
  });
  after(() => served.close());

  const updates: [string, unknown][] = [
    ['PATCH', {}],
    ['PATCH', { title: 'same' }],
    ['PATCH', { tag: 1 }],
    ['PATCH', { extra: { b: 1 } }],
    ['PATCH', { parts: ['a', 'b'], due: '2026-01-01T00:00:00Z' }],
    ['PUT', given],
  ];
  for (const [method, body] of updates)
    it(`${method} ${JSON.stringify(body)} answers the row as it is`, async () => {
      const was = await served.call('HEAD', '/v1/notes/1');
      const { status, headers, body: row } = await call(method, '/v1/notes/1', body);
      const { views, updated_at, created_at } = row as Record<string, unknown>;
      assert.deepEqual([status, headers.get('etag'), views], [200, was.headers.get('etag'), 1]);
      assert.equal(updated_at, created_at);
      const conditional = await call(method, '/v1/notes/1', body, { 'If-Match': '"9"' });
      assert.equal(conditional.status, 412);
    });

  it('one other value is an edit', async () => {
    const was = await served.call('HEAD', '/v1/notes/1');
    const { headers, body } = await call('PATCH', '/v1/notes/1', { title: 'other', tag: 1 });
    assert.notEqual(headers.get('etag'), was.headers.get('etag'));
    assert.equal((body as { views: number }).views, 0);
  });
});
