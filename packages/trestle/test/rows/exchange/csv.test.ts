import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Cell, csvLine, csvRecords } from '../../../src/rows/exchange/csv.ts';

/** The records of a text that comes in parts of this many characters. */
function records(text: string, size = text.length || 1): unknown[] {
  const parts = [];
  for (let at = 0; at < text.length; at += size) parts.push(text.slice(at, at + size));
  return [...csvRecords(parts)].map(({ line, cells, error }) => (error ? [line, error] : [line, ...cells]));
}

/** The rules of RFC 4180, section 2, and cases that it leaves open. */
const CASES: readonly { says: string; text: string; gives: unknown[] }[] = [
  {
    says: 'lines end in CRLF',
    text: 'a,b\r\nc,d\r\n',
    gives: [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  },
  {
    says: 'the last may lack its end',
    text: 'a,b\r\nc,d',
    gives: [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  },
  {
    says: 'LF alone will do',
    text: 'a\nb\n',
    gives: [
      [1, 'a'],
      [2, 'b'],
    ],
  },
  { says: 'spaces are part of a cell', text: ' a , b \n', gives: [[1, ' a ', ' b ']] },
  { says: 'quotes around a cell', text: '"a","b"\r\n', gives: [[1, 'a', 'b']] },
  {
    says: 'commas, breaks and doubled quotes inside',
    text: '"a,\r\n""b""",c\r\nd,e\r\n',
    gives: [
      [1, 'a,\r\n"b"', 'c'],
      [3, 'd', 'e'],
    ],
  },
  {
    says: 'empty without quotes is nothing, with them an empty text',
    text: ',"",x,\n',
    gives: [[1, null, '', 'x', null]],
  },
  {
    says: 'an empty line is one cell of nothing',
    text: 'a\n\nb\n',
    gives: [
      [1, 'a'],
      [2, null],
      [3, 'b'],
    ],
  },
  { says: 'no text, no record', text: '', gives: [] },
  { says: 'a carriage return inside a line stays', text: 'a\rb\n', gives: [[1, 'a\rb']] },
  {
    says: 'a quote in the middle is refused, and the next line goes on',
    text: 'a"b,c\nd,e\n',
    gives: [
      [1, 'a quote inside a cell that does not begin with one; put the cell in quotes and double it'],
      [2, 'd', 'e'],
    ],
  },
  {
    says: 'text after a closing quote is refused',
    text: '"a"b,c\nd\n',
    gives: [
      [1, 'text after the quote that closes a cell'],
      [2, 'd'],
    ],
  },
  {
    says: 'a quote that is never closed is refused',
    text: 'a\n"b\nc',
    gives: [
      [1, 'a'],
      [2, 'a quote is not closed before the end of the file'],
    ],
  },
];

describe('CSV', () => {
  for (const { says, text, gives } of CASES)
    it(says, () => {
      assert.deepEqual(records(text), gives);
      assert.deepEqual(records(text, 1), gives, 'character by character');
    });

  it('reads what it wrote, whatever the cells hold', () => {
    const cell = fc.oneof(
      fc.constant(null),
      fc.string({ unit: 'grapheme' }),
      fc.stringMatching(/^[",\r\n =x]*$/),
    );
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 9 }), (rows: Cell[][], size) => {
        const text = rows.map(csvLine).join('');
        assert.deepEqual(
          records(text, size).map((record) => (record as unknown[]).slice(1)),
          rows,
        );
      }),
    );
  });
});
