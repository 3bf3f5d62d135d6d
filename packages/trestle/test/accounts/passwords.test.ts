import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { formatHash, Passwords, parseHash } from '../../src/accounts/passwords/passwords.ts';
import { CHEAP } from './opened.ts';
import { raises } from './raises.ts';

test('a hash is Argon2id of 19 MiB, 2 passes and 1 lane, salted, with its parameters', async () => {
  const passwords = new Passwords();
  const [one, two] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')];
  assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(one, two);
  assert.deepEqual(await passwords.verify('correct horse', one), { ok: true, outdated: false });
  assert.deepEqual(await passwords.verify('correct horsf', one), { ok: false, outdated: false });
});

test('passwords are compared exactly: no byte is cut, trimmed or folded', async () => {
  const passwords = new Passwords(CHEAP);
  const long = 'x'.repeat(72);
  const pairs: [string, string][] = [
    [`${long}a`, `${long}b`],
    [`${long}`, `${long}x`],
    ['secret', ' secret'],
    ['secret', 'secret '],
    ['secret', 'Secret'],
    ['a\u{1f600}', 'a\u{1f601}'],
  ];
  for (const [one, other] of pairs) {
    const hash = await passwords.hash(one);
    assert.equal((await passwords.verify(one, hash)).ok, true);
    assert.equal((await passwords.verify(other, hash)).ok, false, `${one} ${other}`);
  }
});

test('a password is one in every form of it, also where its hash was made of another form', async () => {
  const passwords = new Passwords(CHEAP);
  const hash = await passwords.hash('caf\u00e9 \ufb01n');
  for (const form of ['cafe\u0301 fin', 'caf\u00e9 \ufb01n', 'caf\u00e9 fin'])
    assert.deepEqual(await passwords.verify(form, hash), { ok: true, outdated: false }, form);
  assert.equal((await passwords.verify('cafe fin', hash)).ok, false);
  const { memory, passes, parallelism } = CHEAP.cost;
  for (const typed of ['caf\u00e9', 'cafe\u0301']) {
    const salt = Buffer.alloc(16, 1);
    const options = { message: typed, nonce: salt, tagLength: 32, memory, passes, parallelism };
    const old = formatHash({ cost: CHEAP.cost, salt, tag: argon2Sync('argon2id', options) });
    for (const form of ['caf\u00e9', 'cafe\u0301']) {
      const { ok, outdated } = await passwords.verify(form, old);
      assert.deepEqual([ok, outdated], [true, typed !== 'caf\u00e9'], `${typed} ${form}`);
    }
    assert.equal((await passwords.verify('cafe', old)).ok, false);
  }
});

test('the hash of the RFC 9106 family is read back, and what is none is not', () => {
  const text =
    '$argon2id$v=19$m=65536,t=3,p=4$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8';
  const parsed = parseHash(text);
  assert.deepEqual(parsed?.cost, { memory: 65_536, passes: 3, parallelism: 4 });
  assert.equal(parsed && formatHash(parsed), text);
  const others = [
    '',
    'x',
    text.replace('argon2id', 'argon2i'),
    text.replace('v=19', 'v=16'),
    text.replace('m=65536', 'm=7'),
    text.replace('m=65536', 'm=9999999'),
    text.replace('t=3', 't=0'),
    text.replace('p=4', 'p=0'),
    text.slice(0, -40),
    `${text}$`,
  ];
  for (const other of others) assert.equal(parseHash(other), undefined, other);
});

test('without a hash, or with one that cannot be read, the answer is no', async () => {
  const passwords = new Passwords(CHEAP);
  for (const stored of [null, undefined, '', 'plain', '$argon2id$v=19$m=1,t=1,p=1$AA$AA'])
    assert.deepEqual(await passwords.verify('plain', stored), { ok: false, outdated: false });
});

test('a few passwords are checked at a time, a few wait, and more are sent away at once', async () => {
  const passwords = new Passwords({ queue: { running: 1, waiting: 3 } });
  let hashed = 0;
  const hashes = Array.from({ length: 6 }, () => passwords.hash('x').finally(() => (hashed += 1)));
  const all = Promise.allSettled(hashes);
  const refused = await raises('unavailable', () => passwords.hash('x'));
  assert.ok(hashed < 4, 'refused after the others were done');
  assert.equal(refused.headers['Retry-After'], '1');
  const states = (await all).map(({ status }) => status);
  assert.deepEqual(states, ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  await passwords.hash('x');
});

test('by default 32 wait for as many as there are cores but one', async () => {
  const passwords = new Passwords({ cost: CHEAP.cost });
  const most = Math.max(1, availableParallelism() - 1) + 32;
  const all = await Promise.allSettled(Array.from({ length: most + 1 }, () => passwords.hash('x')));
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, most);
});
