import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkWords } from '../../../../scripts/check-words.ts';
import { described } from '../../../../scripts/finding.ts';
import { madeRepository } from './made-repository.ts';

const CASES: Readonly<Record<string, string | undefined>> = {
  'const MOST_ROWS = 5;': "'MOST_R': write MAX_…",
  'const MAX_ROWS = 5;': undefined,
  'interface KeyParts {}': "'interface KeyParts': write Dependencies, or the name of what it holds",
  '/** What a row holds. */': "'/** What': write a noun phrase or a verb",
  '/**\n * What a row holds.\n */': "'/** * What': write a noun phrase or a verb",
  '// What a row holds.': undefined,
  "throw new Error('expected a text');": "'expected a text': write expected a string",
};

describe('words of the code', () => {
  for (const [code, message] of Object.entries(CASES))
    test(code, (t) => {
      const root = madeRepository(t, { 'packages/trestle/src/a.ts': `\n${code}` });
      const found = checkWords(root).map(described);
      assert.deepEqual(found, message === undefined ? [] : [`packages/trestle/src/a.ts:2: ${message}`]);
    });

  test('documents are held to the phrases alone', (t) => {
    const root = madeRepository(t, { 'docs/a.md': 'MOST_ROWS, the usual one\n\na whole number\n' });
    assert.deepEqual(checkWords(root).map(described), ["docs/a.md:3: 'whole number': write integer"]);
  });
});
