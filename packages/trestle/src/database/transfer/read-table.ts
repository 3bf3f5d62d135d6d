import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { bind, param, statement } from '../statement.ts';
import type { Columns, Executor, Value } from '../store.ts';
import { keyOf, type Table } from '../table.ts';
import { type PlainRow, rowDecoder } from './row-form.ts';

/** Rows that are read at once, as long as they are small. */
const MAX_ROWS = 2_000;
/** Characters of JSON that are read at once, roughly: with larger rows, fewer are read together. */
const MAX_TEXT_LENGTH = 4_000_000;

/** Some rows of a table in the order of their keys, each also as one line of canonical JSON. */
interface Part {
  readonly rows: readonly PlainRow[];
  readonly lines: readonly string[];
}

/** All rows of a table in parts, by their keys, with flat memory. Every read is one statement. */
export async function* readTable(executor: Executor, dialect: Dialect, table: Table): AsyncGenerator<Part> {
  const { first, next } = pageStatements(dialect, table);
  const decode = rowDecoder(dialect, table.columns);
  const key = keyOf(table).name;
  let limit = MAX_ROWS;
  let last: Columns | undefined;
  for (;;) {
    const page: Columns[] = last
      ? await executor.all(next, bind(next, { after: keyValue(last[key]), limit }))
      : await executor.all(first, bind(first, { limit }));
    last = page.at(-1);
    if (!last) return;
    const rows = page.map(decode);
    const lines = rows.map((row) => JSON.stringify(row));
    yield { rows, lines };
    if (page.length < limit) return;
    const length = lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
    limit = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_TEXT_LENGTH / length)));
  }
}

function pageStatements(dialect: Dialect, table: Table) {
  const columns = sql.join(table.columns.map(({ name }) => sql.ref(name)));
  const key = sql.ref(keyOf(table).name);
  const rest = sql`order by ${key} limit ${param('limit')}`;
  return {
    first: statement(dialect, sql`select ${columns} from ${sql.table(table.name)} ${rest}`),
    next: statement(
      dialect,
      sql`select ${columns} from ${sql.table(table.name)} where ${key} > ${param('after')} ${rest}`,
    ),
  };
}

function keyValue(value: unknown): Value {
  if (typeof value === 'number' || typeof value === 'string') return value;
  throw new TypeError(`expected a number or a text as a key, got ${typeof value}`);
}

/** How many rows a table has. */
export async function countRows(executor: Executor, dialect: Dialect, table: Table): Promise<number> {
  const count = statement(dialect, sql`select count(*) as found from ${sql.table(table.name)}`);
  const [row] = await executor.all(count, []);
  return Number(row?.found);
}
