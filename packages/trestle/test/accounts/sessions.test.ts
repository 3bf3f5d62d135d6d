import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '../../src/database/sql.ts';
import { statement } from '../../src/database/statement.ts';
import { eachStore } from '../stores.ts';
import { until } from '../until.ts';
import { ADMINISTRATOR, callerOf, clock, FROM_HERE, HERE, newAccount, openDemo } from './opened.ts';
import { raises } from './raises.ts';

const SIGN_IN = { username: 'ann', password: 'pass' };

eachStore('sessions', (open) => {
  test('sessions are listed newest first, and ended one by one or all', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens: first, caller } = await newAccount(demo, 'ann');
    time.pass(1);
    const second = await demo.accounts.signIn(FROM_HERE, SIGN_IN);
    const { caller: stranger } = await newAccount(demo, 'bob');
    const { items: listed } = await demo.accounts.sessions({ caller });
    assert.deepEqual(
      listed.map(({ id, current }) => [id, current]),
      [
        [second.session, false],
        [first.session, true],
      ],
    );
    assert.equal(listed[1]?.created_at, '2026-11-21T07:48:39.123Z');
    assert.equal(listed[1]?.expires_at, '2026-12-05T07:48:39.123Z');
    await raises('not_found', () => demo.accounts.endSession({ caller: stranger }, first.session));
    await raises('not_found', () => demo.accounts.endSession({ caller }, "' or 1=1"));
    await demo.accounts.endSession({ caller }, second.session);
    await raises('invalid_token', () => demo.authenticate.bearer(second.access, 'read', HERE));
    await raises('invalid_token', () => demo.accounts.refresh(FROM_HERE, String(second.refresh)));
    await callerOf(demo, first.access);
    await demo.accounts.endAllSessions({ caller });
    await raises('invalid_token', () => demo.authenticate.bearer(first.access, 'read', HERE));
    assert.equal((await demo.accounts.sessions({ caller: stranger })).items.length, 1);
  });

  test('reads look a session up once a second, writes every time, but where no other process wrote', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    const { tokens } = await newAccount(demo, 'ann');
    const count = async (purpose: 'read' | 'write') => {
      const before = demo.store.statements;
      await demo.authenticate.bearer(tokens.access, purpose, HERE);
      return demo.store.statements - before;
    };
    const tells = demo.store.foreignCommits() !== undefined;
    time.pass(2);
    const found = [await count('read'), await count('read'), await count('write')];
    assert.deepEqual(found, tells ? [0, 0, 0] : [1, 0, 1]);
    time.pass(1);
    assert.equal(await count('read'), tells ? 0 : 1);
  });

  test('a sign-in reads the account by its name and once more, locked, and answers that', async () => {
    const demo = await openDemo(await open());
    const { account } = await newAccount(demo, 'ann');
    const before = demo.store.statements;
    const tokens = await demo.accounts.signIn(FROM_HERE, SIGN_IN);
    // By its name, its failures, locked, and the session.
    assert.equal(demo.store.statements - before, 4);
    assert.deepEqual(tokens.account, account);
  });

  test('an account that is disabled, or given another password, while its password is checked gets no session', async () => {
    const store = await open();
    const demo = await openDemo(store);
    const { account } = await newAccount(demo, 'ann');
    const changes = [
      () => demo.accounts.resetPassword({ caller: ADMINISTRATOR }, account.id, 'other'),
      () => demo.accounts.disable({ caller: ADMINISTRATOR }, account.id),
    ];
    for (const [at, change] of changes.entries()) {
      const write = store.write.bind(store);
      // The first write is the sign-in's own, once the password was right.
      store.write = async (work) => {
        store.write = write;
        await change();
        return write(work);
      };
      const password = at === 0 ? 'pass' : 'other';
      await raises('invalid_credentials', () =>
        demo.accounts.signIn(FROM_HERE, { username: 'ann', password }),
      );
    }
    assert.deepEqual((await demo.accounts.sessions({ caller: ADMINISTRATOR })).items, []);
  });

  test('another process notices an ended session: at once, or reads as soon as they are told', async () => {
    const time = clock();
    const [one, two] = [await open('shared'), await open('shared')];
    const demo = await openDemo(one, { now: time.now });
    const other = await openDemo(two, { now: time.now });
    const { tokens, caller } = await newAccount(demo, 'ann');
    await other.authenticate.bearer(tokens.access, 'read', HERE);
    await demo.accounts.endAllSessions({ caller });
    await raises('invalid_token', () => demo.authenticate.bearer(tokens.access, 'read', HERE));
    await raises('invalid_token', () => other.authenticate.bearer(tokens.access, 'write', HERE));
    // The clock stands still: it is not time that makes the read look again.
    const read = async () => other.authenticate.bearer(tokens.access, 'read', HERE);
    if (two.foreignCommits() !== undefined) await raises('invalid_token', read);
    else
      await until(() =>
        read().then(
          () => false,
          () => true,
        ),
      );
  });

  test('what one turn asks about sessions is one statement, and each has its own answer', async () => {
    const [one, two] = [await open('shared'), await open('shared')];
    const demo = await openDemo(one);
    const other = await openDemo(two);
    const people = [];
    for (const name of ['dee', 'eve', 'fay']) people.push(await newAccount(demo, name));
    const [dee, eve, fay] = people;
    assert.ok(dee && eve && fay);
    const tokens = [...people, ...people].map(({ tokens }) => tokens.access);
    for (const token of tokens) await callerOf(other, token);
    await demo.accounts.endAllSessions({ caller: eve.caller });
    const before = other.store.statements;
    const ended = await Promise.allSettled(tokens.map((token) => callerOf(other, token)));
    assert.equal(other.store.statements - before, 1);
    const answers = ended.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'));
    assert.deepEqual(answers, [dee.caller, 'refused', fay.caller, dee.caller, 'refused', fay.caller]);
  });

  test('keys, the administrator and nobody have no sessions; the administrator ends any', async () => {
    const demo = await openDemo(await open());
    const { caller } = await newAccount(demo, 'ann');
    const { key } = await demo.keys.create({ caller }, {});
    const byKey = await demo.authenticate.key(key, 'write');
    await raises('forbidden', () => demo.accounts.sessions({ caller: byKey }));
    assert.equal((await demo.accounts.sessions({ caller: ADMINISTRATOR })).items.length, 1);
    for (const other of [byKey, ADMINISTRATOR])
      await raises('forbidden', () => demo.accounts.endAllSessions({ caller: other }));
    await raises('forbidden', () => demo.accounts.endSession({ caller: byKey }, 'x'));
    await raises('not_found', () => demo.accounts.endSession({ caller: ADMINISTRATOR }, 'x'));
    await raises('unauthenticated', () => demo.accounts.sessions(FROM_HERE));
  });

  test('a session without refresh tokens is over with its access token', async () => {
    const time = clock();
    const accounts = { tokens: { access: '45m', refresh: false } } as const;
    const demo = await openDemo(await open(), { now: time.now, accounts });
    const { tokens, caller } = await newAccount(demo, 'ann');
    assert.equal(tokens.refresh, null);
    assert.equal(tokens.expiresIn, 2700);
    assert.equal((await demo.accounts.sessions({ caller })).items[0]?.expires_at, '2026-11-21T08:33:39.123Z');
    time.pass(2699);
    await callerOf(demo, tokens.access);
    time.pass(1);
    await raises('invalid_token', () => demo.authenticate.bearer(tokens.access, 'read', HERE));
    assert.equal((await demo.accounts.sessions({ caller })).items.length, 0);
  });

  test('what is over is removed, and only that', async () => {
    const time = clock();
    const demo = await openDemo(await open(), { now: time.now });
    await newAccount(demo, 'ann');
    time.pass(14 * 86_400 - 1);
    const { caller } = await newAccount(demo, 'bob');
    const count = statement(demo.store.dialect, sql`select id from ${sql.table('_trestle_sessions')}`);
    const left = async () => (await demo.store.all(count, [])).length;
    await demo.purge();
    assert.equal(await left(), 2);
    time.pass(1);
    await demo.purge();
    assert.equal(await left(), 1);
    assert.equal((await demo.accounts.sessions({ caller })).items.length, 1);
  });
});
