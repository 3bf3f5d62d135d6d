// A password is one password in every Unicode form of it (NIST SP 800-63B: NFKC before hashing), and accounts whose hash was
// made of the text as it was typed still sign in; their hash is renewed with that.
import assert from 'node:assert/strict';
import { argon2Sync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { formatHash } from '../../src/accounts/passwords/passwords.ts';
import { CHEAP, FROM_HERE, newAccount, openDemo } from '../accounts/opened.ts';
import { runSql } from '../run-sql.ts';
import { eachStore } from '../stores.ts';

const NFKC = 'caf\u00e9 fire 5';
/** As different keyboards type it: decomposed, with a ligature, with a digit in full width. */
const TYPED = [NFKC, 'cafe\u0301 fire 5', 'caf\u00e9 \ufb01re 5', 'cafe\u0301 \ufb01re \uff15'];

eachStore('passwords', (open) => {
  test('are the same in every form', async () => {
    const demo = await openDemo(await open());
    const signIn = (username: string, password: string) =>
      demo.accounts.signIn(FROM_HERE, { username, password });
    for (const [at, typed] of TYPED.entries()) {
      const { account, caller } = await newAccount(demo, `user${at}`, typed);
      for (const other of TYPED) assert.equal((await signIn(account.username, other)).account.id, account.id);
      await assert.rejects(signIn(account.username, 'cafe fire 5'), { code: 'invalid_credentials' });
      await demo.accounts.changePassword({ caller }, { current: TYPED[3 - at] ?? '', next: `${typed}!` });
      await signIn(account.username, `${NFKC}!`);
      await assert.rejects(signIn(account.username, typed), { code: 'invalid_credentials' });
    }
    await demo.close();
  });

  test('that were hashed as they were typed still sign in, and are hashed anew', async () => {
    const demo = await openDemo(await open());
    const { memory, passes, parallelism } = CHEAP.cost;
    for (const [at, typed] of TYPED.slice(1).entries()) {
      const { account } = await newAccount(demo, `old${at}`);
      const salt = randomBytes(16);
      const message = Buffer.from(typed, 'utf8');
      const tag = argon2Sync('argon2id', {
        message,
        nonce: salt,
        tagLength: 32,
        memory,
        passes,
        parallelism,
      });
      const hash = formatHash({ cost: CHEAP.cost, salt, tag });
      const update = `update _trestle_accounts set password_hash = '${hash}' where username = 'old${at}'`;
      await runSql(demo.store, update);
      const signIn = (password: string) =>
        demo.accounts.signIn(FROM_HERE, { username: account.username, password });
      assert.equal((await signIn(typed)).account.id, account.id);
      for (const other of TYPED) assert.equal((await signIn(other)).account.id, account.id);
    }
    await demo.close();
  });
});
