import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { type Message, message, messages } from './messages.ts';

const COLUMNS = 'id, content, views, created_at, updated_at';

/** Makes the table of the hand-written servers in a SQLite file, with the indexes that `apps/messages` has. */
export function makeSqliteTable(file: string): void {
  runOnSqlite(
    file,
    `pragma journal_mode = wal;
    create table messages (id integer primary key autoincrement, content text not null check (length(content) between 1 and 160),
      views integer not null default 0, created_at text not null, updated_at text not null);
    create index messages_created_at on messages (created_at);
    create index messages_updated_at on messages (updated_at)`,
  );
}

/** Runs statements on a SQLite file that no server has open. */
export function runOnSqlite(file: string, statements: string): void {
  const database = new DatabaseSync(file);
  database.exec(statements);
  database.close();
}

/** Makes the table of the hand-written servers in a PostgreSQL database. */
export async function makePostgresTable(url: string): Promise<void> {
  await onPostgres(url, async (client) => {
    await client.query(`create table messages (id serial primary key, content text not null check (length(content) between 1 and 160),
      views integer not null default 0, created_at text not null, updated_at text not null);
      create index messages_created_at on messages (created_at);
      create index messages_updated_at on messages (updated_at)`);
  });
}

/** Columns of a `messages` table, and what a message puts into them. */
export type RowOf = (message: Message) => Readonly<Record<string, string | number>>;

/**
 * Fills a `messages` table that is there, whoever made it. While no server has the file open, there is nothing to keep safe:
 * no journal, and the indexes are made at the end.
 */
export function fillSqlite(file: string, rows: number, rowOf: RowOf = (message) => ({ ...message })): void {
  const database = new DatabaseSync(file);
  const mode = String(database.prepare('pragma journal_mode').get()?.journal_mode);
  database.exec('pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -262144');
  const indexes = database
    .prepare(
      "select name, sql from sqlite_master where type = 'index' and tbl_name = 'messages' and sql is not null",
    )
    .all();
  const columns = Object.keys(rowOf(message(1)));
  const insert = database.prepare(
    `insert into messages (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
  );
  database.exec('begin');
  for (const { name } of indexes) database.exec(`drop index "${name}"`);
  for (const each of messages(rows)) insert.run(...Object.values(rowOf(each)));
  for (const { sql } of indexes) database.exec(String(sql));
  database.exec(`commit; pragma journal_mode = ${mode}`);
  database.close();
  flush(file);
}

/** Has the system write now what it would write while others are timed. */
function flush(file: string): void {
  const opened = openSync(file, 'r+');
  fsyncSync(opened);
  closeSync(opened);
}

const BATCH = 5000;

export async function fillPostgres(url: string, rows: number, schema = 'public'): Promise<void> {
  await onPostgres(url, async (client) => {
    await client.query(`set search_path to ${pg.escapeIdentifier(schema)}`);
    let batch: Message[] = [];
    for (const message of messages(rows)) {
      batch.push(message);
      if (batch.length < BATCH) continue;
      await insertBatch(client, batch);
      batch = [];
    }
    await insertBatch(client, batch);
    await client.query(`select setval(pg_get_serial_sequence('messages', 'id'), ${rows}); analyze messages`);
  });
}

async function insertBatch(client: pg.Client, batch: readonly Message[]): Promise<void> {
  await client.query(
    `insert into messages (${COLUMNS}) select ${COLUMNS} from json_populate_recordset(null::messages, $1)`,
    [JSON.stringify(batch)],
  );
}

async function onPostgres(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
