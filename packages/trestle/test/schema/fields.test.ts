import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  author,
  boolean,
  counter,
  createdAt,
  editor,
  type Field,
  type FieldType,
  integer,
  integerId,
  json,
  list,
  number,
  object,
  oneOf,
  reference,
  text,
  timestamp,
  updatedAt,
  uuidId,
} from 'trestle';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

interface Values {
  field: { readonly schema: TSchema } | { readonly type: FieldType };
  takes: readonly unknown[];
  refuses: readonly unknown[];
}

/** 2^53 − 1 is the last integer that JSON carries between any two programs (RFC 8259, section 6). */
const BEYOND = Number.MAX_SAFE_INTEGER + 1;

const FIELDS: Readonly<Record<string, Values>> = {
  'text()': { field: text(), takes: ['', 'a', ' ', '%', '\u{1F600}'], refuses: [1, true, null, ['a'], {}] },
  'text, 1 to 2 characters, by code points': {
    field: text({ min: 1, max: 2 }),
    takes: ['a', '\u{1F600}\u{1F600}'],
    refuses: ['', 'abc', '\u{1F600}\u{1F600}\u{1F600}'],
  },
  'text of a pattern': {
    field: text({ pattern: /^\p{L}+$/u }),
    takes: ['a', 'ä'],
    refuses: ['', '1', 'a b', 'a\n'],
  },
  'text of a pattern without anchors': {
    field: text({ pattern: /[a-z]|[0-9]{2}/ }),
    takes: ['abc', '12', 'A a', '\n12\n'],
    refuses: ['', 'A', '1'],
  },
  'integer()': {
    field: integer(),
    takes: [0, -1, 1.0, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
    refuses: [1.5, BEYOND, -BEYOND, Number.NaN, Infinity, '1', true],
  },
  'integer, 1 to 5': { field: integer({ min: 1, max: 5 }), takes: [1, 5], refuses: [0, 6] },
  'number()': {
    field: number(),
    takes: [0, -1.5, 1e300, 5e-324],
    refuses: [Number.NaN, Infinity, -Infinity, '1', true],
  },
  'number, 0 to 1': { field: number({ min: 0, max: 1 }), takes: [0, 0.5, 1], refuses: [-0.1, 1.1] },
  'boolean()': { field: boolean(), takes: [true, false], refuses: [0, 1, 'true', ''] },
  'timestamp()': {
    field: timestamp(),
    takes: [
      '2026-11-21T07:48:39Z',
      '2026-11-21T07:48:39.123456789Z',
      '2026-11-21t07:48:39z',
      '2024-02-29T00:00:00+05:30',
      '2016-12-31T23:59:60Z',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
    ],
    refuses: [
      '2026-11-21',
      '2026-11-21T07:48:39',
      '2026-02-30T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-11-21T24:00:00Z',
      '2026-11-21T07:48:39+25:00',
      '0000-06-01T00:00:00Z',
      '0001-01-01T00:00:00+05:30',
      '9999-12-31T23:59:59-23:00',
      '9999-12-31T23:59:60Z',
      'now',
      '',
      1_700_000_000,
    ],
  },
  'oneOf()': {
    field: oneOf(['draft', 'published']),
    takes: ['draft', 'published'],
    refuses: ['gone', '', 1],
  },
  'json()': { field: json(), takes: [1, 'a', null, [], { a: [null] }], refuses: [] },
  'list of texts, 1 to 2': {
    field: list(text({ max: 3 }), { min: 1, max: 2 }),
    takes: [['a'], ['a', 'b']],
    refuses: [[], ['a', 'b', 'c'], ['abcd'], [1], 'a', { 0: 'a' }],
  },
  'list of 1,000 at most': {
    field: list(integer()),
    takes: [Array(1000).fill(1)],
    refuses: [Array(1001).fill(1)],
  },
  'object()': {
    field: object({ city: text(), zip: text({ default: '' }), street: text({ nullable: true }) }),
    takes: [{ city: 'A' }, { city: 'A', zip: '1', street: null }],
    refuses: [{}, { city: null }, { city: 'A', zip: null }, { city: 'A', country: 'B' }, [], 'A'],
  },
  'counter()': { field: counter(), takes: [0, 7], refuses: [-1, 0.5] },
  'reference()': { field: reference('notes'), takes: [1, 'a'], refuses: [1.5, true, {}] },
  'integerId()': { field: integerId(), takes: [1, Number.MAX_SAFE_INTEGER], refuses: [0, -1, '1', BEYOND] },
  'uuidId()': {
    field: uuidId(),
    takes: ['0192f5c4-6f7e-7a3b-8c9d-0123456789ab'],
    refuses: ['0192F5C4-6F7E-7A3B-8C9D-0123456789AB', '0192f5c4', '', 1],
  },
};

describe('the schema of a field', () => {
  for (const [name, { field, takes, refuses }] of Object.entries(FIELDS)) {
    const validator = Compile('type' in field ? field.type.schema : field.schema);
    for (const value of takes)
      test(`${name} takes ${shown(value)}`, () => assert.equal(validator.Check(value), true));
    for (const value of refuses)
      test(`${name} refuses ${shown(value)}`, () => assert.equal(validator.Check(value), false));
  }
});

describe('complete', () => {
  test('a timestamp becomes UTC to the millisecond', () => {
    const { complete } = timestamp().type;
    assert.equal(complete?.('2026-11-21T07:48:39Z'), '2026-11-21T07:48:39.000Z');
    assert.equal(complete?.('2026-01-01T00:00:00.1239+05:30'), '2025-12-31T18:30:00.123Z');
    assert.equal(complete?.('2026-11-21t07:48:39.5z'), '2026-11-21T07:48:39.500Z');
    assert.equal(complete?.('2016-12-31T23:59:60Z'), '2017-01-01T00:00:00.000Z');
    assert.equal(complete?.('2017-01-01T05:29:60.25+05:30'), '2017-01-01T00:00:00.250Z');
  });

  test('an object gets the defaults of what was left out, in declared order', () => {
    const { complete } = object({
      title: text(),
      zip: text({ default: '00000' }),
      street: text({ nullable: true }),
      tags: list(text(), { default: [] }),
    }).type;
    const completed = complete?.({ zip: '12345', title: 'A' });
    assert.equal(JSON.stringify(completed), '{"title":"A","zip":"12345","street":null,"tags":[]}');
    assert.deepEqual(complete?.({ title: 'A' }), { title: 'A', zip: '00000', street: null, tags: [] });
  });

  test('an object keeps a null that was given, also where there is a default', () => {
    const { complete } = object({ note: text({ nullable: true, default: 'none' }) }).type;
    assert.deepEqual(complete?.({ note: null }), { note: null });
    assert.deepEqual(complete?.({}), { note: 'none' });
  });

  test('completion reaches lists of objects with lists in them', () => {
    const points = list(object({ title: text(), description: list(text(), { default: [] }) }));
    assert.deepEqual(points.type.complete?.([{ title: 'A' }, { title: 'B', description: ['b'] }]), [
      { title: 'A', description: [] },
      { title: 'B', description: ['b'] },
    ]);
  });

  test('fields without nested values have none', () => {
    for (const field of [text(), integer(), boolean(), json(), list(text())])
      assert.equal(field.type.complete, undefined);
  });
});

describe('a field that cannot be', () => {
  test('an object with a member that every object has', () => {
    assert.throws(
      () => object({ toString: text() }),
      /^TypeError: object\(\{ toString \}\): .* choose another name$/,
    );
  });

  test('an author, a counter or a reference inside a value', () => {
    const inside = /stands among the fields of a resource, not inside a value$/;
    assert.throws(() => object({ by: author() }), inside);
    assert.throws(() => list(counter()), inside);
    assert.throws(() => list(reference('notes')), inside);
    assert.throws(() => list(object({ note: reference('notes') })), inside);
  });
});

describe('what a field says of itself', () => {
  test('options have defaults', () => {
    const { nullable, unique, index, search } = text();
    assert.deepEqual(
      { nullable, unique, index, search },
      { nullable: false, unique: false, index: false, search: false },
    );
    assert.equal(text().default, undefined);
    assert.equal(text({ default: '' }).default, '');
  });

  test('fields the server sets say what it sets on creation and on an edit', () => {
    const write = { account: 7, now: '2026-01-01T00:00:00.000Z', zero: 0 } as const;
    const set = ({ type: { server = {} } }: Field) =>
      [server.created, server.edited].map((from) => from && write[from]);
    assert.deepEqual(set(author()), [7, undefined]);
    assert.deepEqual(set(editor()), [7, 7]);
    assert.deepEqual(set(createdAt()), [write.now, undefined]);
    assert.deepEqual(set(updatedAt()), [write.now, write.now]);
    assert.deepEqual(set(counter()), [0, undefined]);
    assert.deepEqual(set(counter({ resetOnUpdate: true })), [0, 0]);
    assert.equal(text().type.server, undefined);
  });

  test('authors, editors and references are indexed', () => {
    assert.deepEqual([author().index, editor().index, reference('notes').index], [true, true, true]);
    const options = { index: false };
    assert.deepEqual([author(options).index, reference('notes', options).index], [false, false]);
  });

  test('a reference restricts unless told otherwise', () => {
    assert.deepEqual(reference('notes').type.reference, { target: 'notes', onDelete: 'restrict' });
    assert.deepEqual(reference('notes', { onDelete: 'cascade' }).type.reference, {
      target: 'notes',
      onDelete: 'cascade',
    });
  });

  test('a counter counts nothing by itself', () => {
    assert.equal(counter().type.countsReads, false);
    assert.equal(counter({ countsReads: true }).type.countsReads, true);
    assert.equal(counter().default, 0);
  });
});

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : `${text} (${typeof value})`;
}
