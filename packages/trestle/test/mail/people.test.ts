import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { accounts, anyone, app, email, resource, text } from '../../src/index.ts';
import { ADMINISTRATOR, type RunningApp, startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { until } from '../until.ts';
import { type MailServer, startMailServer } from './mail-server.ts';

const members = accounts({
  fields: { email: email({ unique: true }) },
  email: 'email',
  signInBy: ['email'],
  roles: ['editor'],
});
const notes = resource({ fields: { title: text() }, can: { read: anyone } });
const club = app({
  name: 'club',
  accounts: members,
  resources: { notes },
  mail: { from: 'club@example.org' },
});
const administrator = { caller: { kind: 'administrator' } } as const;
const password = 'seventeen green umbrellas';

eachPlace('links in mails', (place) => {
  let server: MailServer;
  let served: RunningApp;
  before(async () => {
    server = await startMailServer();
    const mail = { smtp: server.url, publicUrl: 'https://club.example' };
    served = await startApps(club, { ...(await place()), mail });
  });
  after(() => Promise.all([served.close(), server.close()]));

  const call = <Body = Record<string, unknown>>(line: string, body?: unknown, token?: string) =>
    served.call<Body>(line, { token, body });
  /** The token in the next mail to an address, and the purpose that its link names. */
  async function linkTo(to: string): Promise<{ purpose: string; token: string }> {
    const { message } = await server.next(to);
    // While the job of a mail runs, no second one for the same is enqueued.
    const [engine] = served.engines;
    const pending = { filter: { state: { in: ['queued', 'running'] } } };
    await until(async () => (await engine?.jobs.list(administrator, pending))?.items.length === 0);
    const plain = message.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    const [, purpose = '', token = ''] =
      /https:\/\/club\.example\/account#(\w+)=([\w-]{43})/.exec(plain) ?? [];
    assert.notEqual(token, '', plain);
    return { purpose, token };
  }
  /** Signs up and in. */
  async function member(name: string) {
    const address = `${name}@example.org`;
    const { status, body } = await call('POST /v1/accounts', { username: name, password, email: address });
    assert.equal(status, 201, JSON.stringify(body));
    return { address, id: body.id, token: await signIn(name) };
  }
  async function signIn(username: string, secret = password): Promise<string> {
    const { body } = await call('POST /v1/sessions', { username, password: secret });
    return String(body.access_token);
  }
  const me = async (token: string) => (await call('GET /v1/me', undefined, token)).body;

  it('an address is verified by the link of the sign-up, once', async () => {
    const ann = await member('ann');
    assert.equal((await me(ann.token)).verified_email, null);
    const { purpose, token } = await linkTo(ann.address);
    assert.equal(purpose, 'verify');
    const page = await call<string>('GET /account');
    const [, script = ''] = /<script src="([^"]+)">/.exec(page.body) ?? [];
    const { body: code } = await call<string>(`GET ${script}`);
    assert.doesNotThrow(() => new Function(code));
    assert.match(code, /\("\/v1\/accounts"\)/);
    assert.equal((await call('POST /v1/accounts:verify-email', { token })).status, 204);
    assert.equal((await me(ann.token)).verified_email, ann.address);
    const again = await call('POST /v1/accounts:verify-email', { token });
    assert.deepEqual([again.status, again.body.code], [401, 'invalid_token']);
    // Nobody else sees it, and nobody sets it.
    assert.ok(
      !(
        'verified_email' in
        (await call(`GET /v1/accounts/${ann.id}`, undefined, (await member('bob')).token)).body
      ),
    );
    assert.equal((await call('PATCH /v1/me', { verified_email: 'x@example.org' }, ann.token)).status, 400);
    assert.equal((await call('PATCH /v1/me', { email: 'x@example.org' }, ann.token)).status, 400);
    // What is verified is not asked for once more.
    assert.equal((await call('POST /v1/me:send-verification', {}, ann.token)).status, 202);
    assert.equal((await call('POST /v1/me:send-verification', {})).status, 401);
  });

  it('a password is reset by a link, and the answer tells nothing of who has an account', async () => {
    const { address, token: session } = await member('carl');
    await linkTo(address);
    const known = await call('POST /v1/accounts:forgot-password', { email: address });
    const unknown = await call('POST /v1/accounts:forgot-password', { email: 'nobody-at-all@example.org' });
    assert.deepEqual([known.status, known.body], [202, undefined]);
    assert.deepEqual([unknown.status, unknown.body], [known.status, known.body]);
    const { purpose, token } = await linkTo(address);
    assert.equal(purpose, 'reset');
    const weak = await call('POST /v1/accounts:reset-password', { token, password: 'short' });
    assert.equal(weak.status, 422);
    // A link is for its purpose alone.
    assert.equal((await call('POST /v1/accounts:verify-email', { token })).status, 401);
    const next = 'eighteen yellow umbrellas';
    assert.equal((await call('POST /v1/accounts:reset-password', { token, password: next })).status, 204);
    assert.equal((await call('GET /v1/me', undefined, session)).status, 401, 'its sessions have ended');
    const renewed = await signIn(address, next);
    assert.equal((await me(renewed)).verified_email, address);
    assert.equal((await call('POST /v1/sessions', { username: 'carl', password })).status, 401);
    assert.equal((await call('POST /v1/accounts:reset-password', { token, password: next })).status, 401);
    assert.ok(!server.received.some(({ to }) => to.includes('nobody-at-all@example.org')));
  });

  it('an address changes by a link to the new one, with the password, and the old one is told', async () => {
    const { address, token: session } = await member('dora');
    await linkTo(address);
    const taken = await member('emil');
    await linkTo(taken.address);
    const change = (to: string, secret = password) =>
      call('POST /v1/me:change-email', { email: to, password: secret }, session);
    assert.equal((await change('dora@new.example', 'wrong password here')).status, 400);
    assert.equal((await change('no address')).status, 422);
    assert.equal((await change('Dora@NEW.example')).status, 202);
    assert.equal((await me(session)).email, address);
    const { token } = await linkTo('Dora@new.example');
    assert.equal((await call('POST /v1/accounts:verify-email', { token })).status, 204);
    const { email: changed, verified_email: verified } = await me(session);
    assert.deepEqual([changed, verified], ['Dora@new.example', 'Dora@new.example']);
    assert.match((await server.next(address)).message, /is now Dora@new\.example/);
    // An address of another account is found out by its owner alone, who has the link.
    assert.equal((await change(taken.address)).status, 202);
    const other = await linkTo(taken.address);
    assert.equal((await call('POST /v1/accounts:verify-email', { token: other.token })).status, 409);
  });

  it('people are invited with roles: to sign up, or as who they are', async () => {
    const invite = (body: unknown, token?: string) => call('POST /v1/accounts:invite', body, token);
    const fay = await member('fay');
    await linkTo(fay.address);
    assert.equal((await invite({ email: 'gus@example.org', roles: ['editor'] }, fay.token)).status, 403);
    assert.equal((await invite({ email: 'gus@example.org', roles: ['chief'] }, ADMINISTRATOR)).status, 422);
    assert.equal((await invite({ email: 'gus@example.org', roles: ['editor'] }, ADMINISTRATOR)).status, 202);
    const { token } = await linkTo('gus@example.org');
    const weak = await call('POST /v1/accounts:accept-invitation', { token, username: 'gus', password: 'x' });
    assert.equal(weak.status, 422);
    const joined = await call('POST /v1/accounts:accept-invitation', { token, username: 'gus', password });
    assert.equal(joined.status, 201, JSON.stringify(joined.body));
    const gus = await me(await signIn('gus@example.org'));
    assert.deepEqual([gus.verified_email, gus.roles], ['gus@example.org', ['editor']]);
    assert.equal(
      (await call('POST /v1/accounts:accept-invitation', { token, username: 'x', password })).status,
      401,
    );

    await invite({ email: fay.address, roles: ['editor'] }, ADMINISTRATOR);
    const own = await linkTo(fay.address);
    const accepted = await call('POST /v1/accounts:accept-invitation', { token: own.token }, fay.token);
    assert.equal(accepted.status, 201, JSON.stringify(accepted.body));
    assert.deepEqual((await me(fay.token)).roles, ['editor']);
  });

  it('is throttled: by address without a word, by source with 429; the log and the database have no token', async () => {
    const { address } = await member('hal');
    await linkTo(address);
    for (let sent = 0; sent < 3; sent += 1) {
      await call('POST /v1/accounts:forgot-password', { email: address });
      await linkTo(address);
    }
    assert.equal((await call('POST /v1/accounts:forgot-password', { email: address })).status, 202);
    let status = 202;
    for (let asked = 0; asked < 30 && status === 202; asked += 1)
      ({ status } = await call('POST /v1/accounts:forgot-password', { email: address }));
    assert.equal(status, 429);
    // The last of these jobs is done when one that came after it has been sent.
    await call('POST /v1/accounts:invite', { email: 'ida@example.org' }, ADMINISTRATOR);
    const { token } = await linkTo('ida@example.org');
    const resets = server.received.filter(
      ({ to, message }) => to.includes(address) && /reset your/.test(message),
    );
    assert.equal(resets.length, 3);
    const [engine] = served.engines;
    const jobs = await engine?.jobs.list(administrator, { limit: 200 });
    assert.doesNotMatch(JSON.stringify([jobs, served.log]), new RegExp(token));
  });
});
