// A declaration that allows less than before is no silent change: rows that do not fit it are counted and named, and nothing starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrationStatus } from '../../src/database/migrations/migrate.ts';
import { MigrationRefused } from '../../src/database/migrations/refusals.ts';
import {
  type Field,
  integer,
  integerId,
  list,
  number,
  object,
  oneOf,
  resource,
  text,
  timestamp,
} from '../../src/index.ts';
import { insert, rowsOf } from '../database/migrations/rows.ts';
import { migrateTo, tablesFor } from '../database/migrations/states.ts';
import { eachStore } from '../stores.ts';

interface Case {
  from: Field;
  to: Field;
  fit: unknown;
  unfit: readonly unknown[];
  words: RegExp;
}

const nullable = { nullable: true } as const;
const cases: Readonly<Record<string, Case>> = {
  value_removed: {
    from: oneOf(['a', 'b', 'c']),
    to: oneOf(['c', 'a']),
    fit: 'a',
    unfit: ['b'],
    words: /enum/,
  },
  lower_max: {
    from: text({ max: 9 }),
    to: text({ max: 2 }),
    fit: '\u{1F600}b',
    unfit: ['abc', 'abcd'],
    words: /maxLength 9 becomes 2/,
  },
  higher_min: {
    from: text(),
    to: text({ min: 1 }),
    fit: 'a',
    unfit: [''],
    words: /minLength none becomes 1/,
  },
  indexed: {
    from: text(),
    to: text({ index: true }),
    fit: 'a',
    unfit: ['a'.repeat(256)],
    words: /maxLength 100000 becomes 255/,
  },
  pattern: { from: text(), to: text({ pattern: /^[a-z]+$/ }), fit: 'a', unfit: ['1', ''], words: /pattern/ },
  range: {
    from: integer(),
    to: integer({ min: 0, max: 5 }),
    fit: 5,
    unfit: [-1, 6],
    words: /minimum .*maximum/,
  },
  number: {
    from: number({ max: 1 }),
    to: number({ max: 0.5 }),
    fit: 0.5,
    unfit: [0.75],
    words: /maximum 1 becomes 0.5/,
  },
  items: {
    from: list(text()),
    to: list(text(), { min: 1, max: 2 }),
    fit: ['a'],
    unfit: [[], ['a', 'b', 'c']],
    words: /minItems.*maxItems|maxItems.*minItems/,
  },
  item: { from: list(text()), to: list(text({ max: 1 })), fit: ['a'], unfit: [['a', 'bc']], words: /items/ },
  member: {
    from: object({ a: text() }),
    to: object({ a: text({ max: 1 }) }),
    fit: { a: 'b' },
    unfit: [{ a: 'bc' }],
    words: /properties/,
  },
  member_required: {
    from: object({ a: text(nullable) }),
    to: object({ a: text() }),
    fit: { a: 'b' },
    unfit: [{ a: null }],
    words: /properties/,
  },
  to_enum: { from: text(), to: oneOf(['a']), fit: 'a', unfit: ['b'], words: /enum/ },
  null_removed: {
    from: integer(nullable),
    to: integer(),
    fit: 1,
    unfit: [null],
    words: /has none in 1 row \(id 2\)/,
  },
};

const declared = (side: 'from' | 'to', names = Object.keys(cases)) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const field = cases[name]?.[side];
      return field ? [[name, resource({ id: integerId(), fields: { value: field } })]] : [];
    }),
  );

