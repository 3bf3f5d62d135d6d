import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { barText } from '../../../src/cli/copy-progress.ts';
import { migrate } from '../../../src/database/migrations/migrate.ts';
import { openPostgres } from '../../../src/database/postgres/open-postgres.ts';
import { openSqlite } from '../../../src/database/sqlite/open-sqlite.ts';
import type { Store } from '../../../src/database/store.ts';
import { type Column, index, type Table } from '../../../src/database/table.ts';
import { readTable } from '../../../src/database/transfer/read-table.ts';
import type { PlainRow } from '../../../src/database/transfer/row-form.ts';
import { type Progress, transfer } from '../../../src/database/transfer/transfer.ts';
import { rowWriter } from '../../../src/database/transfer/write-rows.ts';
import { createDatabase, dropDatabase } from '../../postgres-server.ts';
import { temporaryFolder } from '../../processes.ts';
import { runSql } from '../../run-sql.ts';
import { postgresUrl } from '../../stores.ts';

function column(name: string, kind: Column['kind'], more: Partial<Column> = {}): Column {
  return { name, kind, nullable: true, ...more };
}

/** A row may refer to a later one of its own table, and the two tables to each other. */
const PEOPLE: Table = {
  name: 'people',
  columns: [
    column('id', 'integer', { nullable: false, key: 'counting' }),
    column('name', 'text', { nullable: false }),
    column('boss', 'integer', { references: { table: 'people', column: 'id', onDelete: 'restrict' } }),
    column('home', 'uuid', { references: { table: 'Homes', column: 'id', onDelete: 'setNull' } }),
  ],
  indexes: [index('people', ['name'], true)],
};
const HOMES: Table = {
  name: 'Homes',
  columns: [
    column('id', 'uuid', { nullable: false, key: 'given' }),
    column('owner', 'integer', { references: { table: 'people', column: 'id', onDelete: 'cascade' } }),
    column('size', 'number'),
    column('big', 'integer'),
    column('warm', 'boolean'),
    column('built', 'timestamp'),
    column('plan', 'json'),
    column('order', 'text'),
    column('price', 'decimal'),
  ],
  indexes: [],
};
const TABLES = [PEOPLE, HOMES];

const ANN = '01890a5d-ac96-774b-bcce-b302099a8057';
const HOMES_ROWS: PlainRow[] = [
  [
    '00000000-0000-7000-8000-000000000000',
    1,
    0.1,
    9007199254740991,
    true,
    '2026-11-21T07:48:39.120Z',
    { b: 1, a: [null, 'ü😀', { '': '\\' }] },
    '{"x",NULL}',
    '12345678901234567890123456789012345678.90',
  ],
  [ANN, 3, -1.5e300, -9007199254740991, false, '0001-01-01T00:00:00.000Z', [], '', '-0.50'],
  ['fffffffe-ffff-7fff-bfff-ffffffffffff', null, null, 0, null, null, null, null, '0'],
  [
    'ffffffff-ffff-7fff-bfff-ffffffffffff',
    null,
    3,
    null,
    null,
    '9999-12-31T23:59:59.999Z',
    'text',
    'NULL',
    null,
  ],
];
const PEOPLE_ROWS: PlainRow[] = [
  [1, 'first', 3, ANN],
  [3, 'O\'Hara, "x"\n\t\\', 3, null],
  [40, 'x'.repeat(3000), null, null],
];

type Rows = Readonly<Record<string, readonly PlainRow[]>>;
const ROWS: Rows = { people: PEOPLE_ROWS, Homes: HOMES_ROWS };

/** Opens a new store of either kind; all are closed at the end. */
const OPEN = {
  sqlite: async () => closing(openSqlite(join(temporaryFolder(), 'rows.db'))),
  postgres: async () => {
    database ??= await createDatabase(await postgresUrl());
    return closing(await openPostgres(database, { schema: `t${randomBytes(6).toString('hex')}` }));
  },
} satisfies Record<string, () => Promise<Store>>;

let database: string | undefined;
const opened: Store[] = [];

function closing(store: Store): Store {
  opened.push(store);
  return store;
}

/** Fills the tables of a store, whatever refers to what. */
async function fill(store: Store, rows: Rows): Promise<Store> {
  await migrate(store, TABLES);
  const { dialect } = store;
  await store.exclusive(1000, (transaction) =>
    dialect.withoutReferences(transaction, async () => {
      for (const { name, columns } of TABLES)
        await rowWriter(dialect, name, columns)(transaction, rows[name] ?? []);
    }),
  );
  return store;
}

async function rowsOf(store: Store, table: Table): Promise<PlainRow[]> {
  const rows: PlainRow[] = [];
  for await (const part of readTable(store, store.dialect, table)) rows.push(...part.rows);
  return rows;
}

async function nextId(store: Store): Promise<unknown> {
  const [row] = await runSql(store, "insert into people (name) values ('next') returning id");
  return Reflect.get(Object(row), 'id');
}

/** A trigger of somebody else's that changes what is inserted. */
const LIAR = {
  sqlite: 'create trigger liar after insert on "Homes" begin update "Homes" set "order" = \'lie\'; end',
  postgres:
    'create function lie() returns trigger language plpgsql as $$ begin new."order" := \'lie\'; return new; end $$',
};

