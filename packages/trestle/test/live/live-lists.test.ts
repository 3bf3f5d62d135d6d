import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import {
  accounts,
  administrator,
  any,
  app,
  author,
  exists,
  integerId,
  its,
  me,
  oneOf,
  own,
  reference,
  resource,
  signedIn,
  text,
  updatedAt,
  where,
} from '../../src/index.ts';
import { type Served, serveApp } from '../../src/testing.ts';
import { eachPlace, everyPlace, type Place } from '../stores.ts';
import { EventReader, type ReadEvent } from './event-reader.ts';

const articles = resource({
  id: integerId(),
  fields: {
    title: text(),
    status: oneOf(['draft', 'published'], { default: 'draft' }),
    note: text({ nullable: true, can: { read: administrator } }),
    author: author(),
  },
  live: true,
  can: {
    read: any(where({ status: 'published' }), own('author')),
    create: signedIn,
    update: own('author'),
    delete: own('author'),
  },
});
const teams = resource({
  fields: { name: text() },
  can: { read: signedIn, create: signedIn, delete: signedIn },
});
const members = resource({
  fields: { team: reference('teams', { onDelete: 'cascade' }), account: author() },
  can: { read: signedIn, create: signedIn, delete: signedIn },
});
const tasks = resource({
  fields: { team: reference('teams', { onDelete: 'cascade' }), title: text(), changed_at: updatedAt() },
  live: true,
  can: {
    read: exists('members', { team: its('team'), account: me }),
    create: signedIn,
    update: signedIn,
  },
});
const quiet = resource({ fields: { title: text() }, can: { read: signedIn } });
const newsroom = app({
  name: 'newsroom',
  accounts: accounts(),
  resources: { articles, teams, members, tasks, quiet },
});

type Newsroom = Served<(typeof newsroom)['resources']>;

async function open(place: Place, t: TestContext): Promise<Newsroom> {
  const served = await serveApp(newsroom, place);
  t.after(() => served.close());
  return served;
}

async function signUp(served: Newsroom, username: string): Promise<string> {
  const body = { username, password: 'a password of a reader' };
  await served.call('POST', '/v1/accounts', { body });
  const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
  assert.ok(tokens instanceof Object && 'access_token' in tokens);
  return String(tokens.access_token);
}

async function watch(served: Newsroom, t: TestContext, path: string, options = {}): Promise<EventReader> {
  const reader = await EventReader.open(`${served.url}${path}`, options);
  t.after(() => reader.close());
  return reader;
}

async function create(
  served: Newsroom,
  path: string,
  token: string,
  body: object,
): Promise<{ id: number | string }> {
  const { status, body: row } = await served.call('POST', path, { token, body });
  assert.equal(status, 201, JSON.stringify(row));
  assert.ok(row instanceof Object && 'id' in row);
  return { id: row.id as number };
}

function itemsOf(event: ReadEvent | undefined) {
  assert.equal(event?.event, 'page');
  const { items } = event.data as { items: { id: string; title: string }[] };
  return items;
}

const titleOf = (event: ReadEvent | undefined) => String(Reflect.get(Object(event?.data), 'title'));

const shape = (event: ReadEvent | undefined) => event && [event.event, event.data];

