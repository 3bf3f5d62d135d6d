import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** A row of the one data set that every server is given. */
interface Message {
  id: number;
  content: string;
  views: number;
  created_at: string;
  updated_at: string;
}

/** 50 words, one in each message: a search for one of them finds 2 % of the rows. */
const WORDS = (
  'apple banana cherry damson elder fig grape hazel ivy juniper kiwi lemon mango nectar olive peach quince rowan sloe ' +
  'tomato ugli vanilla walnut xigua yam zucchini acorn beech cedar daisy ember fern gorse holly iris jasmine kelp ' +
  'lotus maple nettle orchid poppy quartz rose sage thyme umber violet willow yarrow'
).split(' ');
const FILLING = 'the quick brown fox jumps over the lazy dog '.repeat(3);
const FIRST = Date.UTC(2025, 0, 1);

/** The word that the filtered list searches for. */
export const NEEDLE = 'kiwi';
/** The value of the list by equality: one row in a thousand has it. */
export const RARE_VIEWS = 37;

/** The message of a number, counted from 1: always the same, a second younger than the one before. */
export function message(number: number): Message {
  const word = WORDS[(number * 7) % WORDS.length];
  const at = new Date(FIRST + number * 1000).toISOString();
  return {
    id: number,
    content: `message ${number} about ${word} ${FILLING.slice(0, (number * 13) % 90)}`.trim(),
    views: viewsOf(number),
    created_at: at,
    updated_at: at,
  };
}

/** The views of the message of a number. */
export function viewsOf(number: number): number {
  return (number * 7919) % 1000;
}

/** The messages 1 to `rows`. */
function* messages(rows: number): Generator<Message> {
  for (let number = 1; number <= rows; number += 1) yield message(number);
}

const COLUMNS = 'id, content, views, created_at, updated_at';

/** Creates the table of the hand-written servers in a SQLite file, with the indexes that `messages-app.ts` has. */
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

/** Creates the table of the hand-written servers in a PostgreSQL database. */
export async function makePostgresTable(url: string): Promise<void> {
  await onPostgres(url, async (client) => {
    await client.query(`create table messages (id serial primary key, content text not null check (length(content) between 1 and 160),
      views integer not null default 0, created_at text not null, updated_at text not null);
      create index messages_created_at on messages (created_at);
      create index messages_updated_at on messages (updated_at)`);
  });
}

/** The columns of a `messages` table for a message. */
type RowOf = (message: Message) => Readonly<Record<string, string | number>>;

/**
 * Fills an existing `messages` table. No server has the file open, so that no journal is needed; the indexes are created
 * at the end.
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

/** Flushes the file to disk now, so that no later measurement pays for it. */
function flush(file: string): void {
  const opened = openSync(file, 'r+');
  fsyncSync(opened);
  closeSync(opened);
}

const BATCH = 5000;

/** Fills an existing `messages` table of a PostgreSQL schema. */
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

async function onPostgres(url: string, task: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await task(client);
  } finally {
    await client.end();
  }
}
