import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accounts, administrator, anyone, anyText, ownAccount, signedIn } from 'trestle';

describe('accounts()', () => {
  test('has the defaults that new apps should have', () => {
    const declared = accounts();
    assert.equal(declared.id.kind, 'uuid');
    assert.deepEqual(declared.password, { min: 15, max: 256, patterns: [], blockCommon: true });
    assert.deepEqual(declared.tokens, { access: '10m', refresh: '14d' });
    assert.equal(declared.session, '30d');
    assert.deepEqual(declared.keys, { lifetime: '90d', longest: '365d', lowerCase: false, max: 100 });
    assert.deepEqual(declared.can, {
      create: anyone,
      read: signedIn,
      list: administrator,
      update: ownAccount,
      grant: administrator,
    });
  });

  test('user names hold no space, control or invisible character', () => {
    const { min, max, patterns = [] } = accounts().username;
    assert.deepEqual([min, max], [1, 64]);
    const taken = (name: string) => patterns.every((pattern) => pattern.test(name));
    for (const name of ['ada', 'Ada-1', 'ägypten', 'a@b.example', '名前'])
      assert.equal(taken(name), true, name);
    for (const name of ['', 'a b', 'a\n', 'a\u0000', 'a\u200Bb', '\u202Ea', '\uFEFFa'])
      assert.equal(taken(name), false);
  });

  test('one option leaves the others as they are', () => {
    const declared = accounts({ tokens: { refresh: false }, password: anyText });
    assert.deepEqual(declared.tokens, { access: '10m', refresh: false });
    assert.deepEqual(declared.password, { min: 1, max: 256, patterns: [], blockCommon: false });
    assert.equal(accounts({ password: false }).password, false);
  });
});