everyPlace('a live list', (place) => {
  it('begins with a page and goes on with what changes for its reader', async (t) => {
    const served = await open(await place(), t);
    const [ann, ben] = [await signUp(served, 'ann'), await signUp(served, 'ben')];
    const first = await create(served, '/v1/articles', ann, { title: 'first', status: 'published' });
    const reader = await watch(served, t, '/v1/articles/events', { token: ben });
    const page = await reader.next();
    assert.deepEqual(
      itemsOf(page).map(({ title }) => title),
      ['first'],
    );

    const draft = await create(served, '/v1/articles', ann, { title: 'draft' });
    const path = `/v1/articles/${draft.id}`;
    await served.call('PATCH', path, { token: ann, body: { status: 'published' } });
    const put = await reader.next();
    assert.equal(put?.event, 'put');
    const { author: _, ...row } = Object(put?.data);
    assert.deepEqual(row, { id: draft.id, title: 'draft', status: 'published' });
    await served.call('PATCH', path, {
      token: served.administrator,
      body: { note: 'a secret of the administrator' },
    });
    await served.call('PATCH', path, { token: ann, body: { status: 'draft' } });
    assert.deepEqual(shape(await reader.next()), ['gone', { id: draft.id }]);
    await served.call('DELETE', `/v1/articles/${first.id}`, { token: ann });
    await served.call('DELETE', path, { token: ann });
    assert.deepEqual(shape(await reader.next()), ['gone', { id: first.id }]);
    const last = await create(served, '/v1/articles', ann, { title: 'last', status: 'published' });
    const seen = await reader.next();
    assert.deepEqual([seen?.event, Reflect.get(Object(seen?.data), 'id')], ['put', last.id]);
  });

  it('applies its filter to rows before and after a change, as the list does', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const asked = '/v1/articles/events?filter[title][icontains]=news&limit=1';
    const reader = await watch(served, t, asked, { token: ann });
    assert.equal((await reader.next())?.event, 'page');
    await create(served, '/v1/articles', ann, { title: 'weather' });
    const row = await create(served, '/v1/articles', ann, { title: 'Old NEWS' });
    assert.equal((await reader.next())?.event, 'put');
    await served.call('PATCH', `/v1/articles/${row.id}`, { token: ann, body: { title: 'history' } });
    assert.deepEqual(shape(await reader.next()), ['gone', { id: row.id }]);
  });

  it('resumes after an event without a gap, and begins anew where it is not known', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const early = await watch(served, t, '/v1/articles/events', { token: ann });
    const begun = await early.next();
    const rows: (number | string)[] = [];
    for (const title of ['one', 'two', 'three'])
      rows.push((await create(served, '/v1/articles', ann, { title })).id);
    const [one, two, three] = [await early.next(), await early.next(), await early.next()];
    early.close();
    await served.call('DELETE', `/v1/articles/${rows[0]}`, { token: ann });

    const again = await watch(served, t, '/v1/articles/events', { token: ann, after: one?.id });
    const resumed = [await again.next(), await again.next(), await again.next()];
    assert.deepEqual(resumed.slice(0, 2), [two, three]);
    assert.deepEqual(shape(resumed[2]), ['gone', { id: rows[0] }]);
    const fromStart = await watch(served, t, '/v1/articles/events', { token: ann, after: begun?.id });
    assert.deepEqual([await fromStart.next(), await fromStart.next()], [one, two]);

    for (const after of ['999-zzz', `${one?.id}x`, 'nonsense']) {
      const unknown = await watch(served, t, '/v1/articles/events', { token: ann, after });
      assert.deepEqual(shape(await unknown.next()), ['resync', {}]);
      const page = await unknown.next();
      assert.equal(itemsOf(page).length, 2);
      unknown.close();
    }
  });

  it('ends within a second of its session', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const reader = await watch(served, t, '/v1/articles/events', { token: ann });
    assert.equal((await reader.next())?.event, 'page');
    const ended = reader.next().catch(() => undefined);
    const before = performance.now();
    assert.equal((await served.call('DELETE', '/v1/sessions', { token: ann })).status, 204);
    assert.equal(await ended, undefined);
    // Within a second on a machine with nothing else to do.
    assert.ok(performance.now() - before < 10_000, 'the stream outlived its session');
  });

  it('misses nothing, repeats nothing and keeps one order, whoever writes at once', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const titles: string[] = Array.from({ length: 60 }, (_, n) => `title ${n}`);
    const write = async (title: string) => {
      const body = { title, status: 'published' };
      assert.equal((await served.call('POST', '/v1/articles', { token: ann, body })).status, 201);
    };
    const written = Promise.all(titles.map(write));
    const seenBy = async () => {
      let reader = await watch(served, t, '/v1/articles/events?limit=200', { token: ann });
      const page = await reader.next();
      const seen = itemsOf(page).map(({ title }) => title);
      const ids: string[] = [];
      let last = page?.id;
      while (seen.length < titles.length) {
        const event = await reader.next();
        assert.equal(event?.event, 'put');
        seen.push(titleOf(event));
        ids.push(event?.id ?? '');
        last = event?.id;
        if (seen.length % 20 > 0) continue;
        reader.close();
        reader = await watch(served, t, '/v1/articles/events?limit=200', {
          token: ann,
          ...(last && { after: last }),
        });
      }
      assert.deepEqual(seen.toSorted(), titles.toSorted());
      return ids;
    };
    const all = await Promise.all(Array.from({ length: 6 }, seenBy));
    await written;
    for (const ids of all)
      assert.deepEqual(
        ids,
        ids.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)),
      );
  });

  it('begins anew where rows change that its rule looks at', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const team = await create(served, '/v1/teams', ann, { name: 'red' });
    const task = await create(served, '/v1/tasks', ann, { team: team.id, title: 'hidden so far' });
    const reader = await watch(served, t, '/v1/tasks/events', { token: ann });
    assert.deepEqual((await reader.next())?.data, { items: [], next: null, prev: null });
    await served.call('PATCH', `/v1/tasks/${task.id}`, { token: ann, body: { title: 'hidden still' } });
    const member = await create(served, '/v1/members', ann, { team: team.id });
    assert.equal((await reader.next())?.event, 'resync');
    const page = await reader.next();
    assert.deepEqual(
      itemsOf(page).map(({ id }) => id),
      [task.id],
    );
    await served.call('PATCH', `/v1/tasks/${task.id}`, { token: ann, body: { title: 'seen' } });
    assert.equal((await reader.next())?.event, 'put');
    await served.call('DELETE', `/v1/members/${member.id}`, { token: ann });
    assert.equal((await reader.next())?.event, 'resync');
  });
});

eachPlace('a live list', (place) => {
  it('is refused as its list is, with parameters that it does not have, and of a resource that is not live', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const statusOf = async (path: string, token?: string) =>
      (await watch(served, t, path, token ? { token } : {})).status;
    assert.equal(await statusOf('/v1/tasks/events'), 401);
    assert.equal(await statusOf('/v1/articles/events?cursor=abc', ann), 400);
    assert.equal(await statusOf('/v1/articles/events?filter[note]=a', ann), 400);
    assert.equal((await served.call('GET', '/v1/quiet/events', { token: ann })).status, 404);
    assert.equal((await served.call('HEAD', '/v1/articles/events', { token: ann })).status, 200);
  });

  it('sees the rows that a deletion takes with it', async (t) => {
    const served = await open(await place(), t);
    const ann = await signUp(served, 'ann');
    const team = await create(served, '/v1/teams', ann, { name: 'red' });
    await create(served, '/v1/members', ann, { team: team.id });
    const task = await create(served, '/v1/tasks', ann, { team: team.id, title: 'one' });
    const reader = await watch(served, t, '/v1/tasks/events', { token: served.administrator });
    assert.equal((await reader.next())?.event, 'page');
    await served.call('DELETE', `/v1/teams/${team.id}`, { token: ann });
    assert.deepEqual(shape(await reader.next()), ['gone', { id: task.id }]);
  });
});
