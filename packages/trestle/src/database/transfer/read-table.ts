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
  const key = keyOf(table).name;
  const columns = sql.join(table.columns.map(({ name }) => sql.ref(name)));
  const from = sql`select ${columns} from ${sql.table(table.name)}`;
  const rest = sql`order by ${sql.ref(key)} limit ${sql.rowCount(param('limit'))}`;
  const first = statement(dialect, sql`${from} ${rest}`);
  const next = statement(dialect, sql`${from} where ${sql.ref(key)} > ${param('after')} ${rest}`);
  const decode = rowDecoder(dialect, table.columns);
  let limit = MAX_ROWS;
  let after: Value | undefined;
  for (;;) {
    const page: Columns[] =
      after === undefined
        ? await executor.all(first, bind(first, { limit }))
        : await executor.all(next, bind(next, { after, limit }));
    const last = page.at(-1)?.[key];
    if (last === undefined) return;
    if (typeof last !== 'number' && typeof last !== 'string')
      throw new TypeError(`expected a number or a string as a key, got ${typeof last}`);
    after = last;
    const rows = page.map(decode);
    const lines = rows.map((row) => JSON.stringify(row));
    yield { rows, lines };
    if (page.length < limit) return;
    const length = lines.reduce((sum, line) => sum + line.length, 0) / lines.length;
    limit = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_TEXT_LENGTH / length)));
  }
}

/** How many rows a table has. */
export async function countRows(executor: Executor, dialect: Dialect, table: Table): Promise<number> {
  const count = statement(dialect, sql`select count(*) as found from ${sql.table(table.name)}`);
  const [row] = await executor.all(count, []);
  return Number(row?.found);
}
