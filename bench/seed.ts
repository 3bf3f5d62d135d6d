import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { type Message, messages } from './messages.ts';

const COLUMNS = 'id, content, views, created_at, updated_at';

/** Makes the table of the hand-written servers in a SQLite file, with the indexes that `apps/messages` has. */
export function makeSqliteTable(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`pragma journal_mode = wal;
    create table messages (id integer primary key autoincrement, content text not null check (length(content) between 1 and 160),
      views integer not null default 0, created_at text not null, updated_at text not null);
    create index messages_created_at on messages (created_at);
    create index messages_updated_at on messages (updated_at)`);
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

/** Fills a `messages` table that is there, whoever made it. */
export function fillSqlite(file: string, rows: number): void {
  const database = new DatabaseSync(file);
  const insert = database.prepare(`insert into messages (${COLUMNS}) values (?, ?, ?, ?, ?)`);
  database.exec('begin');
  for (const message of messages(rows)) insert.run(...valuesOf(message));
  database.exec('commit; pragma wal_checkpoint(truncate)');
  database.close();
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

function valuesOf({ id, content, views, created_at, updated_at }: Message) {
  return [id, content, views, created_at, updated_at];
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
