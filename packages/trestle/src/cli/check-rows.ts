import { migrationStatus } from '../database/migrations/migrate.ts';
import { sql } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Reader } from '../database/store.ts';
import type { Table } from '../database/table.ts';
import { tableName } from '../database/tables.ts';
import { readTable } from '../database/transfer/read-table.ts';
import { renamesOfApp, tablesOfApp } from '../engine.ts';
import { bodySchemas, compileModels } from '../rows/model.ts';
import { compileSchema } from '../rows/validate.ts';
import { withAccounts } from '../schema/accounts.ts';
import type { App } from '../schema/app.ts';

/** Ids that a finding names. */
const MAX_IDS = 5;

/**
 * Compares all rows of an app with its declaration: every reference leads to a row, and every value is one that the declaration
 * takes. Answers a sentence for each column where that is not so; undefined where the tables are not as declared.
 */
export async function checkRows(reader: Reader, app: App): Promise<string[] | undefined> {
  const tables = tablesOfApp(app);
  const { current } = await migrationStatus(reader, tables, renamesOfApp(app));
  if (!current) return undefined;
  const found: string[] = [];
  for (const table of tables) found.push(...(await danglingReferences(reader, table)));
  const models = compileModels(withAccounts(app.resources, app.accounts), app.accounts, reader.dialect);
  const ofResources = new Map(tables.map((table) => [table.name, table]));
  for (const [name, { resource, fields }] of models) {
    const table = ofResources.get(tableName(name, resource));
    if (!table) continue;
    const stored = fields.filter(({ links }) => !links);
    const check = compileSchema(bodySchemas(resource, stored).row);
    const faults = new Map<string, unknown[]>();
    for await (const { rows } of readTable(reader, reader.dialect, table))
      for (const values of rows) {
        const row = Object.fromEntries(table.columns.map((column, at) => [column.name, values[at]]));
        for (const { pointer, message } of check(row)) {
          const words = `${name}${pointer.replaceAll('/', '.')}: ${message}`;
          faults.set(words, [...(faults.get(words) ?? []), row.id]);
        }
      }
    for (const [words, ids] of faults) found.push(`${words}, in ${rowsWords(ids.length, ids)}`);
  }
  return found;
}

async function danglingReferences(reader: Reader, table: Table): Promise<string[]> {
  const found: string[] = [];
  for (const { name, references } of table.columns) {
    if (!references) continue;
    const [column, id] = [sql.ref(`r.${name}`), sql.ref(`t.${references.column}`)];
    const select = statement(
      reader.dialect,
      sql`select ${sql.ref('r.id')} as ${sql.id('id')} from ${sql.table(table.name)} r
        left join ${sql.table(references.table)} t on ${id} = ${column}
        where ${column} is not null and ${id} is null order by 1`,
    );
    const rows = await reader.all(select, []);
    if (rows.length > 0)
      found.push(
        `${table.name}.${name}: no row of ${references.table} is where it refers to, in ` +
          rowsWords(
            rows.length,
            rows.map((row) => row.id),
          ),
      );
  }
  return found;
}

function rowsWords(found: number, ids: readonly unknown[]): string {
  const named = ids.slice(0, MAX_IDS).join(', ');
  return `${found} ${found === 1 ? 'row' : 'rows'} (id ${named}${found > MAX_IDS ? ', ...' : ''})`;
}
