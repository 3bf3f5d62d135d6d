import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accounts,
  any,
  anyone,
  anyText,
  app,
  author,
  email,
  exists,
  integerId,
  its,
  me,
  nobody,
  own,
  ownAccount,
  reference,
  resource,
  role,
  signedIn,
  text,
  where,
} from 'trestle';
import { ADMINISTRATOR, callOver, startApps } from '../harness.ts';
import { eachPlace, type Place } from '../stores.ts';

const members = accounts({
  password: anyText,
  id: integerId(),
  roles: ['desk'],
  fields: {
    email: email({ unique: true, can: { read: any(ownAccount, role('desk')) } }),
    phone: text({ nullable: true, max: 20, can: { read: ownAccount, update: ownAccount } }),
    bio: text({ default: '', max: 200 }),
    score: text({ nullable: true, can: { read: role('desk'), create: nobody, update: role('desk') } }),
    team: reference('teams', { nullable: true, onDelete: 'setNull' }),
  },
  signInBy: ['email'],
  can: { read: anyone, list: role('desk'), update: any(ownAccount, role('desk')) },
});
const teams = resource({
  id: integerId(),
  fields: { name: text({ max: 20 }), lead: reference('accounts', { nullable: true, onDelete: 'setNull' }) },
  can: { read: anyone, create: signedIn, update: where({ lead: me }), delete: signedIn },
});
const visits = resource({
  id: integerId(),
  fields: {
    guest: reference('accounts', { onDelete: 'cascade' }),
    host: reference('accounts', { nullable: true }),
    note: text({ nullable: true }),
    by: author(),
  },
  // A host sees the visits of the guests of their team.
  can: {
    read: any(where({ guest: me }), exists('accounts', { id: its('host'), bio: 'open' }), own('by')),
    create: signedIn,
    update: own('by'),
    delete: own('by'),
  },
});
const club = app({ name: 'club', accounts: members, resources: { teams, visits } });

