import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  count,
  exists,
  integerId,
  its,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  text,
  through,
  updatedAt,
} from 'trestle';
import { anonymous, type Context, system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { eachPlace } from '../../stores.ts';

const id = integerId();
const all = { read: anyone, create: anyone, update: anyone, delete: anyone };
const patients = resource({
  id,
  fields: {
    name: text({ max: 50, unique: true }),
    code: text({ max: 9, default: 'x' }),
    team: text({ max: 9, default: 'x' }),
    made_by: author(),
    updated_at: updatedAt(),
  },
  unique: [['code', 'team', 'name']],
  softDelete: { restore: role('desk') },
  can: { read: anyone, create: anyone, update: anyone, delete: own('made_by') },
});
const visits = resource({
  id,
  fields: { patient: reference('patients'), title: text({ default: '' }) },
  can: { ...all, update: through('patient', 'read') },
});
const drafts = resource({
  id,
  fields: { name: text({ max: 50 }), made_by: author() },
  order: 'name',
  softDelete: true,
  can: { ...all, delete: own('made_by') },
});
const rooms = resource({
  id,
  fields: {
    name: text({ max: 50 }),
    patients: references('patients'),
    named: count('patients', { name: its('name') }),
  },
  can: { ...all, update: exists('patients', { name: its('name') }) },
});
const clinic = app({
  name: 'clinic',
  accounts: accounts({ id, roles: ['desk'] }),
  resources: { patients, visits, rooms, drafts },
});

eachPlace('rows that are deleted softly', (place) => {
  let served: Served<(typeof clinic)['resources']>;
  const ada: Context = { caller: { kind: 'account', account: 1, session: 's' } };
  const desk: Context = { caller: { kind: 'account', account: 1, session: 's', roles: ['desk'] } };
  before(async () => {
    served = await serveApp(clinic, await place());
    await served.call('POST', '/v1/accounts', {
      body: { username: 'ada', password: 'correct horse battery' },
    });
  });
  after(() => served.close());

  it('are in no read, list, count, rule or reference, and come back as they were', async () => {
    const { patients: service, visits: visit, rooms: room } = served.engine.services;
    const one = await service.create(ada, { name: 'one' });
    const two = await service.create(ada, { name: 'two' });
    const visited = await visit.create(ada, { patient: one.id });
    const full = await room.create(ada, { name: 'one', patients: [two.id, one.id] });
    assert.equal(full.named, 1);
    await assert.rejects(service.remove({ caller: anonymous }, one.id), { code: 'unauthenticated' });
    await service.remove(ada, one.id);
    for (const context of [ada, desk, system(), { caller: { kind: 'administrator' } } as const]) {
      await assert.rejects(service.read(context, one.id), { code: 'not_found' });
      await assert.rejects(service.patch(context, one.id, { code: 'y' }), { code: 'not_found' });
      await assert.rejects(service.remove(context, one.id), { code: 'not_found' });
      const page = await service.list(context, { count: 'exact' });
      assert.deepEqual([page.items.map(({ name }) => name), page.total], [['two'], 1]);
      assert.equal((await service.readMany(context, [one.id])).size, 0);
      await assert.rejects(visit.create(context, { patient: one.id }), { code: 'invalid' });
      await assert.rejects(room.create(context, { name: 'x', patients: [one.id] }), { code: 'invalid' });
    }
    assert.equal((await visit.read(ada, visited.id)).patient, one.id);
    await assert.rejects(visit.patch(ada, visited.id, { title: 'x' }), { code: 'forbidden' });
    await assert.rejects(room.patch(ada, full.id, { name: 'x' }), { code: 'forbidden' });
    const seen = await room.read(ada, full.id);
    assert.deepEqual([seen.patients, seen.named], [[two.id], 0]);
    assert.equal((await room.list(ada, { filter: { patients: { has: one.id } } })).items.length, 0);

    await assert.rejects(service.restore(ada, one.id), { code: 'forbidden' });
    await assert.rejects(service.restore(desk, two.id), { code: 'not_found' });
    const back = await service.restore(desk, one.id);
    assert.partialDeepStrictEqual(back, { id: one.id, name: 'one', made_by: 1 });
    assert.partialDeepStrictEqual(await service.read(ada, one.id), { name: 'one' });
    assert.deepEqual((await room.read(ada, full.id)).patients, [two.id, one.id]);
    await assert.rejects(service.restore(desk, one.id), { code: 'not_found' });
  });

  it('leave their unique values to others, and do not come back beside those', async () => {
    const { patients: service } = served.engine.services;
    const old = await service.create(ada, { name: 'same' });
    await assert.rejects(service.create(ada, { name: 'same' }), { code: 'conflict' });
    await service.remove(ada, old.id);
    const next = await service.create(ada, { name: 'same' });
    await assert.rejects(service.restore(desk, old.id), (error: { code: string; data: object }) => {
      assert.equal(error.code, 'conflict');
      assert.partialDeepStrictEqual(error.data, { fields: ['name'] });
      return true;
    });
    await assert.rejects(service.read(ada, old.id), { code: 'not_found' });
    await service.remove(ada, next.id);
    await service.restore(desk, old.id);
  });

  it('are listed for who may bring them back', async () => {
    const { drafts: service, patients: patient, visits: visit } = served.engine.services;
    const bob: Context = { caller: { kind: 'account', account: 2, session: 's' } };
    await served.call('POST', '/v1/accounts', {
      body: { username: 'bob', password: 'correct horse battery' },
    });
    for (const context of [ada, bob])
      for (const name of ['a', 'b', 'c']) await service.create(context, { name });
    const { items } = await service.list({ caller: anonymous });
    for (const { id: each, made_by } of items.filter(({ name }) => name !== 'c'))
      await service.remove(made_by === 1 ? ada : bob, each);
    const names = async (context: Context, query = {}) =>
      (await service.list(context, { deleted: true, ...query })).items.map((row) => [row.name, row.made_by]);
    assert.deepEqual(await names(ada), [
      ['a', 1],
      ['b', 1],
    ]);
    assert.deepEqual(await names(bob, { filter: { name: { eq: 'b' } } }), [['b', 2]]);
    assert.equal((await names(system())).length, 4);
    const first = await service.list(system(), { deleted: true, limit: 3, count: 'exact' });
    assert.equal(first.total, 4);
    assert.equal(
      (await service.list(system(), { deleted: true, limit: 3 }, first.next ?? '')).items.length,
      1,
    );
    // A cursor of the one is none of the other.
    await assert.rejects(service.list(system(), { limit: 3 }, first.next ?? ''), { code: 'invalid_cursor' });
    await assert.rejects(service.list({ caller: anonymous }, { deleted: true }), { code: 'unauthenticated' });
    await assert.rejects(patient.list(ada, { deleted: true }), { code: 'forbidden' });
    await assert.rejects(visit.list(ada, { deleted: true }), { code: 'invalid_query' });
    const call = (path: string, token?: string) => served.call('GET', path, { token });
    const listed = await call('/v1/drafts?deleted=true&fields=name', served.administrator);
    assert.deepEqual([listed.status, (listed.body as { items: unknown[] }).items.length], [200, 4]);
    const present = await call('/v1/drafts?deleted=false', served.administrator);
    assert.equal((present.body as { items: unknown[] }).items.length, 2);
    assert.equal((await call('/v1/drafts?deleted=yes', served.administrator)).status, 400);
    assert.equal((await call('/v1/drafts?deleted=true')).status, 401);
    assert.equal((await call('/v1/visits?deleted=true', served.administrator)).status, 400);
    const search = await served.call('POST', '/v1/drafts:search', {
      body: { deleted: true, limit: 2 },
      token: served.administrator,
    });
    assert.equal((search.body as { items: unknown[] }).items.length, 2);
  });

  it('are served as other verbs are', async () => {
    const call = (method: string, path: string, token?: string) => served.call(method, path, { token });
    const made = await served.call('POST', '/v1/patients', {
      body: { name: 'http' },
      token: served.administrator,
    });
    const path = `/v1/patients/${(made.body as { id: number }).id}`;
    assert.equal((await call('DELETE', path, served.administrator)).status, 204);
    assert.equal((await call('GET', path)).status, 404);
    assert.equal((await call('POST', `${path}:restore`)).status, 401);
    const back = await call('POST', `${path}:restore`, served.administrator);
    assert.equal(back.status, 200);
    assert.equal(back.headers.get('etag')?.startsWith('"3-'), true);
    assert.equal((await call('GET', path)).status, 200);
    const { body } = await call('GET', '/openapi.json');
    assert.match(JSON.stringify(body), /restorePatient/);
  });
});

it('softDelete is checked', () => {
  const fields = { name: text() };
  const refused = (softDelete: unknown, message: RegExp) =>
    assert.throws(
      () => app({ name: 'a', resources: { b: resource({ fields, softDelete } as never) } }),
      message,
    );
  refused('yes', /softDelete/);
  refused({ restor: signedIn }, /did you mean 'restore'/);
  refused({ restore: own('name') }, /b\.softDelete\.restore/);
});