eachStore('a narrowed declaration', (open) => {
  test('is refused with the number and the ids of the rows that do not fit, for each kind of limit', async () => {
    const store = await open();
    await migrateTo(store, declared('from'));
    const tables = new Map(tablesFor(declared('from')).map((table) => [table.name, table]));
    for (const [name, { fit, unfit }] of Object.entries(cases)) {
      const table = tables.get(name);
      assert.ok(table);
      await insert(
        store,
        table,
        [fit, ...unfit].map((value) => ({ value, _version: 1 })),
      );
    }
    const { obstacles } = await migrationStatus(store, tablesFor(declared('to')));
    assert.equal(obstacles.length, Object.keys(cases).length);
    for (const [name, { unfit, words }] of Object.entries(cases)) {
      const said = obstacles.find((obstacle) => obstacle.startsWith(`${name}.value `));
      const ids = unfit.map((_, at) => at + 2).join(', ');
      assert.match(String(said), words, name);
      assert.match(String(said), new RegExp(`in ${unfit.length} rows? \\(ids? ${ids}\\): `), name);
    }
    for (const apply of ['additive', 'destructive'] as const)
      await assert.rejects(migrateTo(store, declared('to'), { apply }), MigrationRefused);
    // The declaration as it was still starts, without a change.
    assert.deepEqual((await migrateTo(store, declared('from'))).steps, []);
  });

  test('is taken where every row fits it, and a wider one always, each written down', async () => {
    const store = await open();
    const id = integerId();
    const notes = (title: Field) => ({ notes: resource({ id, fields: { title } }) });
    await migrateTo(store, notes(text({ max: 9 })));
    const table = tablesFor(notes(text())).find(({ name }) => name === 'notes');
    assert.ok(table);
    await insert(store, table, [{ title: 'abc', _version: 1 }]);
    const step = (from: number, to: number) => [`~ change notes.title: maxLength ${from} becomes ${to}`];
    assert.deepEqual((await migrateTo(store, notes(text({ max: 3 })))).steps, step(9, 3));
    assert.deepEqual((await migrateTo(store, notes(text({ max: 3, message: 'in other words' })))).steps, []);
    assert.deepEqual((await migrateTo(store, notes(text({ max: 20 })))).steps, step(3, 20));
    await assert.rejects(
      migrateTo(store, notes(text({ max: 2 }))),
      /maxLength 20 becomes 2\) in 1 row \(id 1\)/,
    );
    // Back to what it allowed before is no older declaration: the tables are the same.
    assert.deepEqual((await migrateTo(store, notes(text({ max: 9 })))).steps, step(20, 9));
  });

  test('names five ids of many', async () => {
    const store = await open();
    const id = integerId();
    const before = { notes: resource({ id, fields: { size: integer() } }) };
    await migrateTo(store, before);
    const table = tablesFor(before).find(({ name }) => name === 'notes');
    assert.ok(table);
    await insert(
      store,
      table,
      Array.from({ length: 9 }, (_, size) => ({ size, _version: 1 })),
    );
    const after = { notes: resource({ id, fields: { size: integer({ max: 1 }) } }) };
    await assert.rejects(
      migrateTo(store, after),
      /in 7 rows \(ids 3, 4, 5, 6, 7, \.{3}\): correct that first/,
    );
  });

  test('a renamed field is compared with what it was', async () => {
    const store = await open();
    const id = integerId();
    const before = { notes: resource({ id, fields: { title: text() } }) };
    const after = {
      posts: resource({ id, was: 'notes', fields: { heading: text({ was: 'title', max: 1 }) } }),
    };
    await migrateTo(store, before);
    const table = tablesFor(before).find(({ name }) => name === 'notes');
    assert.ok(table);
    await insert(store, table, [{ title: 'ab', _version: 1 }]);
    await assert.rejects(migrateTo(store, after), /posts\.heading holds .* in 1 row \(id 1\)/);
  });

  test('members that are gone are lost only where that is asked for', async () => {
    const store = await open();
    const id = integerId();
    const places = (place: Field, all: Field) => ({ places: resource({ id, fields: { place, all } }) });
    const [both, one] = [object({ a: text(), b: text() }), object({ a: text() })];
    await migrateTo(store, places(both, list(both)));
    const table = tablesFor(places(both, list(both))).find(({ name }) => name === 'places');
    assert.ok(table);
    await insert(store, table, [{ place: { a: '1', b: '2' }, all: [{ a: '3', b: '4' }], _version: 1 }]);
    await assert.rejects(migrateTo(store, places(one, list(one))), /! change places\.place: .*properties/);
    await migrateTo(store, places(one, list(one)), { apply: 'destructive' });
    const [row] = await rowsOf(store, table);
    assert.deepEqual([row?.place, row?.all], [{ a: '1' }, [{ a: '3' }]]);
  });

  test('a default of nested members reaches the values that are there', async () => {
    const store = await open();
    const id = integerId();
    const places = (place: Field) => ({ places: resource({ id, fields: { place } }) });
    const before = places(object({ city: text() }));
    await migrateTo(store, before);
    const table = tablesFor(before).find(({ name }) => name === 'places');
    assert.ok(table);
    await insert(store, table, [{ place: { city: 'a' }, _version: 1 }]);
    const since = timestamp({ default: '2026-01-01T00:00:00Z' });
    await migrateTo(store, places(object({ city: text(), since })));
    const [row] = await rowsOf(store, table);
    assert.deepEqual(row?.place, { city: 'a', since: '2026-01-01T00:00:00.000Z' });
  });
});