async function start(place: Place) {
  const server = await startApps(club, place);
  const { call } = server;
  async function join(username: string, more: object = {}) {
    const body = { username, password: 'p', email: `${username}@Example.org`, ...more };
    const made = await call<Record<string, unknown> & { id: number }>('POST /v1/accounts', { body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const tokens = await call<{ access_token: string; account: unknown }>('POST /v1/sessions', {
      body: { username: body.email, password: 'p' },
    });
    assert.equal(tokens.status, 200);
    return {
      ...made.body,
      username: String(made.body.username),
      token: tokens.body.access_token,
      account: tokens.body.account,
    };
  }
  return { server, call, join };
}

const pointers = (body: unknown) => Object(body).errors.map((error: { pointer: string }) => error.pointer);

eachPlace('own fields of accounts', (place) => {
  test('are given at sign-up, and read and changed under rules of their own', async (t) => {
    const { server, call, join } = await start(await place());
    t.after(server.close);
    const ann = await join('ann', { bio: 'x', phone: '1' });
    const seen = {
      id: 1,
      username: 'ann',
      roles: [],
      email: 'ann@example.org',
      phone: '1',
      bio: 'x',
      team: null,
    };
    const { created_at: _, token, account, ...made } = ann as Record<string, unknown> & { token: string };
    assert.deepEqual(made, seen);
    const mine = await call<object>('GET /v1/me', { token });
    assert.deepEqual(account, mine.body);
    const bob = await join('bob');
    // Others see what the rules leave them.
    const others = await call<object>('GET /v1/accounts/1', { token: bob.token });
    assert.deepEqual(Object.keys(others.body), ['id', 'username', 'created_at', 'bio', 'team']);
    assert.deepEqual((await call('GET /v1/accounts/1')).body, others.body);
    // What a body may not set, or gets wrong, is refused before anything is hashed, with all of it at once.
    const wrong = await call('POST /v1/accounts', {
      body: { username: 'c', email: 'no', bio: 'b'.repeat(201) },
    });
    assert.deepEqual([wrong.status, pointers(wrong.body).sort()], [422, ['/bio', '/email', '/password']]);
    const more = { username: 'c', password: 'p', email: 'c@example.org', score: '9', disabled_at: null };
    const hidden = await call<{ detail: string }>('POST /v1/accounts', { body: more });
    assert.deepEqual([hidden.status, pointers(hidden.body)], [400, ['/score', '/disabled_at']]);
    assert.match(hidden.body.detail, /Writable fields: username, password, email, phone, bio, team\./);
    const same = { username: 'c', password: 'p', email: 'ann@EXAMPLE.org' };
    const clash = await call('POST /v1/accounts', { body: same });
    assert.deepEqual([clash.status, pointers(clash.body)], [409, ['/email']]);
    // The document has what whoever signs up may give, and nothing that is kept from everybody.
    const { body: document } = await call<{ components: { schemas: Record<string, object> } }>(
      'GET /openapi.json',
    );
    const members = (name: string) => Object.keys(Object(document.components.schemas[name]).properties);
    assert.deepEqual(members('SignUp'), ['username', 'password', 'email', 'phone', 'bio', 'team']);
    assert.deepEqual(members('AccountPatch'), ['username', 'email', 'phone', 'bio', 'team']);
    assert.ok(!members('Account').includes('score'));
    // An edit meets the version it was made for.
    const etag = String(mine.headers.get('etag'));
    const edit = { token, headers: { 'if-match': etag }, body: { bio: 'y', phone: '2' } };
    const edited = await call<{ bio: string; phone: string }>('PATCH /v1/me', edit);
    assert.deepEqual([edited.status, edited.body.bio, edited.body.phone], [200, 'y', '2']);
    assert.equal((await call('PATCH /v1/me', edit)).status, 412);
    assert.equal((await call('GET /v1/me', { token, headers: { 'if-none-match': etag } })).status, 200);
    const now = String(edited.headers.get('etag'));
    assert.equal((await call('GET /v1/me', { token, headers: { 'if-none-match': now } })).status, 304);
    assert.equal((await call('PATCH /v1/me', { token, body: { score: '1' } })).status, 400);
    assert.equal((await call('PATCH /v1/accounts/1', { token: bob.token, body: { bio: 'z' } })).status, 403);
    // Whoever has the role sees and sets more, in lists and filters too.
    await call('POST /v1/accounts/2:set-roles', { token: ADMINISTRATOR, body: { roles: ['desk'] } });
    const scored = await call<{ score: string }>('PATCH /v1/accounts/1', {
      token: bob.token,
      body: { score: '7' },
    });
    assert.deepEqual([scored.status, scored.body.score], [200, '7']);
    const found = await call<{ items: { id: number }[] }>('GET /v1/accounts?filter[email][starts]=ann@', {
      token: bob.token,
    });
    assert.deepEqual(
      found.body.items.map(({ id }) => id),
      [1],
    );
    assert.equal((await call('GET /v1/accounts', { token })).status, 403);
    // What an account alone sees of itself is found by nobody else.
    const byPhone = await call<{ items: unknown[] }>('GET /v1/accounts?filter[phone][eq]=2', {
      token: bob.token,
    });
    assert.deepEqual([byPhone.status, byPhone.body.items], [200, []]);
    assert.equal((await call('GET /v1/accounts?filter[scores][eq]=2', { token: bob.token })).status, 400);
    assert.equal((await call('GET /v1/accounts')).status, 401);
  });

  test('an account is renamed, keeps its sessions, and is found by its new name or e-mail', async (t) => {
    const { server, call, join } = await start(await place());
    t.after(server.close);
    const [ann, bob] = [await join('ann'), await join('bob')];
    const { token } = ann;
    const signIn = async (username: string) =>
      (await call('POST /v1/sessions', { body: { username, password: 'p' } })).status;
    const renamed = await call<{ username: string }>('PATCH /v1/me', { token, body: { username: 'anna' } });
    assert.deepEqual([renamed.status, renamed.body.username], [200, 'anna']);
    assert.equal((await call('GET /v1/me', { token })).status, 200);
    assert.deepEqual(
      [await signIn('anna'), await signIn('ann'), await signIn('ann@example.org')],
      [200, 401, 200],
    );
    const taken = await call('PATCH /v1/me', { token, body: { username: 'bob', bio: 'kept out' } });
    assert.deepEqual([taken.status, pointers(taken.body)], [409, ['/username']]);
    assert.equal((await call<{ bio: string }>('GET /v1/me', { token })).body.bio, '');
    const wrong = await call('PATCH /v1/me', { token, body: { username: 'a b' } });
    assert.deepEqual([wrong.status, pointers(wrong.body)], [422, ['/username']]);
    // A name is not somebody else's e-mail.
    const claim = await call('PATCH /v1/me', { token, body: { username: 'bob@example.org' } });
    assert.deepEqual([claim.status, pointers(claim.body)], [422, ['/username']]);
    const byAdministrator = { token: ADMINISTRATOR, body: { username: 'robert' } };
    assert.equal((await call(`PATCH /v1/accounts/${bob.id}`, byAdministrator)).status, 200);
    assert.deepEqual([await signIn('robert'), await signIn('bob')], [200, 401]);
    // The old name is free again.
    assert.equal((await join('ann', { email: 'second@example.org' })).username, 'ann');
    const { body: key } = await call<{ key: string }>('POST /v1/keys', { token, body: {} });
    assert.equal((await call('PATCH /v1/me', { token: key.key, body: { bio: 'by key' } })).status, 403);
    const both = { token, body: { current: 'p', next: 'q', bio: 'x' } };
    assert.equal((await call('PATCH /v1/me', both)).status, 400);
  });

  test('are referred to by rows, which rules, filters and deletions follow', async (t) => {
    const { server, call, join } = await start(await place());
    t.after(server.close);
    const [ann, bob] = [await join('ann'), await join('bob', { bio: 'open' })];
    const { body: team } = await call<{ id: number }>('POST /v1/teams', {
      token: ann.token,
      body: { name: 'a', lead: ann.id },
    });
    assert.equal((await call('PATCH /v1/teams/1', { token: bob.token, body: { name: 'b' } })).status, 403);
    assert.equal((await call('PATCH /v1/teams/1', { token: ann.token, body: { name: 'b' } })).status, 200);
    assert.equal((await call('PATCH /v1/me', { token: bob.token, body: { team: team.id } })).status, 200);
    const missing = await call('POST /v1/visits', { token: ann.token, body: { guest: 99 } });
    assert.deepEqual([missing.status, pointers(missing.body)], [422, ['/guest']]);
    await call('POST /v1/visits', { token: ann.token, body: { guest: bob.id, host: ann.id } });
    await call('POST /v1/visits', { token: ann.token, body: { guest: ann.id, host: bob.id } });
    const seen = async (token?: string) =>
      (await call<{ items: { id: number }[] }>('GET /v1/visits', { token })).body.items.map(({ id }) => id);
    assert.deepEqual([await seen(bob.token), await seen(ann.token), await seen()], [[1, 2], [1, 2], [2]]);
    const of = await call<{ items: unknown[] }>(`GET /v1/visits?filter[guest][eq]=${bob.id}`, {
      token: ann.token,
    });
    assert.equal(of.body.items.length, 1);
    const expanded = await call<{ items: unknown[] }>('GET /v1/visits?expand=guest&fields=guest', {
      token: ann.token,
    });
    const [first] = expanded.body.items;
    // The account as the caller may see it: its e-mail is for itself and the desk.
    assert.deepEqual(Object.keys(Object(first).expand.guest), [
      'id',
      'username',
      'created_at',
      'bio',
      'team',
    ]);
    // A host cannot be deleted before the visit is; guests take their visits along.
    const remove = (id: number) => call(`DELETE /v1/accounts/${id}`, { token: ADMINISTRATOR });
    assert.equal((await remove(bob.id)).status, 409);
    assert.equal((await call('DELETE /v1/visits/2', { token: ann.token })).status, 204);
    assert.equal((await remove(bob.id)).status, 204);
    assert.deepEqual(await seen(ann.token), []);
    assert.equal((await remove(ann.id)).status, 204);
    assert.equal((await call<{ lead: unknown }>('GET /v1/teams/1')).body.lead, null);
    const { status } = await callOver(server.url, 'GET /v1/me', { token: ann.token });
    assert.equal(status, 401);
  });

  test('are there for own code, which asks no rule, and come to a database that had none', async (t) => {
    const where = await place();
    const before = app({
      name: 'club',
      accounts: accounts({ id: integerId(), password: anyText }),
      resources: { teams },
    });
    const old = await startApps(before, where);
    await old.call('POST /v1/accounts', { body: { username: 'ann', password: 'p' } });
    await old.close();
    const later = app({
      name: 'club',
      accounts: accounts({
        id: integerId(),
        password: anyText,
        fields: {
          mail: email({ nullable: true, unique: true, can: { read: nobody } }),
          bio: text({ default: 'new' }),
        },
        signInBy: ['mail'],
      }),
      resources: { teams },
      contract: ({ accounts: service, transaction, services }) => ({
        routes: [],
        errors: ({ status }) => ({ status, body: [service, transaction, services] }),
      }),
    });
    const { engines, call, close } = await startApps(later, where);
    t.after(close);
    const [engine] = engines;
    assert.ok(engine);
    const { accounts: service } = engine;
    const { system } = await import('trestle/contract');
    const changed = await service.update(system(), 1, { mail: 'ann@example.org' } as object);
    assert.equal(Object(changed).mail, 'ann@example.org');
    const { body: ann } = await call<object>('GET /v1/accounts/1', { token: ADMINISTRATOR });
    assert.deepEqual(Object.keys(ann), ['id', 'username', 'roles', 'created_at', 'disabled_at', 'bio']);
    const body = { username: 'ann@example.org', password: 'p' };
    assert.equal((await call('POST /v1/sessions', { body })).status, 200);
    await service.resetPassword(system(), 1, 'q');
    assert.equal((await call('POST /v1/sessions', { body })).status, 401);
    assert.equal((await call('POST /v1/sessions', { body: { ...body, password: 'q' } })).status, 200);
    assert.equal(Object((await service.readMany([1])).get(1)).mail, 'ann@example.org');
    const mine = engine.byName.get('accounts');
    await assert.rejects(async () => mine?.create(system(), { username: 'x' }), TypeError);
    await assert.rejects(async () => mine?.patch(system(), 1, { username: 'x' }), TypeError);
    for (const body of [{ roles: ['administrator'] }, { disabled_at: null }]) {
      await assert.rejects(async () => mine?.patch(system(), 1, body), TypeError);
      await assert.rejects(async () => service.update(system(), 1, body as object), TypeError);
    }
    assert.equal(Object(await mine?.patch(system(), 1, { bio: 'code' })).bio, 'code');
  });
});

eachPlace('an account and its profile', (place) => {
  test('are made in one transaction, which no password is hashed in', async (t) => {
    const patients = resource({
      id: integerId(),
      fields: { account: reference('accounts', { onDelete: 'cascade' }), name: text({ max: 20 }) },
      can: { read: signedIn, create: signedIn },
    });
    const clinic = app({
      name: 'clinic',
      accounts: accounts({ password: anyText }),
      resources: { patients },
    });
    const { engines, close } = await startApps(clinic, await place());
    t.after(close);
    const [engine] = engines;
    assert.ok(engine);
    const { accounts: service, transaction } = engine.context;
    const { system } = await import('trestle/contract');
    const origin = { address: '192.0.2.1' };
    const register = (username: string, name: string) =>
      transaction({ ...system(), origin }, async (tx) => {
        const account = await service.signUp(tx, { username, password: 'p' });
        return engine.byName.get('patients')?.create(tx, { account: account.id, name });
      });
    const made = await Promise.all(['ann', 'bob', 'cid'].map((name) => register(name, name)));
    assert.equal(made.length, 3);
    await assert.rejects(register('dan', 'x'.repeat(21)), { code: 'invalid' });
    const { items } = await service.list(system());
    assert.deepEqual(items.map(({ username }) => username).sort(), ['ann', 'bob', 'cid']);
    await service.signIn({ ...system(), origin }, { username: 'ann', password: 'p' });
  });
});

test('wrong own fields are refused at start', () => {
  const declare = (options: Parameters<typeof accounts>[0]) => () =>
    app({
      name: 'club',
      accounts: accounts(options),
      resources: { teams: resource({ fields: { name: text() } }) },
    });
  assert.throws(
    declare({ fields: { roles: text() } }),
    /club\.accounts\.roles: 'roles' is taken by the engine/,
  );
  assert.throws(declare({ signInBy: ['mail'] }), /club\.accounts\.signInBy: there is no own field 'mail'/);
  assert.throws(
    declare({ fields: { mail: email() }, signInBy: ['mail'] }),
    /mail is no text of one account alone/,
  );
  assert.throws(
    declare({ fields: { team: reference('teams', { onDelete: 'cascade' }) } }),
    /club\.accounts\.team: no account is deleted with another row/,
  );
  assert.throws(
    declare({ fields: { team: reference('team') } }),
    /club\.accounts\.team: .*did you mean 'teams'/,
  );
  assert.throws(
    declare({ can: { list: ownAccount } }),
    /club\.accounts\.can\.list: expected a condition on the caller/,
  );
  const notes = resource({ fields: { title: text() }, can: { read: ownAccount } });
  assert.throws(
    () => app({ name: 'club', resources: { notes } }),
    /club\.notes\.can\.read: me is an account/,
  );
});
