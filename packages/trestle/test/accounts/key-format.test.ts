import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hashSecret,
  isKeyId,
  maskedKey,
  maskedKeyId,
  newKey,
  parseKey,
} from '../../src/accounts/keys/key-format.ts';

test('every new key is taken apart into its parts, and is unlike any other', () => {
  const seen = new Set<string>();
  for (let at = 0; at < 1000; at += 1) {
    const lowerCase = at % 2 === 0;
    const { key, id, secret } = newKey(lowerCase);
    assert.equal(key.length, 'trs_live_'.length + 12 + (lowerCase ? 50 + 7 : 43 + 6));
    assert.equal(key === key.toLowerCase(), lowerCase);
    assert.deepEqual(parseKey(key), { id, secret });
    assert.ok(isKeyId(id));
    assert.equal(maskedKey(id), `trs_live_${id}…`);
    assert.match(hashSecret(secret), /^[0-9a-f]{64}$/);
    seen.add(id).add(secret);
  }
  assert.equal(seen.size, 2000);
});

for (const lowerCase of [false, true])
  test(`any one character changed, and any two exchanged, is noticed (lower case: ${lowerCase})`, () => {
    const { key } = newKey(lowerCase);
    const place = fc.integer({ min: 0, max: key.length - 1 });
    fc.assert(
      fc.property(place, fc.string({ minLength: 1, maxLength: 1 }), (at, char) => {
        const other = key.slice(0, at) + char + key.slice(at + 1);
        assert.equal(parseKey(other) === null, other !== key);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(place, place, (one, two) => {
        const chars = [...key];
        [chars[one], chars[two]] = [key.charAt(two), key.charAt(one)];
        const other = chars.join('');
        assert.equal(parseKey(other) === null, other !== key);
      }),
      { numRuns: 2000 },
    );
  });

test('what is no key is none', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => parseKey(text) === null));
});

test('a masked key names the id it shows', () => {
  const { id, key } = newKey(true);
  for (const text of [maskedKey(id), `trs_live_${id}`, `trs_live_${id}...`])
    assert.equal(maskedKeyId(text), id);
  for (const text of [key, id, `trs_live_${id}x`, `trs_live_${id}..`, `trs_live_`])
    assert.equal(maskedKeyId(text), null);
});
