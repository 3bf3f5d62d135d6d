// A webhook tells its owner no more than a list does: not when a change is sent, not when it is sent again, and not in the log of deliveries.
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { system } from 'trestle/contract';
import type { Served } from 'trestle/testing';
import { receiver } from '../jobs/webhooks/receiver.ts';
import { makeKey } from '../mcp/tools-client.ts';
import { runSql } from '../run-sql.ts';
import { eachPlace, type Place } from '../stores.ts';
import { type Hidden, plain, resources, WORLDS, WRITES, world } from '../two-worlds.ts';

type Items = {
  items: { id: string; state: string; event: string; error: string | null; payload: Payload }[];
};
interface Payload {
  type: string;
  data: Record<string, unknown>;
}

const events = Object.keys(resources).flatMap((name) =>
  ['created', 'updated', 'deleted'].map((event) => `${name}.${event}`),
);

/** A world whose ben has a webhook for everything. */
async function watchedWorld(t: TestContext, place: Place, hidden: Hidden) {
  const made = await world(t, place, hidden);
  const { token, annToken } = made;
  const served = made.served as unknown as Served;
  const hooks = await receiver();
  t.after(() => hooks.close());
  const call = async (line: string, body?: unknown, as = token): Promise<Record<string, unknown>> => {
    const [method = '', path = ''] = line.split(' ');
    const reply = await served.call(method, `/v1${path}`, { token: as, ...(body !== undefined && { body }) });
    assert.ok(reply.status < 300, `${line}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return Object(reply.body);
  };
  const register = (as: string, path: string) =>
    call('POST /webhooks', { url: hooks.url + path, events }, as);
  /** Waits until all changes are sent. */
  const settled = async () => {
    const left =
      "select 1 as one from _trestle_jobs where name like 'webhooks.%' and state in ('queued', 'running')";
    while ((await runSql(served.engine.store, left)).length > 0)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const log = async (id: unknown, as = token, query = ''): Promise<Items['items']> =>
    ((await call(`GET /webhooks/${id}/deliveries?limit=200${query}`, undefined, as)) as unknown as Items)
      .items;
  return { ...made, served, token, annToken, hooks, call, register, settled, log };
}

/** All that a webhook of ben is told, and what its log says. */
async function toldOf(t: TestContext, place: Place, hidden: Hidden): Promise<string[]> {
  const { served, token, ann, hooks, register, settled, log } = await watchedWorld(t, place, {
    ...hidden,
    // Ids are given in turn: a row more comes after those that are seen.
    more: false,
  });
  const { id } = await register(token, '/ben');
  const { people, papers, shelves } = served.engine.services as unknown as Record<
    keyof typeof resources,
    Awaited<ReturnType<typeof world>>['served']['engine']['services']['people']
  >;
  for (const [line, body] of WRITES) {
    const [method = '', path = ''] = line.split(' ');
    await served.call(method, `/v1${path}`, { token, ...(body !== undefined && { body }) });
  }
  const { salary, word, boss, title, pages } = hidden;
  // Of hidden fields alone, of hidden rows alone, of both; and rows that come into reach, and leave it.
  for (const body of [{ salary }, { badge: `${word} of bea` }, { notes: word }, { plan: word }, { boss }])
    await people.patch(system(), 2, body as never);
  const closed = await papers.create(ann, { title, pages } as never);
  await papers.patch(system(), closed.id, { title: `${title} again` } as never);
  await shelves.patch(system(), 1, { paper: closed.id, papers: [closed.id] } as never);
  await shelves.patch(system(), 1, { papers: [] } as never);
  await papers.remove(system(), closed.id);
  const open = await papers.create(ann, { title: 'shown', state: 'open' } as never);
  await settled();
  if (hidden.more) await papers.create(ann, { title, pages } as never);
  await papers.patch(system(), open.id, { state: 'closed' } as never);
  await papers.patch(system(), open.id, { title } as never);
  await people.remove(system(), 2);
  await people.patch(system(), 3, { name: 'last', salary, notes: word } as never);
  await settled();
  const sent = hooks.received.map(({ body }) => JSON.parse(body) as Payload);
  assert.ok(sent.length > 5, 'nothing was sent');
  assert.ok(!JSON.stringify(sent).match(/salary|badge|notes|plan|boss|tags/));
  const logged = (await log(id)).map(({ event, payload, state }) => ({ event, payload, state }));
  const queries = await Promise.all(
    ['fields=event', 'filter[recorded][null]=true', 'sort=recorded', 'filter[payload]=x', 'search=a'].map(
      async (query) => (await served.call('GET', `/v1/webhooks/${id}/deliveries?${query}`, { token })).status,
    ),
  );
  const all = [...sent, ...logged, queries, await served.call('GET', '/v1/webhooks?filter[by]=x', { token })];
  return all.map(plain).toSorted();
}

eachPlace('webhooks over two databases that differ in what is hidden', (place) => {
  it('send and log the same', async (t) => {
    const [one = [], other = []] = await Promise.all(
      WORLDS.map(async (hidden) => toldOf(t, await place(), hidden)),
    );
    assert.deepEqual(other, one);
  });

  it('say of deliveries what their reader may read now', async (t) => {
    const { served, token, annToken, hooks, call, register, settled, log } = await watchedWorld(
      t,
      await place(),
      WORLDS[0],
    );
    const asRole = (roles: string[]) => call('POST /accounts/2:set-roles', { roles }, served.administrator);
    const dataOf = async (id: unknown, event: string, as = token) =>
      (await log(id, as)).find((each) => each.event === event)?.payload.data;
    await asRole(['hr']);
    const { id } = await register(token, '/ben');
    const { id: dan } = await call('POST /people', { name: 'dan' }, annToken);
    await call(`PATCH /people/${dan}`, { salary: 5 });
    const paper = await call('POST /papers', { title: 'open', state: 'open' }, annToken);
    await settled();
    const [delivery] = await log(id, token, '&filter[event]=people.updated');
    assert.equal((await dataOf(id, 'people.updated'))?.salary, 5);
    assert.equal((await dataOf(id, 'papers.created'))?.title, 'open');

    // The role is taken away, and a row is closed: the log and what is sent once more have them no more.
    await asRole([]);
    await call(`PATCH /papers/${paper.id}`, { state: 'closed' }, annToken);
    await settled();
    const row = await dataOf(id, 'people.updated');
    assert.equal(row?.name, 'dan');
    assert.equal(row && 'salary' in row, false);
    assert.deepEqual(await dataOf(id, 'papers.created'), { id: paper.id });
    const again = await call(`POST /webhooks/${id}/deliveries/${delivery?.id}:redeliver`);
    assert.doesNotMatch(JSON.stringify(again), /salary/);
    const [closed] = await log(id, token, '&filter[event]=papers.created');
    await call(`POST /webhooks/${id}/deliveries/${closed?.id}:redeliver`);
    await settled();
    const [refused] = await log(id, token, '&filter[event]=papers.created');
    assert.deepEqual(
      [refused?.state, refused?.error],
      ['failed', 'Its owner may not read the row any more.'],
    );
    const bodies = hooks.received.filter(({ headers }) => headers['webhook-id'] === `msg_${delivery?.id}`);
    assert.deepEqual(
      bodies.map(({ body }) => body.includes('salary')),
      [true, false],
    );

    // A key sees of the log what its scopes let it read, and sends nothing elsewhere that they do not.
    const key = await makeKey(served, token, ['webhooks:*', 'webhook_deliveries:read']);
    assert.deepEqual(await dataOf(id, 'people.updated', key), { id: row?.id });
    const moved = { url: `${hooks.url}/elsewhere` };
    const forbidden = await served.call('PATCH', `/v1/webhooks/${id}`, { token: key, body: moved });
    assert.equal(forbidden.status, 403);

    // What waits is not sent once the account is disabled.
    hooks.answers.set('/ben', 503);
    await call('POST /people', { name: 'eve' }, annToken);
    await hooks.next('/ben', hooks.count('/ben'));
    await call('POST /accounts/2:disable', undefined, served.administrator);
    const before = hooks.count('/ben');
    await runSql(served.engine.store, "update _trestle_jobs set due = 0 where name = 'webhooks.deliver'");
    await settled();
    assert.equal(hooks.count('/ben'), before);
    const waiting = await log(id, served.administrator, '&filter[state]=failed');
    assert.ok(waiting.some(({ error }) => error === 'Its owner may have no webhook any more.'));
  });
});
