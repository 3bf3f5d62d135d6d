import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from '../../../src/database/sql.ts';
import { statement } from '../../../src/database/statement.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Index } from '../../../src/database/table.ts';
import { tablesOf } from '../../../src/database/tables.ts';
import {
  accounts,
  author,
  createdAt,
  editor,
  integerId,
  list,
  oneOf,
  type Resources,
  reference,
  resource,
  text,
  timestamp,
  updatedAt,
  uuidId,
} from '../../../src/index.ts';
import { eachStore } from '../../stores.ts';
import { migrateTo } from './states.ts';

const byInteger = accounts({ id: integerId() });
const indexesOf = (resources: Resources): readonly Index[] =>
  tablesOf(resources, byInteger).flatMap((table) => table.indexes);

describe('tables of a declaration', () => {
  test('have a column for the id, each field and the version, of the kind of what they refer to', () => {
    const resources = {
      notes: resource({
        fields: {
          title: text({ unique: true }),
          state: oneOf(['new', 'old'], { default: 'new' }),
          tags: list(text(), { default: [] }),
          parent: reference('boxes', { nullable: true, onDelete: 'setNull' }),
          author: author(),
          created_at: createdAt(),
        },
      }),
      boxes: resource({ id: integerId(), fields: { name: text({ nullable: true }) } }),
    };
    const [notes, boxes] = tablesOf(resources, accounts({ id: uuidId() }));
    const plain = { nullable: false } as const;
    // The type is the declared field's own.
    const written = notes?.columns.map(({ type: _type, ...column }) => column);
    const string = { type: 'string' };
    const tags = { type: 'array', items: { ...string, maxLength: 100_000 }, maxItems: 1000 };
    assert.deepEqual(written, [
      { ...plain, name: 'id', kind: 'uuid', key: 'given' },
      { ...plain, name: 'title', kind: 'text', schema: { ...string, maxLength: 255 } },
      { ...plain, name: 'state', kind: 'text', default: 'new', schema: { ...string, enum: ['new', 'old'] } },
      { ...plain, name: 'tags', kind: 'json', default: '[]', schema: tags },
      {
        name: 'parent',
        kind: 'integer',
        nullable: true,
        references: { table: 'boxes', column: 'id', onDelete: 'setNull' },
      },
      {
        name: 'author',
        kind: 'uuid',
        nullable: true,
        references: { table: '_trestle_accounts', column: 'id', onDelete: 'setNull' },
      },
      { ...plain, name: 'created_at', kind: 'timestamp', older: 'now' },
      { ...plain, name: '_version', kind: 'integer', default: 1 },
    ]);
    assert.deepEqual(boxes?.columns[0], { ...plain, name: 'id', kind: 'integer', key: 'counting' });
  });

  test('index references and authors in the declared order, and nothing twice', () => {
    const resources = {
      notes: resource({
        fields: {
          title: text({ index: true }),
          slug: text({ unique: true }),
          parent: reference('notes', { nullable: true }),
          author: author(),
          editor: editor(),
          created_at: createdAt({ index: true }),
        },
        order: '-created_at',
        unique: [['parent', 'title']],
        indexes: [['title', 'slug'], ['created_at']],
      }),
    };
    assert.deepEqual(
      indexesOf(resources).map(({ columns, unique }) => [columns.join(' '), unique]),
      [
        ['slug', true],
        ['parent title', true],
        ['created_at id', false],
        ['parent created_at id', false],
        ['author created_at id', false],
        ['title id', false],
        ['editor id', false],
        ['title slug id', false],
      ],
    );
  });

  test('of a reference or an author with index: false have it alone', () => {
    const options = { nullable: true, index: false };
    const fields = {
      parent: reference('notes', options),
      author: author({ index: false }),
      at: updatedAt(),
    };
    assert.deepEqual(
      indexesOf({ notes: resource({ fields, order: '-at' }) }).map(({ columns }) => columns.join(' ')),
      ['at id', 'parent id', 'author id'],
    );
  });

  test('have names that PostgreSQL does not cut off, and no two the same', () => {
    const long = 'a'.repeat(50);
    const fields = { [`${long}x`]: text({ index: true }), [`${long}y`]: text({ index: true }) };
    const names = indexesOf({ [long]: resource({ fields }) }).map((index) => index.name);
    assert.equal(new Set(names).size, 2);
    for (const name of names) assert.ok(name.length <= 63, name);
    const twice = indexesOf({
      project: resource({ fields: { update_author: text({ index: true }) } }),
      project_update: resource({ fields: { author: text({ index: true }) } }),
    }).map((index) => index.name);
    assert.equal(new Set(twice).size, 2);
  });
});

const walked = {
  notes: resource({
    id: integerId(),
    fields: {
      state: oneOf(['draft', 'open']),
      due: timestamp({ nullable: true }),
      parent: reference('notes', { nullable: true }),
      author: author(),
      created_at: createdAt(),
    },
    order: ['state', '-created_at'],
    indexes: [['due'], ['created_at']],
  }),
};

/** Whether a query needs a sort. PostgreSQL prefers one over few rows; told not to, it does only where it must. */
async function sorts(store: Store, query: string): Promise<boolean> {
  const { dialect } = store;
  const text = dialect.name === 'sqlite' ? `explain query plan ${query}` : `explain ${query}`;
  const plan = await store.write(async (transaction) => {
    if (dialect.name === 'postgres')
      await transaction.all(statement(dialect, sql`set local enable_sort to off`), []);
    const qualified = text.replace(' notes ', ` ${dialect.qualified('notes')} `);
    return transaction.all(statement(dialect, sql.raw(qualified)), []);
  });
  return /TEMP B-TREE|Sort/.test(JSON.stringify(plan));
}

eachStore('indexes', (open) => {
  test('answer pages in order without a sort, also where null is a value', async () => {
    const store = await open();
    await migrateTo(store, walked);
    const page = 'limit 30';
    const walks = [
      `select id from notes order by state, created_at desc, id desc ${page}`,
      `select id from notes order by state desc, created_at, id ${page}`,
      `select id from notes where parent = 7 order by state, created_at desc, id desc ${page}`,
      `select id from notes where author = 7 order by state, created_at desc, id desc ${page}`,
      `select id from notes order by created_at desc, id desc ${page}`,
      `select id from notes order by due nulls first, id ${page}`,
      `select id from notes order by due desc nulls last, id desc ${page}`,
    ];
    for (const query of walks) assert.equal(await sorts(store, query), false, query);
    assert.equal(await sorts(store, `select id from notes order by created_at, id desc ${page}`), true);
  });
});
