import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { openPostgres } from '../src/database/postgres/open-postgres.ts';
import { openSqlite } from '../src/database/sqlite/open-sqlite.ts';
import type { Store } from '../src/database/store.ts';
import { createDatabase, dropDatabase, type PostgresServer, startPostgres } from './postgres-server.ts';

/** Opens a new, empty store; with a name, the one of that name once more. All are closed when the tests have run. */
export type Open = (name?: string) => Promise<Store>;

/** Where an app may keep its rows: an empty folder and, for PostgreSQL, the URL of an empty database. */
export interface Place {
  readonly data: string;
  readonly database?: string;
  /** How many servers are to share it (default: 1). */
  readonly servers?: number;
}

/** Runs the same tests on SQLite and on a real PostgreSQL. */
export function eachStore(name: string, tests: (open: Open) => void): void {
  describe(`${name} (sqlite)`, () => {
    const undo = cleanUp();
    let folder: string | undefined;
    tests(async (file = randomName()) => {
      folder ??= newFolder(undo);
      const store = openSqlite(join(folder, `${file}.db`));
      undo.push(() => store.close());
      return store;
    });
  });
  describe(`${name} (postgres)`, () => {
    const undo = cleanUp();
    let database: Promise<string> | undefined;
    tests(async (schema = randomName()) => {
      database ??= newDatabase(undo);
      const store = await openPostgres(await database, { schema });
      undo.push(() => store.close());
      return store;
    });
  });
}

/** Runs the same tests over places on both, for what opens a whole engine or starts a server. */
export function eachPlace(name: string, tests: (place: () => Promise<Place>) => void): void {
  describe(`${name} (sqlite)`, () => {
    const undo = cleanUp();
    tests(async () => ({ data: newFolder(undo) }));
  });
  describe(`${name} (postgres)`, () => {
    const undo = cleanUp();
    tests(async () => ({ data: newFolder(undo), database: await newDatabase(undo) }));
  });
}

/** `eachPlace`, and three servers on one PostgreSQL: what clients of an app see must be the same everywhere. */
export function everyPlace(name: string, tests: (place: () => Promise<Place>) => void): void {
  eachPlace(name, tests);
  describe(`${name} (postgres, three servers)`, () => {
    const undo = cleanUp();
    tests(async () => ({ data: newFolder(undo), database: await newDatabase(undo), servers: 3 }));
  });
}

/** The URL of PostgreSQL for this test file: the run's, or one that the file starts and stops itself. */
export async function postgresUrl(): Promise<string> {
  const given = process.env.TRESTLE_TEST_DATABASE_URL;
  if (given) return given;
  own ??= startPostgres();
  return (await own).url;
}

let own: Promise<PostgresServer> | undefined;
after(async () => (await own)?.stop());

type Undo = (() => unknown)[];

/** Steps that run after the surrounding tests, the last first. */
function cleanUp(): Undo {
  const undo: Undo = [];
  after(async () => {
    for (const step of undo.reverse()) await step();
  });
  return undo;
}

function newFolder(undo: Undo): string {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function newDatabase(undo: Undo): Promise<string> {
  const database = await createDatabase(await postgresUrl());
  undo.push(() => dropDatabase(database));
  return database;
}

function randomName(): string {
  return `t${randomBytes(6).toString('hex')}`;
}
