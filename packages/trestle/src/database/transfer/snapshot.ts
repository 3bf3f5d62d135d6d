import { DatabaseSync } from 'node:sqlite';
import { sql } from '../sql.ts';
import { Connection } from '../sqlite/connection.ts';
import { statement } from '../statement.ts';
import type { Executor, Store } from '../store.ts';

/** Runs work over one unchanging view of a whole database, while others write it. */
export function snapshot<T>(store: Store, work: (reader: Executor) => Promise<T>): Promise<T> {
  return store.dialect.name === 'sqlite' ? ofFile(store, work) : ofSchema(store, work);
}

/** A connection of its own: what a read transaction has seen of a file stays as it is until it ends. */
async function ofFile<T>(store: Store, work: (reader: Executor) => Promise<T>): Promise<T> {
  const database = new DatabaseSync(await fileBehind(store), { readOnly: true, timeout: 5000 });
  try {
    database.exec('begin');
    return await work(new Connection(database));
  } finally {
    database.close();
  }
}

function ofSchema<T>(store: Store, work: (reader: Executor) => Promise<T>): Promise<T> {
  const begin = sql`set transaction isolation level repeatable read read only`;
  return store.write(
    async (transaction) => {
      await transaction.all(statement(store.dialect, begin), []);
      return await work(transaction);
    },
    { patient: true },
  );
}

/** The file of an SQLite store. */
export async function fileBehind(store: Store): Promise<string> {
  const main = sql`select file from pragma_database_list where name = 'main'`;
  const [row] = await store.all(statement(store.dialect, main), []);
  return String(row?.file);
}
