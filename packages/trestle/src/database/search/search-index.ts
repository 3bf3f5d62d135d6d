import type { StoredKind } from '../../schema/field-type.ts';
import type { Resource } from '../../schema/resource.ts';
import type { Resources } from '../../schema/row-types.ts';
import type { Dialect } from '../dialect.ts';
import { type Sql, sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Columns, Executor, Store, Value } from '../store.ts';
import { INTERNAL, withoutLongName } from '../table.ts';
import { tableName } from '../tables.ts';
import { type SearchTerm, wordsOf } from './words.ts';

/** Raised when the same text is made into other words: every index is built anew then. */
const WORDS_VERSION = 1;

/** Maximum words of a field, and bytes of the words of a row, that PostgreSQL keeps with their places. */
const MAX_WORDS = 16_000;
const MAX_BYTES = 800_000;

/** Rows that are indexed together while an index is built. */
const BATCH = 500;

/** The full-text index of a resource, beside the table of its rows. */
export interface SearchIndex {
  /** The table of the rows. */
  readonly rows: string;
  /** The name of the table that has the words of a row, or leads to them. */
  readonly name: string;
  readonly idKind: StoredKind;
  readonly fields: readonly { readonly name: string; readonly weight: number }[];
}

/** A row's words, field by field. */
interface IndexedRow {
  readonly id: Value;
  readonly words: readonly (readonly string[])[];
}

/** How a database keeps and searches an index. */
export interface SearchSql {
  readonly create: readonly Sql[];
  readonly drop: readonly Sql[];
  /** Replaces the words of rows. */
  put(transaction: Executor, rows: readonly IndexedRow[]): Promise<void>;
  /** A search as the one value of `matches` and `ranked`. @param fields places of those that are searched. */
  query(terms: readonly SearchTerm[], fields: readonly number[]): string;
  /** Whether a row matches, by the column of its id. */
  matches(id: Sql, query: Sql): Sql;
  /** Joins the rows with what matches, whose rank is `_found._rank`: the higher, the better. */
  ranked(query: Sql, rows: Sql): Sql;
  /** The rank that a row has now: of an order in which ranks depend on all rows, a place moves with its row. */
  rankNow?(query: Sql, id: Sql): Sql;
}

/** The declared index of a resource; undefined where it has none. */
export function searchIndexOf(name: string, resource: Resource): SearchIndex | undefined {
  if (!resource.search) return undefined;
  const rows = tableName(name, resource);
  const fields = Object.entries(resource.search).map(([field, weight]) => ({ name: field, weight }));
  return { rows, name: searchTableName(rows), idKind: resource.id.type.column, fields };
}

/** The declared indexes of an app. */
export function searchIndexesOf(resources: Resources): SearchIndex[] {
  return Object.entries(resources).flatMap(([name, resource]) => searchIndexOf(name, resource) ?? []);
}

function searchTableName(rows: string): string {
  return withoutLongName(`${INTERNAL}search_${rows}`);
}

/** The words of a row as they are indexed. */
export function indexedRow({ fields }: SearchIndex, id: Value, row: Columns): IndexedRow {
  let left = MAX_BYTES;
  const words = fields.map(({ name }) => {
    const all = wordsOf(String(row[name] ?? '')).slice(0, MAX_WORDS);
    const end = all.findIndex((word) => {
      left -= Buffer.byteLength(word) + 8;
      return left < 0;
    });
    return end === -1 ? all : all.slice(0, end);
  });
  return { id, words };
}

/** Where the definition of every index that is built is written down. */
const BUILT = `${INTERNAL}search`;

/** How far the building of an index is. */
interface SearchProgress {
  readonly table: string;
  readonly done: number;
  readonly total: number;
}

/**
 * Builds the indexes that are declared and not there, of the rows that there are, and drops those that are declared no more. All
 * of it in one transaction that nobody else writes beside: killed anywhere, it is begun anew at the next start.
 */
