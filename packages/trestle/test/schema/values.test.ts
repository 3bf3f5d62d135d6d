import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  anyone,
  app,
  boolean,
  integer,
  integerId,
  json,
  list,
  number,
  object,
  oneOf,
  reference,
  resource,
  text,
  timestamp,
} from 'trestle';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const can = { read: anyone, create: anyone, update: anyone };

/** One field of every type, none of which must be given. */
const things = resource({
  id: integerId(),
  fields: {
    text: text({ nullable: true, max: 10, search: true }),
    word: text({ nullable: true, pattern: /^[a-z]+$/ }),
    integer: integer({ nullable: true }),
    number: number({ nullable: true }),
    boolean: boolean({ nullable: true }),
    instant: timestamp({ nullable: true }),
    one: oneOf(['a', 'b'], { nullable: true }),
    list: list(text(), { default: [] }),
    object: object({ a: text({ default: 'x' }), at: timestamp({ nullable: true }) }, { nullable: true }),
    json: json({ nullable: true }),
    other: reference('others', { nullable: true }),
  },
  can,
});
const others = resource({ fields: { name: text() }, can });
const every = app({ name: 'every', resources: { things, others } });

/** Accepted values of a field, with the stored value where it differs. */
const TAKEN: readonly [keyof typeof things.fields, unknown, unknown?][] = [
  ['text', ''],
  ['text', '%_\\"\''],
  ['text', '\u{1F600}'.repeat(10)],
  ['text', '\u202Ee\u0301\u200B'],
  ['word', 'abc'],
  ['integer', Number.MAX_SAFE_INTEGER],
  ['integer', -Number.MAX_SAFE_INTEGER],
  ['number', 0.1],
  ['number', 1e308],
  ['number', 5e-324],
  ['boolean', false],
  ['instant', '2026-01-01T00:00:00.1239+05:30', '2025-12-31T18:30:00.123Z'],
  ['instant', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
  ['instant', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['instant', '9999-12-31T23:59:59.999Z'],
  ['one', 'b'],
  ['list', ['a', '']],
  ['object', {}, { a: 'x', at: null }],
  ['object', { at: '2026-01-01T00:00:00+01:00' }, { a: 'x', at: '2025-12-31T23:00:00.000Z' }],
  ['json', { b: [1, { '': null }], a: 'x' }],
  ['json', 'text'],
  ['json', 0],
  ['json', null],
];

/** Rejected values of a field, with the code of the error. */
const REFUSED: readonly [keyof typeof things.fields, unknown, string][] = [
  ['text', 'x'.repeat(11), 'max_length'],
  ['text', 5, 'type'],
  ['word', 'A a', 'pattern'],
  ['integer', 1.5, 'type'],
  ['integer', '1', 'type'],
  ['number', '1', 'type'],
  ['boolean', 0, 'type'],
  ['instant', '2026-02-30T00:00:00Z', 'format'],
  ['instant', '2026-01-01', 'format'],
  ['instant', '0000-01-01T00:00:00Z', 'pattern'],
  ['instant', '9999-12-31T23:59:59-23:00', 'pattern'],
  ['one', 'c', 'enum'],
  ['list', null, 'type'],
  ['object', { b: 1 }, 'unknown'],
  ['other', 'nope', 'format'],
  ['other', '0192f5c4-6f7e-7a3b-8c9d-0123456789ab', 'reference'],
];

/** Queries that name a value no such field can hold. */
const WRONG_FILTERS = [
  'filter[instant][gt]=2026',
  'filter[instant][gt]=2026-02-30T00:00:00Z',
  'filter[instant][gt]=9999-12-31T23:59:59-23:00',
  'filter[integer][gt]=9007199254740993',
  'filter[number][gt]=1e999',
  'filter[boolean]=1',
  'filter[other]=zz',
  'filter[id]=99999999999999999999',
  'filter[json]=1',
];

eachPlace('the values of every field type, over HTTP', (place) => {
  test('come back as they were sent', async (t) => {
    const served = await serveApp(every, await place());
    t.after(() => served.close());
    for (const [field, sent, answered = sent] of TAKEN) {
      const created = await served.call('POST', '/v1/things', { body: { [field]: sent } });
      assert.equal(created.status, 201, `${field}: ${JSON.stringify(sent)}`);
      assert.deepEqual(memberOf(created.body, field), answered);
      const read = await served.call('GET', created.headers.get('location') ?? '');
      assert.deepEqual(read.body, created.body);
    }
  });

  test('are refused where they do not fit, with the field and a code', async (t) => {
    const served = await serveApp(every, await place());
    t.after(() => served.close());
    for (const [field, sent, code] of REFUSED) {
      const { status, body } = await served.call('POST', '/v1/things', { body: { [field]: sent } });
      assert(status === 422 || (status === 400 && code === 'unknown'), `${field}: ${JSON.stringify(sent)}`);
      const [error] = errorsOf(body);
      assert.deepEqual([error?.pointer.split('/')[1], error?.code], [field, code]);
    }
  });

  test('are refused in filters alike', async (t) => {
    const served = await serveApp(every, await place());
    t.after(() => served.close());
    for (const query of WRONG_FILTERS) {
      const { status, body } = await served.call('GET', `/v1/things?${query}`);
      assert.deepEqual([status, memberOf(body, 'code')], [400, 'invalid_query'], query);
    }
  });
});

function memberOf(body: unknown, name: string): unknown {
  assert(typeof body === 'object' && body !== null);
  return Object.entries(body).find(([key]) => key === name)?.[1];
}

function errorsOf(body: unknown): { pointer: string; code: string }[] {
  const errors = memberOf(body, 'errors');
  return Array.isArray(errors) ? errors : [];
}
