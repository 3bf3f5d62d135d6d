import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, resource, signedIn, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { sameType } from '../../trestle/test/types/same-type.ts';
import { createClient, ProblemError, unwrap } from '../src/index.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const board = app({
  name: 'board',
  resources: {
    notes: resource({
      id: integerId(),
      fields: { title: text(), color: text({ default: '' }) },
      live: true,
      can,
    }),
    secrets: resource({ fields: { title: text() }, live: true, can: { read: signedIn } }),
  },
});

test('a live list is the list, after every change and a broken connection', {
  timeout: 60_000,
}, async (t) => {
  const served = await serveApp(board);
  t.after(() => served.close());
  const streams: AbortController[] = [];
  let lists = 0;
  const client = createClient<typeof board>({
    url: served.url,
    fetch: (input, init) => {
      if (!String(input).includes('/events')) {
        if (init?.method === 'GET') lists += 1;
        return fetch(input, init);
      }
      const stream = new AbortController();
      streams.push(stream);
      const signals = [stream.signal, ...(init?.signal ? [init.signal] : [])];
      return fetch(input, { ...init, signal: AbortSignal.any(signals) });
    },
  });
  const { notes } = client.rows;
  for (const title of ['b', 'd', 'f']) unwrap(await notes.create({ title }));
  const stop = new AbortController();
  const query = { sort: ['title'], limit: 3, filter: { title: { ne: 'x' } } } as const;
  const live = notes.live(query, { signal: stop.signal })[Symbol.asyncIterator]();
  /** Reads on until the list has these titles. */
  const becomes = async (titles: string) => {
    for (;;) {
      const { value, done } = await live.next();
      assert.ok(!done);
      const [first] = value;
      if (first) sameType<typeof first.color, string>(true);
      if (value.map(({ title }: { title: string }) => title).join('') === titles) return value;
    }
  };
  await becomes('bdf');
  const a = unwrap(await notes.create({ title: 'a' }));
  await becomes('abd');
  unwrap(await notes.delete(a.id));
  await becomes('bdf');

  // A change that moves nothing needs no other request.
  lists = 0;
  const [b] = unwrap(await notes.list({ filter: { title: { eq: 'b' } } })).items;
  assert.ok(b);
  unwrap(await notes.patch(b.id, { color: 'red' }, { version: 'any' }));
  assert.equal((await becomes('bdf'))[0]?.color, 'red');
  assert.equal(lists, 1);

  streams.at(-1)?.abort();
  unwrap(await notes.patch(b.id, { title: 'x' }, { version: 'any' }));
  await becomes('df');
  assert.equal(streams.length, 2);
  stop.abort();
  assert.equal((await live.next()).done, true);

  const refused = client.rows.secrets.live()[Symbol.asyncIterator]();
  await assert.rejects(
    refused.next(),
    (error) => error instanceof ProblemError && error.problem.status === 401,
  );
});

test('who has seen a change in a list may write after it, and who has not is told', async (t) => {
  const served = await serveApp(board);
  t.after(() => served.close());
  const [ada, bob] = [1, 2].map(() => createClient<typeof board>({ url: served.url }).rows.notes);
  assert.ok(ada && bob);
  const { id } = unwrap(await ada.create({ title: 'a' }));
  const stop = new AbortController();
  t.after(() => stop.abort());
  const live = ada.live({ sort: ['title'] }, { signal: stop.signal })[Symbol.asyncIterator]();
  await live.next();
  unwrap(await bob.patch(id, { color: 'red' }));
  while ((await live.next()).value[0]?.color !== 'red');
  assert.equal(unwrap(await ada.patch(id, { title: 'b' })).color, 'red');

  unwrap(await bob.patch(id, { color: 'blue' }, { version: 'any' }));
  unwrap(await ada.list());
  assert.equal(unwrap(await ada.patch(id, { title: 'c' })).color, 'blue');

  unwrap(await ada.list());
  unwrap(await bob.patch(id, { color: 'green' }, { version: 'any' }));
  const { problem } = (await ada.patch(id, { title: 'd' })) as { problem: { mine: object; theirs: object } };
  assert.deepEqual(problem, {
    ...problem,
    mine: { id, title: 'c', color: 'blue' },
    theirs: { id, title: 'c', color: 'green' },
  });
});
