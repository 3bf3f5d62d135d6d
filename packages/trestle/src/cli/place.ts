import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { fileOf, schemaOf } from '../database/open-store.ts';
import { openPostgres } from '../database/postgres/open-postgres.ts';
import { openSqlite } from '../database/sqlite/open-sqlite.ts';
import type { Store } from '../database/store.ts';
import { isFileInUse, isSchemaInUse } from '../database/transfer/in-use.ts';
import { StartError } from '../start-error.ts';

/** Where the databases of apps are: a folder of SQLite files, or the schemas of a PostgreSQL database. */
export type Place =
  | { readonly kind: 'sqlite'; readonly folder: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** A place from an option: `sqlite:FOLDER` or `postgres://…`. */
export function place(text: string): Place {
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: 'postgres', url: text };
  const folder = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (folder) return { kind: 'sqlite', folder: resolve(folder) };
  throw new InvalidArgumentError('Expected sqlite:FOLDER or postgres://user@host:5432/name.');
}

/** A place in words, without a password. */
export function whole(at: Place): string {
  return at.kind === 'sqlite' ? at.folder : (at.url.split('?', 1)[0]?.replace(/\/\/[^@/]*@/, '//') ?? '');
}

/** An app's part of a place in words. */
export function placeWords(at: Place, app: string): string {
  return at.kind === 'sqlite' ? fileOf(at.folder, app) : `${whole(at)} (schema ${schemaOf(app)})`;
}

/** Whether an app may have a database there: of PostgreSQL only a connection tells. */
export function mayExist(at: Place, app: string): boolean {
  return at.kind === 'postgres' || existsSync(fileOf(at.folder, app));
}

/** Opens an app's database, made where it is missing. */
export async function openPlace(at: Place, app: string): Promise<Store> {
  // Not a server's name, so that servers can be told from it.
  if (at.kind === 'postgres')
    return await openPostgres(at.url, {
      schema: schemaOf(app),
      application: `trestle-copy ${schemaOf(app)}`,
    });
  mkdirSync(at.folder, { recursive: true, mode: 0o700 });
  return openSqlite(fileOf(at.folder, app));
}

/** Throws `StartError` where a server is seen to use the database. The store of an SQLite file must not be open yet. */
export async function refuseServed(at: Place, app: string, why: string): Promise<void> {
  if (await isServed(at, app))
    throw new StartError(`${placeWords(at, app)} is in use by another process. ${why}`);
}

async function isServed(at: Place, app: string): Promise<boolean> {
  if (at.kind === 'sqlite') return isFileInUse(fileOf(at.folder, app));
  const store = await openPlace(at, app);
  try {
    return await isSchemaInUse(store);
  } finally {
    await store.close();
  }
}
