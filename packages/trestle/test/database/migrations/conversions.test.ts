import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MigrationRefused } from '../../../src/database/migrations/refusals.ts';
import {
  boolean,
  date,
  type Field,
  integer,
  integerId,
  json,
  number,
  oneOf,
  reference,
  resource,
  text,
  timestamp,
} from '../../../src/index.ts';
import { eachStore } from '../../stores.ts';
import { insert, rowsOf } from './rows.ts';
import { migrateTo, tablesFor } from './states.ts';

const nullable = { nullable: true } as const;
const AT = '2026-02-28T07:48:39.123Z';
const UUID = '0197a6a0-0000-7000-8000-00000000000a';
const most = Number.MAX_SAFE_INTEGER;

interface Case {
  from: Field;
  to: Field;
  /** Values before, and what they are afterwards. */
  values: readonly (readonly [unknown, unknown])[];
  /** Values that keep the conversion from being made. */
  unfit?: readonly unknown[];
}

const cases: Readonly<Record<string, Case>> = {
  integer_number: {
    from: integer(nullable),
    to: number(nullable),
    values: [
      [-3, -3],
      [most, most],
    ],
  },
  integer_text: {
    from: integer(nullable),
    to: text(nullable),
    values: [
      [-3, '-3'],
      [most, String(most)],
    ],
  },
  integer_json: { from: integer(nullable), to: json(nullable), values: [[7, 7]] },
  integer_boolean: {
    from: integer(nullable),
    to: boolean(nullable),
    values: [
      [0, false],
      [1, true],
    ],
    unfit: [2, -1],
  },
  number_integer: {
    from: number(nullable),
    to: integer(nullable),
    values: [
      [-3, -3],
      [1e15, 1e15],
    ],
    unfit: [0.5, 1e17],
  },
  number_json: {
    from: number(nullable),
    to: json(nullable),
    values: [
      [0.25, 0.25],
      [1e300, 1e300],
    ],
  },
  boolean_integer: {
    from: boolean(nullable),
    to: integer(nullable),
    values: [
      [true, 1],
      [false, 0],
    ],
  },
  boolean_text: {
    from: boolean(nullable),
    to: text(nullable),
    values: [
      [true, 'true'],
      [false, 'false'],
    ],
  },
  boolean_json: {
    from: boolean(nullable),
    to: json(nullable),
    values: [
      [true, true],
      [false, false],
    ],
  },
  timestamp_text: {
    from: timestamp(nullable),
    to: text(nullable),
    values: [
      [AT, AT],
      ['2026-11-21T00:00:00.000Z', '2026-11-21T00:00:00.000Z'],
    ],
  },
  text_json: {
    from: text(nullable),
    to: json(nullable),
    values: [
      ['a "b"\n', 'a "b"\n'],
      ['', ''],
      ['7', '7'],
    ],
  },
  text_boolean: {
    from: text(nullable),
    to: boolean(nullable),
    values: [
      ['true', true],
      ['false', false],
    ],
    unfit: ['yes', ''],
  },
  text_integer: {
    from: text(nullable),
    to: integer(nullable),
    values: [
      ['0', 0],
      ['-12', -12],
      ['123456789012345', 123456789012345],
      ['1234567890123456', 1234567890123456],
      ['9007199254740991', most],
      ['-9007199254740991', -most],
    ],
    unfit: ['', '1.0', ' 1', '+1', '01', '-0', 'one', '9007199254740993', '12345678901234567', '1e3'],
  },
  text_timestamp: {
    from: text(nullable),
    to: timestamp(nullable),
    values: [
      [AT, AT],
      ['2026-02-28T07:48:39Z', '2026-02-28T07:48:39.000Z'],
      ['2026-02-28t09:48:39.1239+02:00', '2026-02-28T07:48:39.123Z'],
      ['2026-02-28 07:48:39.5Z', '2026-02-28T07:48:39.500Z'],
      ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
      ['2026-02-28', '2026-02-28T00:00:00.000Z'],
    ],
    unfit: [
      'yesterday',
      '',
      '2026-02-30T00:00:00Z',
      '2026-02-30',
      '2026-02-28T07:48:39',
      '28.2.2026',
      '1772264919',
    ],
  },
  text_number: {
    from: text(nullable),
    to: number(nullable),
    values: [
      ['0.1', 0.1],
      ['-1.5e300', -1.5e300],
      ['1234567890123456', 1234567890123456],
      ['5e-324', 5e-324],
    ],
    unfit: ['', '1,5', '0x10', 'NaN', 'Infinity', '1e999', '9007199254740993', ' 1'],
  },
  number_text: {
    from: number(nullable),
    to: text(nullable),
    values: [
      [0.1, '0.1'],
      [-1e21, '-1e+21'],
      [1234567890123456, '1234567890123456'],
    ],
  },
  number_boolean: {
    from: number(nullable),
    to: boolean(nullable),
    values: [
      [1, true],
      [0, false],
    ],
    unfit: [0.5],
  },
  boolean_number: { from: boolean(nullable), to: number(nullable), values: [[true, 1]] },
  text_enum: {
    from: integer(nullable),
    to: oneOf(['1', '2'], nullable),
    values: [[2, '2']],
    unfit: [3],
  },
  boolean_enum: {
    from: boolean(nullable),
    to: oneOf(['true', 'false'], nullable),
    values: [[false, 'false']],
  },
  enum_boolean: {
    from: oneOf(['true', 'false', 'no'], nullable),
    to: boolean(nullable),
    values: [['false', false]],
    unfit: ['no'],
  },
  number_short: {
    from: number(nullable),
    to: text({ max: 3, ...nullable }),
    values: [[0.1, '0.1']],
    unfit: [0.25],
  },
  timestamp_date: {
    from: timestamp(nullable),
    to: date(nullable),
    values: [['2026-02-28T00:00:00.000Z', '2026-02-28']],
    unfit: [AT],
  },
  date_timestamp: {
    from: date(nullable),
    to: timestamp(nullable),
    values: [['2026-02-28', '2026-02-28T00:00:00.000Z']],
  },
  text_range: {
    from: text(nullable),
    to: integer({ min: 2, max: 9, ...nullable }),
    values: [['2', 2]],
    unfit: ['1', '10'],
  },
  json_text: {
    from: json(nullable),
    to: text(nullable),
    values: [
      ['a', 'a'],
      [7, '7'],
      [true, 'true'],
    ],
    unfit: [{}, [1]],
  },
  json_integer: { from: json(nullable), to: integer(nullable), values: [[7, 7]], unfit: ['7', 0.5, []] },
  json_instant: {
    from: json(nullable),
    to: timestamp(nullable),
    values: [['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.000Z']],
    unfit: [7, 'x'],
  },
  text_uuid: {
    from: text(nullable),
    to: reference('uuids', nullable),
    values: [[UUID, UUID]],
    unfit: [
      '0197A6A0-0000-7000-8000-00000000000A',
      '0197a6a00000700080000000000000000a',
      '',
      '0197a6a0-0000-7000-8000-00000000000g',
    ],
  },
};

