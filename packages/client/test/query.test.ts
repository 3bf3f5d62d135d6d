import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { InfiniteQueryObserver, MutationObserver, QueryClient, QueryObserver } from '@tanstack/query-core';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../apps/changelog/app.ts';
import { sameType } from '../../trestle/test/types/same-type.ts';
import { queries } from '../src/adapters/query.ts';
import { createClient, ProblemError, unwrap } from '../src/index.ts';

let served: Served<typeof changelog.resources>;
const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });

before(async () => {
  served = await serveApp(changelog);
  cache.mount();
});
after(async () => {
  cache.clear();
  cache.unmount();
  await served.close();
});

test('lists, pages, rows, mutations and other calls, by the real library', async (t) => {
  const asked: string[] = [];
  const client = createClient<typeof changelog>({
    url: served.url,
    fetch: (input, init) => {
      asked.push(`${init?.method} ${String(input).slice(served.url.length)}`);
      return fetch(input, init);
    },
  });
  unwrap(await client.signUp({ username: 'ann', password: 'x' }));
  unwrap(await client.signIn({ username: 'ann', password: 'x' }));
  const { rows, query, mutation } = queries(client);

  const create = new MutationObserver(cache, rows.projects.create());
  const made = [
    await create.mutate({ title: 'a' }),
    await create.mutate({ title: 'b' }),
    await create.mutate({ title: 'c' }),
  ] as const;
  sameType<(typeof made)[number]['active'], boolean>(true);

  // A list that is shown is read again after a change, and not before.
  const list = rows.projects.list({ filter: { active: { eq: true } }, sort: ['title'], fields: ['title'] });
  const shown = new QueryObserver(cache, list);
  const states: (string[] | undefined)[] = [];
  t.after(shown.subscribe(({ data }) => states.push(data?.items.map(({ title }) => title))));
  await cache.fetchQuery(list);
  const data = cache.getQueryData(list.queryKey);
  sameType<NonNullable<typeof data>['items'][number]['title'], string>(true);
  // @ts-expect-error it was not asked for
  data?.items[0]?.active;
  const patch = new MutationObserver(cache, rows.projects.patch());
  await patch.mutate({ id: made[1].id, patch: { active: false } });
  assert.deepEqual(states.at(-1), ['a', 'c']);

  const pages = new InfiniteQueryObserver(cache, rows.projects.pages({ sort: ['title'], limit: 2 }));
  t.after(pages.subscribe(() => {}));
  await pages.refetch();
  assert.equal(pages.getCurrentResult().hasNextPage, true);
  await pages.fetchNextPage();
  const { data: read, hasNextPage } = pages.getCurrentResult();
  assert.deepEqual(
    read?.pages.flatMap(({ items }) => items.map(({ title }) => title)),
    ['a', 'b', 'c'],
  );
  assert.equal(hasNextPage, false);

  const one = await cache.fetchQuery(rows.projects.get(made[0].id, { expand: { created_by: true } }));
  assert.equal(one.expand.created_by?.username, 'ann');

  // The routes of the contract, under the same keys and the same refreshing.
  const documented = query(['documented'], (context) => client.contract.get('/projects', context));
  assert.equal((await cache.fetchQuery(documented)).length, 3);
  const post = mutation((title: string) =>
    client.contract.post('/updates', { body: { title, project_id: made[0].id, relevant_points: [] } }),
  );
  assert.equal((await new MutationObserver(cache, post).mutate('news')).title, 'news');

  asked.length = 0;
  await new MutationObserver(cache, rows.projects.delete()).mutate(made[2].id);
  assert.deepEqual(states.at(-1), ['a']);
  assert.ok(asked.some((line) => line.startsWith('GET /v1/projects?')));

  await assert.rejects(
    cache.fetchQuery(rows.projects.get(999)),
    (error) => error instanceof ProblemError && error.problem.code === 'not_found',
  );
});

test('a query that nobody waits for any more is aborted', async () => {
  const { rows } = queries(
    createClient<typeof changelog>({
      url: served.url,
      fetch: (_input, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
        }),
    }),
  );
  const observer = new QueryObserver(cache, rows.updates.list());
  const stop = observer.subscribe(() => {});
  const { queryKey } = rows.updates.list();
  stop();
  await cache.cancelQueries({ queryKey });
  assert.equal(cache.getQueryState(queryKey)?.fetchStatus, 'idle');
});
