import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor } from '../store.ts';

/**
 * Runs work in a transaction while no reference is checked, so that tables and rows can be written in any order; they are
 * checked at its end. SQLite's are off already in an exclusive transaction, which checks them before its commit.
 */
export async function withoutReferences<T>(
  transaction: Executor,
  dialect: Dialect,
  work: () => Promise<T>,
): Promise<T> {
  if (dialect.name === 'sqlite') return await work();
  const run = (text: string) => transaction.all(statement(dialect, sql.raw(text)), []);
  const references = await run(REFERENCES);
  for (const { table, name } of references) await run(`alter table ${table} drop constraint ${name}`);
  const result = await work();
  for (const { table, name, definition } of references)
    await run(`alter table ${table} add constraint ${name} ${definition}`);
  return result;
}

/** As the database itself has them: a constraint may be older than its table's name. */
const REFERENCES = `select conrelid::regclass::text as "table", quote_ident(conname) as name,
    pg_get_constraintdef(oid) as definition
  from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`;
