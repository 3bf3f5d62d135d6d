// User names are stored and compared normalized; accounts with older names still sign in.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { accounts, anyone, anyText, anyUsername, app, integerId, resource, text } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { sql } from '../../src/database/sql.ts';
import { bind, statement } from '../../src/database/statement.ts';
import { ACCOUNTS_TABLE } from '../../src/schema/accounts.ts';
import { eachPlace, everyPlace } from '../stores.ts';

const resources = { notes: resource({ fields: { content: text() }, can: { read: anyone } }) };
const declare = (username: typeof anyUsername) =>
  app({ name: 'names', accounts: accounts({ id: integerId(), username, password: anyText }), resources });

const COMPOSED = 'caf\u00e9';
const DECOMPOSED = 'cafe\u0301';

everyPlace('user names', (place) => {
  let served: Served;
  before(async () => {
    served = await serveApp(declare({ ...anyUsername, trim: true, normalize: 'NFKC' }), await place());
  });
  after(() => served.close());

  const signUp = (username: string) =>
    served.call('POST', '/v1/accounts', { body: { username, password: 'pw' } });
  const signIn = async (username: string) =>
    (await served.call('POST', '/v1/sessions', { body: { username, password: 'pw' } })).status;

  it('are one name in every form of it', async () => {
    const made = await signUp(`  ${DECOMPOSED}\ufb01 `);
    assert.deepEqual([made.status, Reflect.get(Object(made.body), 'username')], [201, `${COMPOSED}fi`]);
    assert.equal((await signUp(`${COMPOSED}fi`)).status, 409);
    for (const name of [`${COMPOSED}fi`, `${DECOMPOSED}fi`, ` ${COMPOSED}\ufb01`])
      assert.equal(await signIn(name), 200, JSON.stringify(name));
    assert.equal(await signIn(`${COMPOSED}FI`), 401);
  });

  it('hold no control character, no line break, and nothing blank', async () => {
    for (const name of ['a\tb', 'a\nb', 'a\u2028b', 'a\u0085b', '   ', ''])
      assert.equal((await signUp(name)).status, 422, JSON.stringify(name));
    assert.equal((await signUp('with space')).status, 201);
  });

  it('that were stored otherwise are found as they were given', async () => {
    await signUp('old');
    const { store } = served.engine;
    const rename = sql`update ${sql.table(ACCOUNTS_TABLE)} set username = ${'o\u0301ld'} where username = ${'old'}`;
    const update = statement(store.dialect, rename);
    await store.write((transaction) => transaction.all(update, bind(update, {})));
    assert.equal(await signIn('o\u0301ld'), 200);
    assert.equal(await signIn('\u00f3ld'), 401);
  });
});

eachPlace('user names that are folded', (place) => {
  it('are one name in every case of it, also those of before', async (t) => {
    const where = await place();
    const before = await serveApp(declare(anyUsername), where);
    const credentials = (username: string) => ({ body: { username, password: 'pw' } });
    for (const name of ['Ann', 'Bob', 'bob'])
      assert.equal((await before.call('POST', '/v1/accounts', credentials(name))).status, 201);
    await before.close();
    const served = await serveApp(declare({ ...anyUsername, fold: true }), where);
    t.after(() => served.close());
    const signIn = async (name: string) =>
      Object((await served.call('POST', '/v1/sessions', credentials(name))).body).account?.username;
    assert.deepEqual([await signIn('ann'), await signIn('ANN')], ['Ann', 'Ann']);
    // Of two that are one now, each is found by its exact name, and the older by any other.
    assert.deepEqual([await signIn('Bob'), await signIn('bob'), await signIn('BOB')], ['Bob', 'bob', 'Bob']);
    assert.equal((await served.call('POST', '/v1/accounts', credentials('aNN'))).status, 409);
    assert.equal((await served.call('POST', '/v1/accounts', credentials('Stra\u00dfe'))).status, 201);
    assert.equal((await served.call('POST', '/v1/accounts', credentials('STRASSE'))).status, 409);
  });
});

it('refuses white space at the ends where it is not trimmed', async () => {
  const served = await serveApp(declare(anyUsername));
  try {
    for (const username of [' ann', 'ann ', '\u3000ann'])
      assert.equal(
        (await served.call('POST', '/v1/accounts', { body: { username, password: 'pw' } })).status,
        422,
        JSON.stringify(username),
      );
  } finally {
    await served.close();
  }
});
