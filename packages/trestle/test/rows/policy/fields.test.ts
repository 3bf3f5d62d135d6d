import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import {
  accounts,
  administrator,
  anyone,
  app,
  author,
  integer,
  integerId,
  nobody,
  reference,
  resource,
  role,
  signedIn,
  text,
} from 'trestle';
import {
  accountOf,
  anonymous,
  answer,
  type Caller,
  type Context,
  type Filter,
  route,
  system,
} from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { Problem } from '../../../src/problems.ts';
import type { AnyService } from '../../../src/rows/write.ts';
import { eachPlace } from '../../stores.ts';

const people = resource({
  id: integerId(),
  fields: {
    name: text({ max: 100, search: true }),
    salary: integer({
      nullable: true,
      can: { read: role('hr'), create: role('hr'), update: role('hr') },
    }),
    badge: text({ nullable: true, max: 20, unique: true, search: true, can: { read: administrator } }),
    token: text({ nullable: true, can: { read: nobody, create: nobody, update: nobody } }),
    score: integer({ default: 0, can: { create: nobody, update: nobody } }),
    made_by: author(),
  },
  can: { read: anyone, create: anyone, update: anyone, delete: administrator },
});
const visits = resource({ fields: { person: reference('people') }, can: { read: signedIn }, uniform: false });
const staff = app({
  name: 'staff',
  accounts: accounts({ id: integerId(), roles: ['hr'] }),
  resources: { people, visits },
});

const as = (...roles: string[]): Context => ({
  caller: { kind: 'account', account: 1, session: 's', roles },
});
const nameless: Context = { caller: anonymous };
const boss: Context = { caller: { kind: 'administrator' } };

/** A problem as its caller sees it, with the name of the field that was asked for taken out. */
async function problemOf(call: Promise<unknown>, name: string): Promise<string> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof Problem, `no problem with ${name}`);
  const { code, detail, errors, data } = error;
  return JSON.stringify({ code, detail, errors, data }).replaceAll(name, 'FIELD');
}