export async function buildSearchIndexes(
  store: Store,
  indexes: readonly SearchIndex[],
  progress: (progress: SearchProgress) => void = () => {},
): Promise<void> {
  const wanted = new Map(indexes.map((index) => [index.rows, index]));
  const isCurrent = (built: ReadonlyMap<string, string>) =>
    built.size === wanted.size && indexes.every((index) => built.get(index.rows) === definitionOf(index));
  if (isCurrent(await builtIndexes(store, store.dialect))) return;
  await store.exclusive(60_000, async (transaction) => {
    const { dialect } = store;
    const run = (query: Sql) => transaction.all(statement(dialect, query), []);
    const built = await builtIndexes(transaction, dialect);
    if (isCurrent(built)) return;
    const stale = [...built].filter(([rows, definition]) => {
      const index = wanted.get(rows);
      return !index || definitionOf(index) !== definition;
    });
    await drop(
      transaction,
      dialect,
      stale.map(([rows]) => rows),
    );
    await run(
      sql`create table if not exists ${sql.table(BUILT)} (${sql.id('rows')} text primary key, ${sql.id('definition')} text not null)`,
    );
    for (const index of indexes) {
      if (built.get(index.rows) === definitionOf(index)) continue;
      for (const query of dialect.searchSql(index).create) await run(query);
      await fill(transaction, dialect, index, progress);
      await run(
        sql`insert into ${sql.table(BUILT)} values (${sql.lit(index.rows)}, ${sql.lit(definitionOf(index))})`,
      );
    }
  });
}

/** Drops the indexes of tables that a migration is about to change; the next start builds them anew. */
export async function dropSearchIndexes(
  transaction: Executor,
  dialect: Dialect,
  tables: ReadonlySet<string>,
): Promise<void> {
  const built = await builtIndexes(transaction, dialect);
  await drop(
    transaction,
    dialect,
    [...built.keys()].filter((rows) => tables.has(rows)),
  );
}

async function drop(transaction: Executor, dialect: Dialect, tables: readonly string[]): Promise<void> {
  const run = (query: Sql) => transaction.all(statement(dialect, query), []);
  for (const rows of tables) {
    const { drop: steps } = dialect.searchSql({
      rows,
      name: searchTableName(rows),
      idKind: 'text',
      fields: [],
    });
    for (const query of steps) await run(query);
    await run(sql`delete from ${sql.table(BUILT)} where ${sql.id('rows')} = ${sql.lit(rows)}`);
  }
}

function definitionOf({ idKind, fields }: SearchIndex): string {
  return JSON.stringify([WORDS_VERSION, idKind, fields.map(({ name, weight }) => [name, weight])]);
}

/** The definitions of the indexes that are there, by the table of their rows. */
async function builtIndexes(executor: Executor, dialect: Dialect): Promise<Map<string, string>> {
  const isBuilt = sql`select 1 from (${dialect.actualColumns}) as there where ${sql.id('table')} = ${sql.lit(BUILT)}`;
  const there = await executor.all(statement(dialect, isBuilt), []);
  if (there.length === 0) return new Map();
  const select = sql`select ${sql.id('rows')}, ${sql.id('definition')} from ${sql.table(BUILT)}`;
  const found = await executor.all(statement(dialect, select), []);
  return new Map(found.map(({ rows, definition }) => [String(rows), String(definition)]));
}

async function fill(
  transaction: Executor,
  dialect: Dialect,
  index: SearchIndex,
  progress: (progress: SearchProgress) => void,
): Promise<void> {
  const table = sql.table(index.rows);
  for (const lock of dialect.lockTables([index.rows])) await transaction.all(statement(dialect, lock), []);
  const [counted] = await transaction.all(
    statement(dialect, sql`select count(*) as total from ${table}`),
    [],
  );
  const total = Number(counted?.total);
  const columns = sql.join(['id', ...index.fields.map(({ name }) => name)].map((name) => sql.ref(name)));
  const page = (after: Sql) =>
    statement(
      dialect,
      sql`select ${columns} from ${table} ${after} order by ${sql.ref('id')} limit ${sql.lit(BATCH)}`,
    );
  const [first, next] = [page(sql``), page(sql`where ${sql.ref('id')} > ${null}`)];
  const { put } = dialect.searchSql(index);
  let rows = await transaction.all(first, []);
  for (let done = 0; rows.length > 0; ) {
    await put(
      transaction,
      // An id as the driver gives it is what the driver binds again.
      rows.map((row) => indexedRow(index, row.id as Value, row)),
    );
    done += rows.length;
    progress({ table: index.rows, done, total });
    rows = rows.length < BATCH ? [] : await transaction.all(next, [rows.at(-1)?.id as Value]);
  }
  for (const query of dialect.analyze(index.name)) await transaction.all(statement(dialect, query), []);
}
