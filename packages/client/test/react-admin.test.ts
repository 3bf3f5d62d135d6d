import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QueryClient } from '@tanstack/react-query';
import { Window } from 'happy-dom';
import { anyone, app, createdAt, integer, integerId, reference, resource, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { dataProvider } from '../src/adapters/react-admin.ts';
import { type Client, createClient, unwrap } from '../src/index.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const resources = {
  authors: resource({ id: integerId(), fields: { name: text({ search: true }) }, can }),
  books: resource({
    id: integerId(),
    fields: {
      title: text({ min: 1, max: 20 }),
      pages: integer({ default: 0 }),
      author: reference('authors'),
      created_at: createdAt(),
    },
    can,
  }),
};
const library = app({ name: 'library', resources });

// A document before react-dom is loaded, which looks for one.
const window = new Window({ url: 'http://localhost/' });
for (const name of ['window', 'document', 'HTMLElement', 'localStorage', 'MutationObserver'] as const)
  Object.defineProperty(globalThis, name, {
    value: name === 'window' ? window : window[name],
    configurable: true,
  });

const { createElement } = await import('react');
const { createRoot } = await import('react-dom/client');
const ra = await import('ra-core');
type Hook<Value> = () => Value;

let served: Served<typeof resources>;
let client: Client<typeof library>;
const sent: { line: string; body: unknown }[] = [];
const authors: number[] = [];

before(async () => {
  served = await serveApp(library);
  client = createClient<typeof library>({
    url: served.url,
    fetch: (input, init) => {
      const line = `${init?.method} ${String(input).slice(served.url.length)}`;
      sent.push({ line, body: init?.body && JSON.parse(String(init.body)) });
      return fetch(input, init);
    },
  });
  for (const name of ['ann', 'bob']) authors.push(unwrap(await client.rows.authors.create({ name })).id);
  const books = Array.from({ length: 7 }, (_, at) => ({
    title: `book ${at}`,
    pages: at * 10,
    author: authors[at % 2] ?? 0,
  }));
  unwrap(await client.rows.books.createMany(books));
});
after(async () => {
  await window.happyDOM.close();
  await served.close();
});

/** Renders a component of react-admin that calls a hook, until its value is what is waited for. */
async function rendered<Value>(hook: Hook<Value>, isDone: (value: Value) => boolean): Promise<Value> {
  // The type of an element of happy-dom is not the browser's.
  const root = createRoot(
    window.document.createElement('div') as unknown as Parameters<typeof createRoot>[0],
  );
  const { promise, resolve } = Promise.withResolvers<Value>();
  const Probe = () => {
    const value = hook();
    if (isDone(value)) resolve(value);
    return null;
  };
  const queryClient = new QueryClient();
  const context = { dataProvider: dataProvider(client), store: ra.memoryStore(), queryClient };
  root.render(createElement(ra.CoreAdminContext, context, createElement(Probe)));
  try {
    return await promise;
  } finally {
    root.unmount();
    // Its timers would keep the process alive.
    queryClient.clear();
  }
}

const settled = (state: { isPending: boolean }) => !state.isPending;
const titles = (rows: readonly { title?: string }[] | undefined) => rows?.map(({ title }) => title);

test('a list: sorted, filtered, paged and counted', async () => {
  const params = {
    resource: 'books',
    sort: { field: 'pages', order: 'DESC' },
    perPage: 2,
    filter: { pages: { gte: 10 }, author: { name: { starts: 'a' } } },
    disableSyncWithLocation: true,
  } as const;
  const first = await rendered(() => ra.useListController(params), settled);
  assert.deepEqual([titles(first.data), first.total, first.hasNextPage], [['book 6', 'book 4'], 3, true]);
  const page = { pagination: { page: 2, perPage: 2 }, sort: params.sort, filter: params.filter };
  const second = await rendered(() => ra.useGetList('books', page), settled);
  assert.deepEqual([titles(second.data), second.total], [['book 2'], 3]);
  const found = await rendered(() => ra.useGetList('authors', { filter: { q: 'BO' } }), settled);
  assert.deepEqual(
    found.data?.map(({ name }) => name),
    ['bob'],
  );
  const sort = { field: 'title', order: 'ASC' } as const;
  const some = await rendered(
    () => ra.useGetList('books', { filter: { title: ['book 1', 'book 3'] }, sort }),
    settled,
  );
  assert.deepEqual(titles(some.data), ['book 1', 'book 3']);
  const meta = { expand: { author: { fields: ['name'] } } };
  const related = await rendered(() => ra.useGetList('books', { filter: { pages: 0 }, meta }), settled);
  assert.equal(related.data?.[0]?.expand.author.name, 'ann');
});