eachPlace('fields under rules of their own', (place) => {
  let served: Served;
  let service: AnyService;
  before(async () => {
    served = await serveApp(staff, await place());
    const credentials = { username: 'ann', password: 'the lighthouse keeper paints' };
    await served.engine.accounts.signUp({ ...boss, origin: { address: '127.0.0.1' } }, credentials);
    service = served.engine.byName.get('people') ?? assert.fail();
    await service.create(system(), {
      name: 'ann',
      salary: 900,
      badge: 'secret-1',
      token: 'hidden',
      score: 5,
    });
  });
  after(() => served.close());

  const readers: readonly [string, Context, readonly string[]][] = [
    ['nobody in particular', nameless, ['id', 'made_by', 'name', 'score']],
    ['an account', as('editor'), ['id', 'made_by', 'name', 'score']],
    ['a role', as('hr'), ['id', 'made_by', 'name', 'salary', 'score']],
    ['the administrator', boss, ['badge', 'id', 'made_by', 'name', 'salary', 'score']],
    ['own code', system(), ['badge', 'id', 'made_by', 'name', 'salary', 'score', 'token']],
  ];

  it('are in the rows of those who may read them, whichever way the row is read', async () => {
    for (const [who, context, names] of readers) {
      const rows = [
        await service.read(context, 1),
        (await service.list(context)).items[0],
        (await service.readMany(context, [1])).get(1),
        (await Array.fromAsync(service.stream(context)))[0]?.[0],
        await service.patch(context, 1, { name: 'ann' }, { touch: true }),
        await service.patch(context, 1, { name: `ann of ${who}` }),
      ];
      for (const row of rows) assert.deepEqual(Object.keys(row ?? {}).sort(), names, who);
    }
  });

  it('cannot be told from fields that do not exist', async () => {
    const asked = (name: string): readonly (() => Promise<unknown>)[] => [
      () => service.list(nameless, { filter: { [name]: { eq: 1 } } }),
      () => service.list(nameless, { filter: { or: [{ [name]: { null: true } }] } as Filter }),
      () => service.list(nameless, { sort: [`-${name}`] }),
      () => service.create(nameless, { name: 'x', [name]: 1 }),
      () => service.patch(nameless, 1, { [name]: 'x' }),
      () => service.replace(nameless, 1, { name: 'x', [name]: null }),
    ];
    for (const [at, ask] of asked('wage').entries()) {
      const expected = await problemOf(ask(), 'wage');
      for (const hidden of ['salary', 'token'])
        assert.equal(await problemOf(asked(hidden)[at]?.() ?? assert.fail(), hidden), expected);
    }
    assert.deepEqual((await service.list(nameless, { search: 'secret-1' })).items, []);
    assert.equal((await service.list(boss, { search: 'secret-1' })).items.length, 1);
    const page = await served.call('GET', '/v1/people?filter[salary]=900');
    assert.equal(page.status, 400);
    assert.doesNotMatch(JSON.stringify(page.body), /badge|token/);
  });

  it('are set by those who may, and stay as they are in the changes of others', async () => {
    const made = await service.create(as('hr'), { name: 'bob', salary: 700, badge: 'b' });
    await service.replace(as(), made.id, { name: 'bobby' });
    await service.replace(nameless, made.id, { name: 'bobby b', badge: 'b' });
    const whole = await service.read(system(), made.id);
    assert.deepEqual([whole.name, whole.salary, whole.score, whole.badge], ['bobby b', 700, 0, 'b']);
    assert.equal((await service.patch(as('hr'), made.id, { salary: 800 })).salary, 800);
    const mine = await service.patch(system({ onBehalfOf: as().caller }), made.id, { score: 9, token: 't' });
    assert.deepEqual([mine.score, mine.token], [9, 't']);
    const own = await service.create(system({ onBehalfOf: as().caller }), { name: 'own' });
    assert.equal(own.made_by, 1);
    await assert.rejects(service.patch(boss, made.id, { score: 1 }), { code: 'unknown_field' });
  });

  it('are not named by the conflict of those who may not read them', async () => {
    const create = (context: Context) => service.create(context, { name: 'c', badge: 'secret-1' });
    await assert.rejects(create(nameless), (error) => {
      assert.ok(error instanceof Problem && error.code === 'conflict');
      assert.doesNotMatch(JSON.stringify([error.detail, error.errors, error.data]), /badge/);
      return true;
    });
    await assert.rejects(create(boss), /badge/);
  });

  it('are in no documentation, nor is a resource outside the uniform API', async () => {
    const { body } = await served.call('GET', '/openapi.json');
    const text_ = JSON.stringify(body);
    for (const hidden of ['salary', 'badge', '/v1/visits']) assert.ok(!text_.includes(`"${hidden}`), hidden);
    const { schemas } = (body as { components: { schemas: Record<string, unknown> } }).components;
    const people = Object.entries(schemas).filter(([name]) => name.startsWith('People'));
    assert.doesNotMatch(JSON.stringify(people), /"token"/);
    assert.match(JSON.stringify(schemas.People), /"score"/);
    assert.match(JSON.stringify(schemas.PeopleBody), /"name"/);
    assert.doesNotMatch(JSON.stringify([schemas.PeopleBody, schemas.PeoplePatch]), /"score"/);
    assert.equal((await served.call('GET', '/v1/visits', { token: served.administrator })).status, 404);
  });
});

it('an author is whom own code acts for', () => {
  const context = system({ onBehalfOf: { kind: 'key', account: 7, key: 'k', scopes: [] } satisfies Caller });
  assert.equal(accountOf(context.caller), 7);
  assert.equal(accountOf(system().caller), null);
});

it('a contract and a resource do not both claim a path', async () => {
  const notes = resource({ fields: { title: text() }, can: { read: anyone } });
  const declared = (uniform: boolean, whole = true) =>
    app({
      name: 'notes',
      resources: { notes: { ...notes, uniform } },
      uniform: whole,
      contract: () => ({
        routes: [
          route('GET', '/v1/notes/:key/', { summary: 'Read', answers: { 200: null } }, () =>
            answer(200, 'own'),
          ),
        ],
        errors: ({ status }) => ({ status, body: 'own words' }),
      }),
    });
  await assert.rejects(serveApp(declared(true)), {
    name: 'TypeError',
    message:
      'notes: the contract and notes both have GET /v1/notes/:id; move the route of the contract, or declare the resource with uniform: false',
  });
  for (const fine of [declared(false), declared(true, false)]) {
    const served = await serveApp(fine);
    assert.equal((await served.call('GET', '/v1/notes/7')).body, 'own');
    await served.close();
  }
});
