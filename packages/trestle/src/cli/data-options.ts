import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EngineOptions } from '../engine.ts';
import { ROLES, type Role } from '../jobs/job-limits.ts';
import { messageOf } from '../problems.ts';
import type { App } from '../schema/app.ts';
import { parseCron } from '../schema/checks/cron.ts';
import { didYouMean } from '../schema/checks/nearest.ts';
import { StartError } from '../start-error.ts';

/** Where apps keep their rows and secrets: the options of every command that opens one. */
export interface DataOptions {
  data: string;
  database?: string;
}

/** Adds `--data` and `--database`. */
export function withData(command: Command): Command {
  return command
    .addOption(
      new Option('--data <folder>', 'the folder of databases, secrets and artifacts')
        .env('TRESTLE_DATA')
        .default('./data'),
    )
    .addOption(
      new Option('--database <url>', 'a postgres:// URL (default: SQLite in the data folder)').env(
        'DATABASE_URL',
      ),
    );
}

/** The PostgreSQL database of an app; undefined where it is SQLite in the data folder. */
export function databaseOf(
  { defaults }: App,
  { database }: Pick<DataOptions, 'database'>,
): string | undefined {
  return database ?? defaults.database;
}

/** Limits of a serving process, in milliseconds where they are times. */
export interface LimitOptions {
  operations?: number;
  connections?: number;
  connectionWait?: number;
  statementTimeout?: number;
  startTimeout?: number;
}

/** Adds the limits of a serving process. */
export function withLimits(command: Command): Command {
  return command
    .addOption(
      new Option('--operations <number>', 'operations and jobs that this process runs at once (default: 8)')
        .env('TRESTLE_OPERATIONS')
        .argParser(count),
    )
    .addOption(
      new Option('--connections <number>', 'connections to PostgreSQL of each app and process (default: 10)')
        .env('TRESTLE_CONNECTIONS')
        .argParser(count),
    )
    .addOption(
      new Option('--connection-wait <seconds>', 'wait so long for a free connection before 503 (default: 2)')
        .env('TRESTLE_CONNECTION_WAIT')
        .argParser(milliseconds),
    )
    .addOption(
      new Option(
        '--statement-timeout <seconds>',
        'maximum time of a statement of PostgreSQL; 0: no limit (default: 5)',
      )
        .env('TRESTLE_STATEMENT_TIMEOUT')
        .argParser(milliseconds),
    )
    .addOption(
      new Option('--start-timeout <seconds>', 'wait so long for PostgreSQL at start (default: 30)')
        .env('TRESTLE_START_TIMEOUT')
        .argParser(milliseconds),
    );
}

/** Backups that a serving process makes. */
export interface BackupOptions {
  backupTo?: string;
  backupAt: string;
  backupKeep: number;
}

/** Adds the backups that a serving process makes. */
export function withBackups(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--backup-to <folder>',
        'make backups there: a folder, or s3://BUCKET/PREFIX (default: none)',
      ).env('TRESTLE_BACKUP_TO'),
    )
    .addOption(
      new Option('--backup-at <cron>', "when backups are made, in the machine's time zone")
        .env('TRESTLE_BACKUP_AT')
        .default('0 3 * * *', 'every night at three')
        .argParser(cron),
    )
    .addOption(
      new Option('--backup-keep <number>', 'backups of each app that are kept')
        .env('TRESTLE_BACKUP_KEEP')
        .default(14)
        .argParser(count),
    );
}

/** Mail of a serving process. */
export interface MailOptions {
  smtp?: string;
  mailFrom?: string;
  publicUrl?: string;
}

