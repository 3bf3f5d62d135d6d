import assert from 'node:assert/strict';
import { after, before, it, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import {
  accounts,
  any,
  anyone,
  app,
  author,
  integer,
  integerId,
  own,
  resource,
  role,
  signedIn,
  text,
} from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { runSql } from '../../run-sql.ts';
import { eachPlace } from '../../stores.ts';
import { type Received, receiver } from './receiver.ts';

const notes = resource({
  id: integerId(),
  fields: {
    title: text(),
    salary: integer({ default: 0, can: { read: role('hr') } }),
    writer: author(),
  },
  can: { read: any(own('writer'), role('hr')), create: signedIn, update: anyone, delete: anyone },
});
const office = app({
  name: 'office',
  accounts: accounts({ roles: ['hr'] }),
  resources: { notes },
  webhooks: { can: signedIn, allowPrivate: true },
});

eachPlace('webhooks', (place) => {
  let served: Served;
  let hooks: Awaited<ReturnType<typeof receiver>>;
  const tokens = new Map<string, string>();

  before(async () => {
    hooks = await receiver();
    served = (await serveApp(office, await place())) as unknown as Served;
    for (const username of ['ann', 'bob', 'hal']) {
      const credentials = { username, password: 'the lighthouse keeper paints' };
      const made = await call('POST', '/v1/accounts', credentials);
      if (username === 'hal')
        await call('POST', `/v1/accounts/${made.id}:set-roles`, { roles: ['hr'] }, served.administrator);
      tokens.set(username, String((await call('POST', '/v1/sessions', credentials)).access_token));
    }
  });
  after(async () => {
    await served.close();
    hooks.close();
  });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    ...[token, expected = 300]: readonly [(string | undefined)?, number?]
  ) {
    const reply = await served.call(method, path, {
      ...(body !== undefined && { body }),
      token: token && (tokens.get(token) ?? token),
    });
    const text = `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`;
    assert.ok(expected < 400 ? reply.status < expected : reply.status === expected, text);
    return (reply.body ?? {}) as Record<string, unknown> & { id: string; items: Record<string, unknown>[] };
  }
  const register = (token: string, path: string, events: string[]) =>
    call('POST', '/v1/webhooks', { url: `${hooks.url}${path}`, events }, token);
  const verified = ({ headers, body }: Received, secret: unknown) =>
    new Webhook(String(secret)).verify(body, headers) as {
      type: string;
      timestamp: string;
      data: Record<string, unknown>;
    };
  /** The deliveries of a webhook once one of them is in a state. */
  async function delivery(id: string, token: string, state: string, attempts = 1) {
    for (;;) {
      const { items } = await call('GET', `/v1/webhooks/${id}/deliveries`, undefined, token);
      const found = items.find((each) => each.state === state && Number(each.attempts) >= attempts);
      if (found) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('tells of changes that the owner may read, with the fields that it may read, signed', async () => {
    const events = ['notes.created', 'notes.updated', 'notes.deleted'];
    const ann = await register('ann', '/ann', events);
    const hal = await register('hal', '/hal', events);
    assert.match(String(ann.secret), /^whsec_[A-Za-z0-9+/]{43}=$/);
    const read = await call('GET', `/v1/webhooks/${ann.id}`, undefined, 'ann');
    for (const hidden of ['secret', 'generation', 'by']) assert.ok(!(hidden in read), hidden);

    const other = await call('POST', '/v1/notes', { title: 'of bob' }, 'bob');
    const note = await call('POST', '/v1/notes', { title: 'of ann' }, 'ann');
    const first = await hooks.next('/ann');
    const created = verified(first, ann.secret);
    assert.deepEqual(created.data, { id: note.id, title: 'of ann', writer: note.writer });
    assert.equal(created.type, 'notes.created');
    assert.ok(Math.abs(Date.parse(created.timestamp) - Date.now()) < 60_000);
    assert.match(String(first.headers['webhook-id']), /^msg_/);
    assert.equal(first.headers['content-type'], 'application/json');
    const seen = [
      verified(await hooks.next('/hal'), hal.secret),
      verified(await hooks.next('/hal', 1), hal.secret),
    ];
    assert.deepEqual(seen.map(({ data }) => data.id).sort(), [other.id, note.id].sort());
    assert.equal(seen[0]?.data.salary, 0);
    assert.throws(() => verified(first, hal.secret));

    // A field that ann may not read is no change to her.
    await call('PATCH', `/v1/notes/${note.id}`, { salary: 5 }, 'ann');
    await call('PATCH', `/v1/notes/${note.id}`, { title: 'changed' }, 'ann');
    await call('DELETE', `/v1/notes/${note.id}`, undefined, 'ann');
    const later = [await hooks.next('/ann', 1), await hooks.next('/ann', 2)].map((each) =>
      verified(each, ann.secret),
    );
    assert.deepEqual(later.map(({ type }) => type).sort(), ['notes.deleted', 'notes.updated']);
    assert.deepEqual(later[0]?.data, { id: note.id, title: 'changed', writer: note.writer });

    const done = await delivery(ann.id, 'ann', 'delivered');
    assert.equal(done.status, 204);
    assert.ok(Number(done.duration_ms) >= 0);
    for (const path of ['', '/deliveries'])
      await call('GET', `/v1/webhooks/${ann.id}${path}`, undefined, 'bob', 404);
    await call('POST', `/v1/webhooks/${ann.id}:roll`, undefined, 'bob', 404);
    await call('POST', '/v1/webhooks', { url: hooks.url, events: ['notes.created'] }, undefined, 401);
    await call('POST', '/v1/webhooks', { url: hooks.url, events: ['rows.created'] }, 'ann', 422);
    await call('DELETE', `/v1/webhooks/${hal.id}`, undefined, 'hal');
  });

  it('signs with two secrets while one is rolled, and sends tests and deliveries again', async () => {
    const made = await register('bob', '/bob', ['notes.updated']);
    const { secret } = await call('POST', `/v1/webhooks/${made.id}:roll`, { overlap: 60 }, 'bob');
    assert.notEqual(secret, made.secret);
    await call('POST', `/v1/webhooks/${made.id}:test`, undefined, 'bob');
    const tested = await hooks.next('/bob');
    for (const each of [secret, made.secret]) assert.equal(verified(tested, each).type, 'webhook.test');
    await call('POST', `/v1/webhooks/${made.id}:roll`, { overlap: 0 }, 'bob');
    const { id } = await delivery(made.id, 'bob', 'delivered');
    await call('POST', `/v1/webhooks/${made.id}/deliveries/${id}:redeliver`, undefined, 'bob');
    const again = await hooks.next('/bob', 1);
    assert.equal(again.headers['webhook-id'], tested.headers['webhook-id']);
    assert.throws(() => verified(again, made.secret));
    await call('POST', `/v1/webhooks/${made.id}/deliveries/${id}:redeliver`, undefined, 'ann', 404);
  });

  it('tries again, and switches off what fails for long or is gone', async () => {
    hooks.answers.set('/down', 503);
    const made = await register('bob', '/down', ['notes.created']);
    await call('POST', '/v1/notes', { title: 'lost' }, 'bob');
    await hooks.next('/down');
    const failed = await delivery(made.id, 'bob', 'waiting');
    assert.equal(failed.status, 503);
    const wait = Date.parse(String(failed.next_at)) - Date.parse(String(failed.attempted_at));
    assert.ok(wait > 3_900 && wait < 6_100, String(wait));
    const due = "update _trestle_jobs set due = 0 where name = 'webhooks.deliver' and state = 'queued'";
    await runSql(served.engine.store, due);
    await hooks.next('/down', 1);
    await delivery(made.id, 'bob', 'waiting', 2);
    assert.ok((await call('GET', `/v1/webhooks/${made.id}`, undefined, 'bob')).failing_since);

    // The last attempt, after days without one success.
    await runSql(
      served.engine.store,
      `update webhooks set failing_since = '2020-01-01T00:00:00.000Z' where id = '${made.id}'`,
    );
    await runSql(
      served.engine.store,
      `update webhook_deliveries set attempts = 9 where webhook = '${made.id}'`,
    );
    await runSql(served.engine.store, due);
    await delivery(made.id, 'bob', 'failed', 10);
    const off = await call('GET', `/v1/webhooks/${made.id}`, undefined, 'bob');
    assert.equal(off.active, false);
    assert.equal(off.disabled_reason, 'It answered 503.');
    const before = hooks.count('/down');
    hooks.answers.set('/down', 200);
    const on = await call('PATCH', `/v1/webhooks/${made.id}`, { active: true }, 'bob');
    assert.equal(on.failing_since, null);
    await call('POST', '/v1/notes', { title: 'heard' }, 'bob');
    assert.match((await hooks.next('/down', before)).body, /"heard"/);

    hooks.answers.set('/gone', 410);
    const gone = await register('bob', '/gone', ['notes.created']);
    await call('POST', '/v1/notes', { title: 'x' }, 'bob');
    await delivery(gone.id, 'bob', 'failed');
    assert.equal((await call('GET', `/v1/webhooks/${gone.id}`, undefined, 'bob')).active, false);
  });

  it('leaves nothing of a write that is undone, and ends with the account of its owner', async () => {
    const made = await register('hal', '/hal2', ['notes.created']);
    const requests = [
      { method: 'POST', path: '/v1/notes', body: { title: 'never' } },
      { method: 'DELETE', path: '/v1/notes/999999' },
    ];
    await call('POST', '/v1/batch', { requests }, 'hal', 404);
    await call('POST', '/v1/notes?dry_run=true', { title: 'never' }, 'hal');
    await call('POST', '/v1/notes', { title: 'last' }, 'hal');
    assert.match((await hooks.next('/hal2')).body, /"last"/);
    const [account] = (
      await call('GET', '/v1/accounts?filter[username]=hal', undefined, served.administrator)
    ).items;
    await call('DELETE', `/v1/accounts/${account?.id}`, undefined, served.administrator);
    const open = await register(served.administrator, '/admin', ['notes.created']);
    await call('POST', '/v1/notes', { title: 'after' }, 'bob');
    assert.match(verified(await hooks.next('/admin'), open.secret).type, /created/);
    const { items } = await call(
      'GET',
      `/v1/webhooks/${made.id}/deliveries`,
      undefined,
      served.administrator,
    );
    assert.equal(items.length, 1);
  });

  it('stands in the OpenAPI document', async () => {
    const document = await call('GET', '/openapi.json');
    assert.deepEqual(Object.keys(document.webhooks ?? {}), [
      'notes.created',
      'notes.updated',
      'notes.deleted',
    ]);
    const { paths, components } = document as {
      paths?: object;
      components?: { schemas?: Record<string, object> };
    };
    assert.ok(JSON.stringify(paths).includes('redeliverWebhook'));
    const has = (name: string) => JSON.stringify(components?.schemas?.[name]).includes('"secret"');
    assert.deepEqual([has('NewWebhook'), has('Webhook')], [true, false]);
  });

  it('shows a key no more than its scopes', async () => {
    const key = await call('POST', '/v1/keys', { name: 'k', scopes: ['webhooks:create'] }, 'bob');
    await call('POST', '/v1/webhooks', { url: hooks.url, events: ['notes.created'] }, String(key.key), 403);
    const able = await call(
      'POST',
      '/v1/keys',
      { name: 'k', scopes: ['webhooks:create', 'notes:read'] },
      'bob',
    );
    await call('POST', '/v1/webhooks', { url: hooks.url, events: ['notes.created'] }, String(able.key));
  });
});

test('an address that is not public is refused, as a download is', async (t) => {
  const closed = app({
    name: 'closed',
    resources: { notes },
    accounts: accounts({ roles: ['hr'] }),
    webhooks: {},
  });
  const served = await serveApp(closed);
  t.after(() => served.close());
  const token = served.administrator;
  const made = await served.call('POST', '/v1/webhooks', {
    token,
    body: { url: 'http://127.0.0.1:9/', events: ['notes.created'] },
  });
  const { id } = made.body as { id: string };
  await served.call('POST', `/v1/webhooks/${id}:test`, { token });
  for (;;) {
    const { body } = await served.call('GET', `/v1/webhooks/${id}/deliveries`, { token });
    const [first] = (body as { items: { error: string | null }[] }).items;
    if (first?.error) {
      assert.match(first.error, /address that is not public/);
      break;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('an app without webhooks has neither their tables nor their routes', async (t) => {
  const served = await serveApp(
    app({ name: 'plain', resources: { notes }, accounts: accounts({ roles: ['hr'] }) }),
  );
  t.after(() => served.close());
  assert.equal((await served.call('GET', '/v1/webhooks', { token: served.administrator })).status, 404);
  assert.equal(served.engine.models.has('webhooks'), false);
});

test('wrong declarations are refused with their path', () => {
  const declare = (webhooks: object, resources: object = { notes }) =>
    app({ name: 'wrong', accounts: accounts({ roles: ['hr'] }), resources, webhooks } as never);
  assert.throws(
    () => declare({ resources: ['note'] }),
    /wrong\.webhooks\.resources: there is no resource "note"/,
  );
  assert.throws(() => declare({ url: 'x' }), /wrong\.webhooks: webhooks has no option 'url'/);
  assert.throws(
    () => declare({}, { webhooks: notes }),
    /wrong\.webhooks: the resource webhooks has the name/,
  );
});
