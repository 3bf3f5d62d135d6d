import { createTables } from '../../src/database/ddl.ts';
import { sql } from '../../src/database/sql.ts';
import { param, type Statement, statement } from '../../src/database/statement.ts';
import type { Executor, Store, Value } from '../../src/database/store.ts';
import { index, type Table } from '../../src/database/table.ts';

/** Two tables with every kind of column, a unique index of two columns, and a reference. */
const TABLES: readonly Table[] = [
  {
    name: 'shelves',
    columns: [
      { name: 'id', kind: 'integer', nullable: false, key: 'counting' },
      { name: 'label', kind: 'text', nullable: false },
    ],
    indexes: [],
  },
  {
    name: 'books',
    columns: [
      { name: 'id', kind: 'integer', nullable: false, key: 'counting' },
      { name: 'title', kind: 'text', nullable: false },
      { name: 'the_author', kind: 'text', nullable: true },
      { name: 'copies', kind: 'integer', nullable: false, default: 0 },
      { name: 'price', kind: 'number', nullable: true },
      { name: 'lent', kind: 'boolean', nullable: true },
      { name: 'bought_at', kind: 'timestamp', nullable: true },
      { name: 'notes', kind: 'json', nullable: true },
      { name: 'mark', kind: 'uuid', nullable: true },
      {
        name: 'shelf',
        kind: 'integer',
        nullable: true,
        references: { table: 'shelves', column: 'id', onDelete: 'restrict' },
      },
    ],
    indexes: [index('books', ['title', 'the_author'], true)],
  },
];

type Values = Readonly<Record<string, Value>>;

/** Makes the tables. */
export async function makeShelf(store: Store): Promise<void> {
  const texts = createTables(store.dialect, TABLES);
  await store.write(async (tx) => {
    for (const text of texts) await tx.all(statement(store.dialect, sql.raw(text)), []);
  });
}

/** Adds a book of these columns, encoded already, and gives its id. */
export async function addBook(store: Store, tx: Executor, columns: Values): Promise<number> {
  const names = Object.keys(columns);
  const insert = sql`insert into ${sql.table('books')} (${sql.join(names.map((name) => sql.id(name)))})
    values (${sql.join(names.map((name) => sql`${param(name)}`))}) returning ${sql.ref('id')}`;
  const rows = await tx.all(statement(store.dialect, insert), Object.values(columns));
  return Number(rows[0]?.id);
}

/** Adds books with these titles in one write. */
export function addBooks(store: Store, titles: readonly string[]): Promise<number[]> {
  return store.write(async (tx) => {
    const ids: number[] = [];
    for (const title of titles) ids.push(await addBook(store, tx, { title }));
    return ids;
  });
}

/** A statement over books that changes one book's number of copies by one. */
export function borrow(store: Store): Statement {
  const copies = sql.ref('copies');
  return statement(
    store.dialect,
    sql`update ${sql.table('books')} set ${sql.id('copies')} = ${copies} + 1 where ${sql.ref('id')} = ${param('id')}
      returning ${copies}`,
  );
}

/** Titles in order, as the database sorts them. */
export async function titles(store: Executor & Pick<Store, 'dialect'>): Promise<string[]> {
  const query = sql`select ${sql.ref('title')} from ${sql.table('books')} order by ${sql.ref('title')}, ${sql.ref('id')}`;
  const rows = await store.all(statement(store.dialect, query), []);
  return rows.map((row) => String(row.title));
}
