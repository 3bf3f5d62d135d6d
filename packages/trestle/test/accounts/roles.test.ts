import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, administrator, anyText, app, nobody, resource, role, signedIn, text } from 'trestle';
import { ADMINISTRATOR, callOver, startApps } from '../harness.ts';
import { eachPlace, type Place } from '../stores.ts';

const articles = resource({
  fields: { title: text({ max: 50 }) },
  can: { read: role('editor', 'chief'), create: role('editor'), update: administrator, delete: nobody },
});

const paper = app({
  name: 'paper',
  accounts: accounts({
    password: anyText,
    roles: ['editor', 'chief'],
    can: { grant: role('chief') },
  }),
  resources: { articles },
});

interface Member {
  readonly id: string;
  readonly token: string;
}

/** Two servers over one database, and what asks them. */
async function startTwo(place: Place) {
  const options = { ...place, shared: true };
  const [one, two] = [await startApps(paper, options), await startApps(paper, options)];
  const close = async () => {
    await one.close();
    await two.close();
  };
  async function signUp(username: string): Promise<Member> {
    const body = { username, password: 'p' };
    const { body: account } = await one.call<{ id: string }>('POST /v1/accounts', { body });
    const { body: tokens } = await one.call<{ access_token: string }>('POST /v1/sessions', { body });
    return { id: account.id, token: tokens.access_token };
  }
  const setRoles = (token: string, id: string, roles: unknown) =>
    one.call<{ roles: string[] }>(`POST /v1/accounts/${id}:set-roles`, { token, body: { roles } });
  return { one, two, close, signUp, setRoles };
}

eachPlace('roles', (place) => {
  test('a role counts from the next request on in every process, for tokens and keys', async (t) => {
    const { one, two, close, signUp, setRoles } = await startTwo(await place());
    t.after(close);
    const ann = await signUp('ann');
    const { body: made } = await one.call<{ key: string }>('POST /v1/keys', { token: ann.token, body: {} });
    const scoped = { token: ann.token, body: { scopes: ['articles:create'] } };
    const { body: writer } = await one.call<{ key: string }>('POST /v1/keys', scoped);
    const reads = async () => {
      const statuses = [];
      for (const { url } of [one, two])
        for (const token of [ann.token, made.key, writer.key])
          statuses.push((await callOver(url, 'GET /v1/articles', { token })).status);
      return statuses;
    };
    assert.deepEqual(await reads(), [403, 403, 403, 403, 403, 403]);
    const granted = await setRoles(ADMINISTRATOR, ann.id, ['chief', 'editor']);
    assert.deepEqual([granted.status, granted.body.roles], [200, ['editor', 'chief']]);
    // A key's scopes go on narrowing what its account may do.
    assert.deepEqual(await reads(), [200, 200, 403, 200, 200, 403]);
    const created = await two.call('POST /v1/articles', { token: writer.key, body: { title: 'A' } });
    assert.equal(created.status, 201);
    const me = await two.call<{ roles: string[] }>('GET /v1/me', { token: ann.token });
    assert.deepEqual(me.body.roles, ['editor', 'chief']);
    await setRoles(ADMINISTRATOR, ann.id, []);
    assert.deepEqual(await reads(), [403, 403, 403, 403, 403, 403]);
  });

  test('roles are given by whom the rule names, to others, and the administrator by administrators alone', async (t) => {
    const { one, close, signUp, setRoles } = await startTwo(await place());
    t.after(close);
    const [chief, other, root] = [await signUp('chief'), await signUp('other'), await signUp('root')];
    assert.equal((await setRoles(other.token, other.id, ['editor'])).status, 403);
    await setRoles(ADMINISTRATOR, chief.id, ['chief']);
    assert.equal((await setRoles(chief.token, other.id, ['editor'])).status, 200);
    assert.equal((await setRoles(chief.token, chief.id, ['chief', 'editor'])).status, 403);
    assert.equal((await setRoles(chief.token, other.id, ['administrator'])).status, 403);
    await setRoles(ADMINISTRATOR, root.id, ['administrator']);
    assert.equal((await setRoles(chief.token, root.id, [])).status, 403);
    assert.equal((await setRoles(root.token, other.id, ['administrator'])).status, 200);
    assert.equal((await setRoles(other.token, root.id, [])).status, 200);
    assert.equal((await setRoles(other.token, other.id, [])).status, 403);
    const unknown = await setRoles(ADMINISTRATOR, chief.id, ['editor', 'boss']);
    assert.equal(unknown.status, 422);
    assert.deepEqual(
      Object(unknown.body).errors.map((error: { pointer: string }) => error.pointer),
      ['/roles/1'],
    );
    // Others do not see them, and no body sets them.
    const { body: seen } = await one.call<object>(`GET /v1/accounts/${other.id}`, { token: root.token });
    assert.equal('roles' in seen, false);
    const own = { username: 'eve', password: 'p', roles: ['editor'] };
    assert.equal((await one.call('POST /v1/accounts', { body: own })).status, 400);
  });

  test('an account with the role administrator does what the holder of the secret does, but by no key', async (t) => {
    const { one, close, signUp, setRoles } = await startTwo(await place());
    t.after(close);
    const [root, other] = [await signUp('root'), await signUp('other')];
    await setRoles(ADMINISTRATOR, root.id, ['administrator']);
    const { token } = root;
    assert.equal((await one.call('GET /v1/accounts', { token })).status, 200);
    const { body: key } = await one.call<{ key: string }>('POST /v1/keys', { token, body: {} });
    assert.equal((await setRoles(key.key, other.id, ['editor'])).status, 403);
    assert.equal((await one.call(`POST /v1/accounts/${other.id}:disable`, { token: key.key })).status, 403);
    const theirs = await one.call<{ account: string }>('POST /v1/keys', {
      token,
      body: { account: other.id },
    });
    assert.equal(theirs.body.account, other.id);
    assert.equal((await one.call(`POST /v1/accounts/${other.id}:disable`, { token })).status, 200);
    assert.equal((await one.call(`DELETE /v1/accounts/${other.id}`, { token })).status, 204);
    assert.equal((await one.call(`DELETE /v1/accounts/${root.id}`, { token })).status, 422);
  });
});

test('a rule names declared roles alone', () => {
  const wrong = resource({ fields: { title: text() }, can: { read: role('editr') } });
  const declared = { accounts: accounts({ roles: ['editor'] }), resources: { wrong } };
  assert.throws(() => app({ name: 'paper', ...declared }), {
    message: /^paper\.wrong\.can\.read: role\('editr'\) is no role .*did you mean 'editor'/,
  });
  const hidden = resource({
    fields: { title: text(), note: text({ nullable: true, can: { read: role('boss') } }) },
    can: { read: signedIn },
  });
  assert.throws(
    () => app({ name: 'paper', resources: { hidden } }),
    /paper\.hidden\.note\.can\.read: role\('boss'\)/,
  );
  for (const roles of [['administrator'], ['a b'], ['x', 'x'], 'editor'])
    assert.throws(
      () => app({ name: 'paper', accounts: accounts({ roles: roles as string[] }), resources: { articles } }),
      /paper\.accounts\.roles: expected an array of different names/,
    );
});