test('more rows than a page has, as an export asks for', async () => {
  const bodies = Array.from({ length: 450 }, (_, at) => ({ name: `many ${String(at).padStart(3, '0')}` }));
  unwrap(await client.rows.authors.createMany(bodies));
  const { data, total } = await dataProvider(client).getList('authors', {
    pagination: { page: 2, perPage: 300 },
    sort: { field: 'name', order: 'ASC' },
    filter: { name: { starts: 'many' } },
  });
  assert.deepEqual([data.length, data[0].name, total], [150, 'many 300', 450]);
  unwrap(await client.rows.authors.deleteMany({ filter: { name: { starts: 'many' } }, max: 450 }));
});

test('many by their ids, in one request, and those that refer to a row', async () => {
  sent.length = 0;
  const many = await rendered(
    () => [
      ra.useGetManyAggregate('authors', { ids: [authors[1]] }),
      ra.useGetManyAggregate('authors', { ids: [authors[0], authors[1]] }),
    ],
    (states) => states.every(settled),
  );
  assert.deepEqual(
    many.map(({ data }) => data?.map(({ name }) => name).sort()),
    [['bob'], ['ann', 'bob']],
  );
  assert.equal(sent.length, 1);
  const params = {
    target: 'author',
    id: authors[1] ?? 0,
    pagination: { page: 1, perPage: 2 },
    sort: { field: 'title', order: 'ASC' },
    filter: { pages: { gt: 10 } },
  } as const;
  const books = await rendered(() => ra.useGetManyReference('books', params), settled);
  assert.deepEqual([titles(books.data), books.total], [['book 3', 'book 5'], 2]);
});

test('create, update and delete, also of many', async () => {
  const create = await rendered(
    () => ra.useCreate(),
    (hook) => hook !== undefined,
  );
  const made = await create[0](
    'books',
    { data: { title: 'new', author: authors[0] } },
    { returnPromise: true },
  );
  assert.equal(made.title, 'new');

  const edit = await rendered(() => ra.useEditController({ resource: 'books', id: made.id }), settled);
  assert.ok(edit.record && edit.save);
  sent.length = 0;
  const update = await rendered(
    () => ra.useUpdate(),
    (hook) => hook !== undefined,
  );
  const change = { id: made.id, data: { ...edit.record, title: 'newer' }, previousData: edit.record };
  const changed = await update[0]('books', change, { returnPromise: true });
  assert.equal(changed.title, 'newer');
  // What did not change is not sent, nor what the server sets.
  assert.deepEqual(sent[0], { line: `PATCH /v1/books/${made.id}`, body: { title: 'newer' } });

  const provider = dataProvider(client);
  const ids = unwrap(await client.rows.books.list({ filter: { pages: { gte: 50 } } })).items.map(
    ({ id }) => id,
  );
  assert.deepEqual(await provider.updateMany('books', { ids, data: { pages: 99 } }), { data: ids });
  assert.equal((await provider.getOne('books', { id: ids[0] ?? 0 })).data.pages, 99);
  assert.deepEqual(await provider.deleteMany('books', { ids }), { data: ids });
  const remove = await rendered(
    () => ra.useDelete(),
    (hook) => hook !== undefined,
  );
  const gone = await remove[0]('books', { id: made.id, previousData: changed }, { returnPromise: true });
  assert.equal(gone.title, 'newer');
  await assert.rejects(provider.getOne('books', { id: made.id }), { status: 404 });
});

test('problems of fields come to their inputs, and a faster edit with both rows', async () => {
  const controller = await rendered(
    () => ra.useCreateController({ resource: 'books', redirect: false }),
    ({ save }) => save !== undefined,
  );
  const answered = await controller.save?.({ title: 'far too long for a title', author: authors[0] });
  assert.deepEqual(Object.keys(Object(answered)), ['title']);

  const provider = dataProvider(client);
  const { data: before } = await provider.getOne('books', { id: 1 });
  const other = createClient<typeof library>({ url: served.url });
  unwrap(await other.rows.books.patch(1, { pages: 5 }));
  await assert.rejects(
    provider.update('books', { id: 1, data: { ...before, title: 'mine' }, previousData: before }),
    (error) => {
      const { status, problem } = Object(error);
      assert.deepEqual([status, problem.mine.pages, problem.theirs.pages], [412, 0, 5]);
      return true;
    },
  );
});
