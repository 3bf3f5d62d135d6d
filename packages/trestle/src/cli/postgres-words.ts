import { schemaOf } from '../database/open-store.ts';
import { StartError } from '../start-error.ts';

/** The command of PostgreSQL to run instead of `backup`. Without the password: pg_dump asks for it, or reads PGPASSWORD. */
export function dumpWords(database: string, apps: readonly string[], folder: string, now: string): string {
  const commands = apps.map(
    (app) =>
      `  pg_dump --format=custom --schema=${schemaOf(app)} --file=${quoted(`${folder}/${app}-${stamp(now)}.dump`)} ${quoted(withoutPassword(database))}`,
  );
  return `PostgreSQL makes its own backups, while the server runs:\n${commands.join('\n')}`;
}

/** The command of PostgreSQL to run instead of `restore`. */
export function restoreWords(database: string, file: string): string {
  return (
    'PostgreSQL restores its own backups; stop the servers first:\n' +
    `  pg_restore --clean --if-exists --single-transaction --dbname=${quoted(withoutPassword(database))} ${quoted(file)}`
  );
}

/** An instant as a part of a file's name. */
export function stamp(now: string): string {
  return now.replaceAll(':', '-');
}

function withoutPassword(database: string): string {
  try {
    const url = new URL(database);
    url.password = '';
    url.searchParams.delete('password');
    return url.href;
  } catch {
    throw new StartError('expected a database URL such as postgres://user:password@host:5432/name');
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