/** Adds how mail is sent. */
export function withMail(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--smtp <url>',
        'mail server, smtps://user:password@host (default: mails are files in the data folder)',
      ).env('TRESTLE_SMTP'),
    )
    .addOption(
      new Option('--mail-from <address>', "the sender of mails (default: the app's own)").env(
        'TRESTLE_MAIL_FROM',
      ),
    )
    .addOption(
      new Option(
        '--public-url <url>',
        'where people reach this server: links in mails begin with it (default: http://HOST:PORT)',
      )
        .env('TRESTLE_PUBLIC_URL')
        .argParser((text: string) => {
          if (URL.canParse(text) && /^https?:\/\/[^?#]+$/.test(text)) return text.replace(/\/+$/, '');
          throw new InvalidArgumentError('Expected https://HOST, with the path where there is one.');
        }),
    );
}

/** The limits that were given, as the engine takes them. */
export function limitsOf(options: LimitOptions): Pick<EngineOptions, 'jobs' | 'store'> {
  const { operations, connections, connectionWait, statementTimeout, startTimeout } = options;
  return {
    ...(operations !== undefined && { jobs: { concurrency: operations } }),
    store: {
      serves: true,
      limits: {
        ...(connections !== undefined && { poolSize: connections }),
        ...(connectionWait !== undefined && { wait: connectionWait }),
        ...(statementTimeout !== undefined && { statementTimeout }),
        ...(startTimeout !== undefined && { startTimeout }),
      },
    },
  };
}

const told = new Set<string>();

/** Says on the terminal, once, that a command waits for a database. */
export function tellWaiting(words: string): void {
  if (!told.has(words)) process.stderr.write(`trestle: ${words}\n`);
  told.add(words);
}

/** An option without a value, which a variable sets to `1` or `0`. */
export function flag(flags: string, description: string, variable: string): Option {
  const value = process.env[variable]?.toLowerCase();
  const isOn = value === '1' || value === 'true';
  if (value !== undefined && !isOn && !['', '0', 'false'].includes(value))
    throw new StartError(`${variable}: expected 1 or 0, got '${process.env[variable]}'`);
  // To commander a variable that is there at all sets the option.
  if (value !== undefined && !isOn) delete process.env[variable];
  return new Option(flags, description).env(variable);
}

/** Variables that are read without an option. */
const OWN_VARIABLES = [
  'TRESTLE_ADMIN_SECRET',
  'TRESTLE_SIGNING_SECRET',
  'TRESTLE_SIGNING_SECRET_PREVIOUS',
  'TRESTLE_DEBUG',
];

/**
 * Refuses variables named TRESTLE_... that nothing reads: a misspelt setting would be a default without a word. Those of an
 * app begin with its name (`TRESTLE_FORUM_...`), those of this repository's tests with `TRESTLE_TEST_`.
 */
export function refuseUnknownVariables(options: readonly string[], apps: readonly string[]): void {
  const known = [...options, ...OWN_VARIABLES];
  const own = ['TEST', ...apps].map((name) => `TRESTLE_${name.toUpperCase().replaceAll('-', '_')}_`);
  for (const name of Object.keys(process.env)) {
    if (!name.startsWith('TRESTLE_') || known.includes(name)) continue;
    if (own.some((prefix) => name.startsWith(prefix))) continue;
    const hint = didYouMean(name, known) || `; the variables are ${known.join(', ')}`;
    throw new StartError(`nothing reads the variable ${name}${hint}`);
  }
}

/** A port from an option or the environment. */
export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('Expected a port from 0 to 65535.');
}

/** A number of processes, connections or operations from an option. */
export function count(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 256) return Number(text);
  throw new InvalidArgumentError('Expected a number from 1 to 256.');
}

/** The five fields of crontab(5), from an option. */
function cron(text: string): string {
  try {
    parseCron(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** Seconds from an option, as milliseconds. */
export function milliseconds(text: string): number {
  if (/^\d{1,5}(\.\d{1,3})?$/.test(text)) return Number(text) * 1000;
  throw new InvalidArgumentError('Expected a number of seconds.');
}

/** The roles of a process from an option. */
export function roles(text: string): Role[] {
  const named = listed(text);
  const known = ROLES.filter((role) => named.includes(role));
  if (known.length > 0 && known.length === new Set(named).size) return known;
  throw new InvalidArgumentError(`Expected one or more of ${ROLES.join(',')}.`);
}

/** A list with commas. */
export function listed(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Prints rows in columns; the last is as long as it is. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  for (const row of rows) {
    const cells = row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)));
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}