describe('rows between stores', () => {
  after(async () => {
    for (const store of opened) await store.close();
    if (database) await dropDatabase(database);
  });

  for (const [from, to] of [
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
    ['postgres', 'postgres'],
    ['sqlite', 'sqlite'],
  ] as const)
    describe(`a transfer from ${from} to ${to}`, () => {
      it('moves every value of every kind, with the same digest as the rows themselves', async () => {
        const source = await fill(await OPEN[from](), ROWS);
        const target = await fill(await OPEN[to](), {});
        const moved = await transfer(source, target, TABLES);
        for (const table of TABLES) {
          assert.deepEqual(await rowsOf(target, table), ROWS[table.name]);
          const lines = (ROWS[table.name] ?? []).map((row) => `${JSON.stringify(row)}\n`).join('');
          const digest = createHash('sha256').update(lines).digest('hex');
          assert.deepEqual(
            moved.find((one) => one.table === table.name),
            { table: table.name, rows: ROWS[table.name]?.length, digest },
          );
        }
        await assert.rejects(
          runSql(target, 'update people set boss = 77'),
          { code: 'conflict' },
          'references hold again',
        );
      });

      it('goes on after the highest id ever given, of rows that are gone too', async () => {
        const source = await fill(await OPEN[from](), { people: [[1, 'first', null, null]] });
        // Rows that are written with their ids move no sequence of PostgreSQL: two are given, and removed.
        if (from === 'postgres')
          await runSql(source, "select setval(pg_get_serial_sequence('people', 'id'), 1)");
        const second = await nextId(source);
        await runSql(source, "delete from people where name = 'next'");
        assert.equal(second, 2);
        const target = await fill(await OPEN[to](), {});
        await transfer(source, target, TABLES);
        assert.equal(await nextId(target), 3);
      });

      it('moves many rows in parts, large ones fewer at a time, and tells how far it is', async () => {
        const people = Array.from({ length: 4100 }, (_, at) => [at + 1, `n${at}`, null, null]);
        const homes = Array.from({ length: 12 }, (_, at) => [
          `00000000-0000-7000-8000-0000000000${String(at).padStart(2, '0')}`,
          ...[null, null, null, null, null, null],
          'x'.repeat(1_000_000),
        ]);
        const source = await fill(await OPEN[from](), { people, Homes: homes });
        const target = await fill(await OPEN[to](), {});
        const told: Progress[] = [];
        const moved = await transfer(source, target, TABLES, { progress: (one) => told.push(one) });
        assert.deepEqual(
          moved.map(({ table, rows }) => [table, rows]),
          [
            ['people', 4100],
            ['Homes', 12],
          ],
        );
        const ofPeople = told.filter(({ table, step }) => table === 'people' && step === 'copying');
        assert.deepEqual(
          ofPeople.map(({ done, total }) => [done, total]),
          [
            [0, 4100],
            [2000, 4100],
            [4000, 4100],
            [4100, 4100],
          ],
        );
        assert(told.some(({ step }) => step === 'reading back'));
      });

      it('writes nothing into a target that has rows', async () => {
        const source = await fill(await OPEN[from](), ROWS);
        const target = await fill(await OPEN[to](), { people: [[9, 'mine', null, null]] });
        await assert.rejects(
          transfer(source, target, TABLES),
          /the table people of the target has rows already/,
        );
        assert.deepEqual(await rowsOf(target, PEOPLE), [[9, 'mine', null, null]]);
        assert.deepEqual(await rowsOf(target, HOMES), []);
      });

      it('takes everything back where something arrives differently', async () => {
        const source = await fill(await OPEN[from](), ROWS);
        const target = await fill(await OPEN[to](), {});
        await runSql(target, LIAR[to]);
        if (to === 'postgres')
          await runSql(
            target,
            'create trigger liar before insert on "Homes" for each row execute function lie()',
          );
        await assert.rejects(
          transfer(source, target, TABLES),
          /Homes: what arrived differs from what was copied/,
        );
        for (const table of TABLES) assert.deepEqual(await rowsOf(target, table), []);
        assert.equal(await nextId(target), to === 'sqlite' ? 1 : 41);
      });
    });

  it('copies one moment of a source that is being written', async () => {
    const people = Array.from({ length: 5000 }, (_, at) => [at + 1, `n${at}`, null, null]);
    const source = await fill(await OPEN.sqlite(), { people });
    const target = await fill(await OPEN.postgres(), {});
    let wrote: Promise<unknown> | undefined;
    const moved = await transfer(source, target, TABLES, {
      progress: ({ table, done }) => {
        if (table === 'people' && done === 2000) wrote = runSql(source, 'delete from people where id > 3000');
      },
    });
    await wrote;
    assert.equal(moved[0]?.rows, 5000);
    assert.equal((await rowsOf(source, PEOPLE)).length, 3000);
    assert.equal((await rowsOf(target, PEOPLE)).length, 5000);
  });

  it('names what PostgreSQL cannot hold, and keeps nothing', async () => {
    const source = await fill(await OPEN.sqlite(), { people: [[1, 'a\0b', null, null]] });
    const target = await fill(await OPEN.postgres(), {});
    await assert.rejects(transfer(source, target, TABLES));
    assert.deepEqual(await rowsOf(target, PEOPLE), []);
  });

  it('shows a bar', () => {
    assert.equal(
      barText({ table: 'messages', step: 'copying', done: 500_000, total: 1_000_000 }),
      '  messages  copying      [############            ]  50 %  500,000 of 1,000,000',
    );
    assert.match(
      barText({ table: 'a', step: 'reading back', done: 0, total: 0 }),
      /\[#{24}\] 100 % {2}0 of 0$/,
    );
  });
});
