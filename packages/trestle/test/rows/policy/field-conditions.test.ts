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
import { eachPlace } from '../../stores.ts';

const id = integerId();
const all = { read: anyone, create: anyone, update: anyone, delete: anyone };
const treats = exists('appointments', { patient: its('id'), practitioner: me });
const patients = resource({
  id,
  fields: {
    name: text({ max: 20 }),
    notes: text({
      nullable: true,
      max: 50,
      search: true,
      can: { read: any(treats, role('desk')), create: treats, update: treats },
    }),
    friend: reference('patients', { nullable: true, can: { read: own('made_by') } }),
    tags: references('tags', { can: { read: where({ name: 'open' }) } }),
    made_by: author(),
  },
  order: 'name',
  history: true,
  can: all,
});
const tags = resource({ id, fields: { name: text({ max: 9 }) }, can: all });
const appointments = resource({
  id,
  fields: { patient: reference('patients'), practitioner: author() },
  can: all,
});
const visits = resource({ id, fields: { patient: reference('patients') }, can: all });
const clinic = app({
  name: 'clinic',
  accounts: accounts({ id, roles: ['desk'] }),
  resources: { patients, tags, appointments, visits },
});

eachPlace('fields under a rule on the row', (place) => {
  let served: Served<(typeof clinic)['resources']>;
  const as = (account: number, ...roles: string[]): Context => ({
    caller: { kind: 'account', account, session: 's', roles },
  });
  const [ada, bob, desk] = [as(1), as(2), as(2, 'desk')];
  const nobody: Context = { caller: anonymous };
  before(async () => {
    served = await serveApp(clinic, await place());
    for (const username of ['ada', 'bob'])
      await served.call('POST', '/v1/accounts', { body: { username, password: 'correct horse battery' } });
    const { services } = served.engine;
    await services.tags.create(system(), { name: 't' });
    await services.patients.create(system(), { name: 'a', notes: 'ill', tags: [1] });
    await services.patients.create(system({ onBehalfOf: ada.caller }), { name: 'b', notes: null, friend: 1 });
    await services.patients.create(system({ onBehalfOf: bob.caller }), {
      name: 'open',
      notes: 'well',
      friend: 2,
      tags: [1],
    });
    for (const [practitioner, patient] of [
      [ada, 1],
      [ada, 2],
      [bob, 3],
    ] as const)
      await services.appointments.create(system({ onBehalfOf: practitioner.caller }), { patient });
    for (const patient of [1, 2, 3]) await services.visits.create(system(), { patient });
  });
  after(() => served.close());

  const list = async (context: Context, query: object = {}) =>
    (await served.engine.services.patients.list(context, query)).items as Record<string, unknown>[];

  it('are in the rows where it holds, and absent from the others, on every way', async () => {
    const { patients: service, visits: visit } = served.engine.services;
    assert.deepEqual(await list(ada), [
      { id: 1, name: 'a', notes: 'ill', made_by: null },
      { id: 2, name: 'b', notes: null, friend: 1, made_by: 1 },
      { id: 3, name: 'open', tags: [1], made_by: 2 },
    ]);
    assert.deepEqual((await list(bob))[2], {
      id: 3,
      name: 'open',
      notes: 'well',
      friend: 2,
      tags: [1],
      made_by: 2,
    });
    assert.deepEqual((await list(nobody))[0], { id: 1, name: 'a', made_by: null });
    assert.deepEqual(
      (await list(desk)).map(({ notes }) => notes),
      ['ill', null, 'well'],
    );
    assert.deepEqual((await list({ caller: { kind: 'administrator' } }))[0], {
      id: 1,
      name: 'a',
      notes: 'ill',
      friend: null,
      made_by: null,
    });
    assert.deepEqual((await list(system()))[0], {
      id: 1,
      name: 'a',
      notes: 'ill',
      friend: null,
      tags: [1],
      made_by: null,
    });
    for (const context of [ada, bob, nobody, desk])
      for (const [at, row] of (await list(context)).entries()) {
        const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        assert.deepEqual(plain(await service.read(context, at + 1)), row);
        assert.deepEqual((await service.readMany(context, [at + 1])).get(at + 1), row);
        assert.deepEqual(plain(await service.patch(context, at + 1, { name: String(row.name) })), row);
        if (context === nobody) continue;
        const [one] = await list(context, { fields: ['notes', 'friend'], filter: { id: { eq: at + 1 } } });
        assert.deepEqual(
          one,
          Object.fromEntries(
            Object.entries(row).filter(([name]) => ['id', 'notes', 'friend'].includes(name)),
          ),
        );
      }
    const made = await service.create(ada, { name: 'new' });
    assert.deepEqual(Object.keys(made), ['id', 'name', 'friend', 'made_by']);
    await service.remove(system(), made.id);
    const expanded = (await visit.list(nobody, { expand: { patient: {} } } as never)) as { items: object[] };
    assert.doesNotMatch(JSON.stringify(expanded), /ill|well|notes/);
  });

  it('cannot be inferred from a filter, a sort, a search or a count', async () => {
    const names = async (context: Context, query: object) =>
      (await list(context, query)).map(({ name }) => name);
    const filtered = (context: Context, filter: object) => names(context, { filter });
    assert.deepEqual(await filtered(ada, { notes: { eq: 'well' } }), []);
    assert.deepEqual(await filtered(bob, { notes: { eq: 'well' } }), ['open']);
    assert.deepEqual(await filtered(ada, { notes: { ne: 'x' } }), ['a', 'b']);
    assert.deepEqual(await filtered(ada, { notes: { null: true } }), ['b']);
    assert.deepEqual(await filtered(bob, { notes: { nin: ['ill'] } }), ['open']);
    await assert.rejects(filtered(nobody, { notes: { null: true } }), { code: 'invalid_query' });
    assert.deepEqual(await filtered(as(9), { notes: { null: true } }), []);
    assert.deepEqual(await filtered(as(9), { or: [{ notes: { ne: 'x' } }, { name: { eq: 'b' } }] }), ['b']);
    assert.deepEqual(await filtered(ada, { tags: { has: 1 } }), ['open']);
    assert.deepEqual(await filtered(ada, { friend: { name: { eq: 'b' } } }), []);
    assert.deepEqual(await filtered(bob, { friend: { name: { eq: 'b' } } }), ['open']);
    assert.deepEqual(await names(ada, { search: 'l' }), ['a']);
    assert.deepEqual(await names(ada, { sort: ['-notes', 'name'] }), ['a', 'b', 'open']);
    await assert.rejects(list(ada, { sort: ['friend.name'] }), { code: 'invalid_query' });
    const { patients: service } = served.engine.services;
    assert.equal((await service.list(ada, { filter: { notes: { ne: '' } }, count: 'exact' })).total, 2);
    const { items } = await served.engine.services.visits.list(ada, {
      filter: { patient: { notes: { ne: 'x' } } },
    } as never);
    assert.equal(items.length, 2);
    let cursor: string | undefined;
    const seen: unknown[] = [];
    do {
      const page = await service.list(ada, { sort: ['notes'], limit: 1 }, cursor);
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.next ?? undefined;
    } while (cursor);
    assert.deepEqual(seen, ['b', 'open', 'a']);
    assert.doesNotMatch(JSON.stringify((await service.history(ada, 3)).items), /well/);
  });

  it('are set by those whom their rule allows', async () => {
    const { patients: service } = served.engine.services;
    await assert.rejects(service.patch(bob, 1, { notes: 'x' }), { code: 'forbidden' });
    await assert.rejects(
      service.patch(nobody, 1, { notes: 'x' }),
      (error: { code: string }) => error.code !== 'internal',
    );
    await assert.rejects(service.create(ada, { name: 'x', notes: 'x' }), { code: 'forbidden' });
    assert.equal((await service.patch(ada, 1, { notes: 'better' })).notes, 'better');
    assert.partialDeepStrictEqual(await service.patch(bob, 1, { name: 'a' }), { name: 'a' });
    assert.equal((await service.read(system(), 1)).notes, 'better');
  });

  it('are in the history of a row where their rule holds of it', async () => {
    const { patients: service, appointments } = served.engine.services;
    const made = await service.create(system(), { name: 'c', notes: 'first' });
    await service.patch(system(), made.id, { notes: 'second' });
    const told = async (context: Context) =>
      (await service.history(context, made.id)).items.map(({ action, after }) => [action, after?.notes]);
    assert.deepEqual(await told(ada), [['create', undefined]]);
    assert.deepEqual(await told(desk), [
      ['update', 'second'],
      ['create', 'first'],
    ]);
    const joined = await appointments.create(system({ onBehalfOf: ada.caller }), { patient: made.id });
    assert.deepEqual(await told(ada), await told(desk));
    await appointments.remove(system(), joined.id);
    await service.remove(system(), made.id);
    assert.deepEqual(await told(ada), [
      ['delete', undefined],
      ['create', undefined],
    ]);
  });

  it('are refused where their rule is wrong', () => {
    const wrong = (can: object, more: object, message: RegExp) =>
      assert.throws(
        () =>
          app({
            name: 'a',
            resources: {
              b: resource({
                fields: { c: text({ nullable: true, can }), made_by: author() },
                ...more,
              } as never),
            },
          }),
        message,
      );
    wrong({ read: own('made_bi') }, {}, /a\.b\.c\.can\.read: own\('made_bi'\)/);
    wrong({ update: where({ d: 1 }) }, {}, /a\.b\.c\.can\.update: there is no field 'd'/);
  });
});
