import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksCommon } from '../../src/accounts/passwords/looks-common.ts';
import { accountBodies } from '../../src/accounts/request-bodies.ts';
import { Problem } from '../../src/problems.ts';
import { type Accounts, accounts } from '../../src/schema/accounts.ts';

const FORUM = accounts({
  username: { min: 5, max: 20, patterns: [/^[A-Za-z0-9!@#$%^&*\-_]+$/] },
  password: {
    min: 8,
    max: 40,
    patterns: [/^[A-Za-z0-9!@#$%^&*\-_]+$/, /[a-z]/, /[A-Z]/, /[0-9]/, /[!@#$%^&*\-_]/g],
    blockCommon: false,
  },
});

/** The codes of what is wrong with one member of a sign-up. */
function codesOf(member: string, body: object, declared: Accounts): string[] {
  try {
    accountBodies({ accounts: declared, app: 'ledger', resources: [] }).signUp.check(body);
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.errors.flatMap(({ pointer, code }) => (pointer === `/${member}` ? [code] : []));
  }
}

const codes = (password: unknown, declared = accounts(), username = 'somebody') =>
  codesOf('password', { username, password }, declared);

test('by default a password has 15 to 256 characters, counted as people do', () => {
  const smile = '\u{1f600}\u{1f98a}\u{1f308}\u{1f355}\u{1f680}';
  assert.deepEqual(codes('kwzptrmhqvbnxd'), ['min_length']);
  assert.deepEqual(codes('kwzptrmhqvbnxdj'), []);
  assert.deepEqual(codes(`${smile}${smile}\u{1f600}\u{1f98a}\u{1f308}\u{1f355}`), ['min_length']);
  assert.deepEqual(codes(`${'ab cd '.repeat(20)}tree house by night`), []);
  const varied = Array.from({ length: 256 }, (_, at) => String.fromCodePoint(0x4e00 + at * 7)).join('');
  assert.deepEqual(codes(varied), []);
  assert.deepEqual(codes(`${varied}x`), ['max_length']);
  // Normalized, each is one character.
  assert.deepEqual(codes('e\u0301'.repeat(14)), ['min_length']);
});

test('an oversized password is refused for its length alone', () => {
  assert.deepEqual(codes('\u0344'.repeat(1_000_000)), ['max_length']);
});

test('there is no rule of composition, and one message a mistake', () => {
  assert.deepEqual(codes('the lighthouse keeper paints at dawn'), []);
  assert.deepEqual(codesOf('password', { username: 'somebody' }, accounts()), ['required']);
  assert.deepEqual(codes(null), ['type']);
  assert.deepEqual(codes(123456789012345), ['type']);
  assert.deepEqual(codes('lone surrogate \ud800 inside'), ['pattern']);
});

test('common passwords of the length that is asked for are refused', () => {
  const common = [
    'passwordpassword',
    'password1234567',
    'P@ssw0rd2024!!!!',
    'qwertyuiopasdfgh',
    '123456789012345',
    '1234567890qwerty',
    '1qaz2wsx3edc4rfv',
    'q1w2e3r4t5y6u7i8',
    'aaaaaaaaaaaaaaaa',
    'abcabcabcabcabc',
    'abcdefghijklmnop',
    'zyxwvutsrqponmlk',
    'letmeinletmeinletmein',
    'iloveyouforever',
    'unknownunknown123',
    'adminadminadmin1',
    'administrator123!',
    'thisismypassword',
    'correcthorsebatterystaple',
    'Dragon.Monkey2024',
    '111111111111111',
    '121212121212121212',
    'superman_batman_1',
    '!@#$%^&*()_+!@#$',
  ];
  for (const password of common) assert.equal(looksCommon(password), true, password);
});

test('uncommon passwords are not', () => {
  const fine = [
    'correct horse battery staple',
    'the lighthouse keeper paints at dawn',
    'x7$kQ9!mB2&wZ4#p',
    'kwzptrmhqvbnxdj',
    '83746510293847561938',
    'purple giraffe on a ferris wheel',
    'mein Nachbar trinkt Ostfriesentee',
  ];
  for (const password of fine) assert.equal(looksCommon(password), false, password);
  assert.deepEqual(
    fine.flatMap((password) => codes(password)),
    [],
  );
});

test('a password holds neither the name of the user nor of the app', () => {
  assert.deepEqual(codes('the Annabel writes at night', accounts(), 'annabel'), ['common']);
  assert.deepEqual(codes('my own LEDGER of sunny days'), ['common']);
  assert.deepEqual(codes('the an writes letters at night', accounts(), 'an'), []);
  assert.deepEqual(codes('common', accounts({ password: { min: 1, max: 9, blockCommon: false } })), []);
});

test('patterns of a contract all hold, whatever flags they have', () => {
  for (const _ of [1, 2, 3]) assert.deepEqual(codes('Abcdef1!', FORUM), []);
  for (const wrong of ['abcdef1!', 'ABCDEF1!', 'Abcdefg!', 'Abcdefg1', 'Abcdef1! ', 'Abcdéf1!'])
    assert.deepEqual(codes(wrong, FORUM), ['pattern'], wrong);
  assert.deepEqual(codes('Abc1!', FORUM), ['min_length']);
});

test('by default a user name has no space and nothing that is not seen', () => {
  const nameCodes = (name: unknown) =>
    codesOf('username', { username: name, password: 'the lighthouse keeper paints at dawn' }, accounts());
  for (const fine of ['a', 'Ann', 'ann.b-c_d', 'müller', '张伟', 'a@b.example', '\u{1f600}'])
    assert.deepEqual(nameCodes(fine), [], fine);
  for (const wrong of ['a b', ' a', 'a\n', 'a\u200b', 'a\u202eb', '\u0000', 'a\ufeff', 'a\ud800', '\u2066a'])
    assert.deepEqual(nameCodes(wrong), ['pattern'], JSON.stringify(wrong));
  assert.deepEqual(nameCodes(''), ['min_length']);
  assert.deepEqual(nameCodes('x'.repeat(65)), ['max_length']);
});