const uuids = resource({ fields: { name: text() } });

function declared(side: 'from' | 'to', names = Object.keys(cases)) {
  const id = integerId();
  const entries = names.map((name) => {
    const field = cases[name]?.[side];
    assert.ok(field);
    return [name, resource({ id, fields: { value: field } })] as const;
  });
  return { uuids, ...Object.fromEntries(entries) };
}

function tableOf(side: 'from' | 'to', name: string) {
  const table = tablesFor(declared(side)).find((one) => one.name === name);
  assert.ok(table);
  return table;
}

const fieldOf = (value: unknown) => ({ value, _version: 1 });

eachStore('changing the kind of a field', (open) => {
  test('converts every value the same way, and leaves null alone', async () => {
    const store = await open();
    await migrateTo(store, declared('from'));
    const table = tablesFor({ uuids }).find((one) => one.name === 'uuids');
    assert.ok(table);
    await insert(store, table, [{ id: UUID, name: '', _version: 1 }]);
    for (const [name, { values }] of Object.entries(cases))
      await insert(store, tableOf('from', name), [
        ...values.map(([before]) => fieldOf(before)),
        fieldOf(null),
      ]);
    await migrateTo(store, declared('to'), { apply: 'destructive' });
    for (const [name, { values }] of Object.entries(cases)) {
      const rows = await rowsOf(store, tableOf('to', name));
      assert.deepEqual(
        rows.map((row) => row.value),
        [...values.map(([, after]) => after), null],
        name,
      );
    }
  });

  for (const [name, { unfit = [] }] of Object.entries(cases))
    if (unfit.length > 0)
      test(`refuses ${name.replace('_', ' to ')} for each value that is none`, async () => {
        const store = await open();
        await migrateTo(store, declared('from', [name]));
        await insert(store, tableOf('from', name), unfit.map(fieldOf));
        await assert.rejects(migrateTo(store, declared('to', [name]), { apply: 'destructive' }), (error) => {
          assert.ok(error instanceof MigrationRefused);
          const rows = `${unfit.length} row${unfit.length === 1 ? '' : 's'}`;
          const ids = unfit
            .map((_, at) => at + 1)
            .slice(0, 5)
            .join(', ');
          const words = `holds what is no \\w+ in ${rows} \\(ids? ${ids}(, \\.{3})?\\): correct that first`;
          assert.match(error.message, new RegExp(`${name}\\.value ${words}`));
          return true;
        });
      });

  test('drops a column whose values cannot be converted, and adds it anew', async () => {
    const store = await open();
    const id = integerId();
    const before = { notes: resource({ id, fields: { value: timestamp({ index: true }) } }) };
    const after = { notes: resource({ id, fields: { value: integer({ default: 5, index: true }) } }) };
    const [, table] = tablesFor(before);
    const [, changed] = tablesFor(after);
    assert.ok(table && changed);
    await migrateTo(store, before);
    await insert(store, table, [fieldOf(AT)]);
    const { steps } = await migrateTo(store, after, { apply: 'destructive' });
    assert.deepEqual(steps, [
      '~ drop index on notes (value, id)',
      '! drop notes.value (timestamp): its values are lost',
      '+ add notes.value (integer, not null, default 5)',
      '+ create index on notes (value, id)',
    ]);
    assert.deepEqual(await rowsOf(store, changed), [{ id: 1, value: 5, _version: 1 }]);
  });
});
