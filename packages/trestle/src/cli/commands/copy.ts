import type { Command } from 'commander';
import { Option } from 'commander';
import { migrate } from '../../database/migrations/migrate.ts';
import { databaseWords, isInUse, type Location, locationWords, mayExist } from '../../database/open-store.ts';
import type { Store } from '../../database/store.ts';
import { type Moved, transfer } from '../../database/transfer/transfer.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import { messageOf, Problem } from '../../problems.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { copiedTables, isReady, withStore } from '../backups/database-copy.ts';
import { grouped, progressBar } from '../copy-progress.ts';
import { findApps } from '../find-apps.ts';
import { place } from '../place.ts';

interface CopyOptions {
  from: Location;
  to: Location;
  whileServing?: boolean;
}

/** `trestle copy [apps...] --from PLACE --to PLACE` */
export function define(command: Command): void {
  command
    .argument(
      '[apps...]',
      'folders of apps, or their names in apps/ (default: all that have a database there)',
    )
    .addOption(from('--from <place>', 'sqlite:FOLDER or postgres://... (its password may be in PGPASSWORD)'))
    .addOption(from('--to <place>', 'the same; the tables there must be empty, or not there yet'))
    .option('--while-serving', 'copy what a running server has now; what it writes later is not in the copy')
    .action(copy);
}

function from(flags: string, words: string): Option {
  return new Option(flags, words).argParser(place).makeOptionMandatory();
}

async function copy(names: string[], options: CopyOptions): Promise<void> {
  let copied = 0;
  for (const app of await findApps(names)) {
    if (await copyApp(app, options, names.length > 0)) copied += 1;
  }
  if (copied === 0) throw new StartError(`there is no app's database at ${locationWords(options.from)}`);
  print(
    '\nNot in a database, but in the data folder: the signing secret, without which everyone signs in anew, and files that ' +
      'operations keep. Let the new server have them. Passwords and API keys stay as they are.',
  );
}

/** True where there was a database. Throws `StartError`: then the target of this app is as it was. */
async function copyApp(app: App, options: CopyOptions, asked: boolean): Promise<boolean> {
  const [from, to] = [databaseWords(options.from, app.name), databaseWords(options.to, app.name)];
  if (from === to) throw new StartError(`--from and --to are the same: ${from}`);
  if (!mayExist(options.from, app.name)) return nothing(from, asked);
  if (!options.whileServing && (await isInUse(options.from, app.name)))
    throw new StartError(
      `${from} is in use by another process. Stop the server first, so that nothing it writes is left behind; or copy what ` +
        'is there now with --while-serving.',
    );
  return await withStore(options.from, app, async (source) => {
    if (!(await isReady(source, app, from))) return nothing(from, asked);
    return await withStore(options.to, app, async (target) => {
      const started = performance.now();
      const moved = await moveApp(app, source, target, to);
      const heading = `${app.name}: ${from} to ${to}`;
      const milliseconds = performance.now() - started;
      const width = Math.max(...moved.map(({ table }) => table.length));
      const rows = moved.reduce((sum, one) => sum + one.rows, 0);
      print(heading);
      for (const { table, rows, digest } of moved)
        print(`  ${table.padEnd(width)}  ${grouped(rows).padStart(10)} rows  sha256 ${digest.slice(0, 16)}`);
      print(
        `  ${grouped(rows)} rows in ${(milliseconds / 1000).toFixed(1)} s; read back: the same rows on both sides`,
      );
      return true;
    });
  });
}

function nothing(where: string, asked: boolean): false {
  if (asked) throw new StartError(`there is no database at ${where}`);
  return false;
}

async function moveApp(app: App, source: Store, target: Store, to: string): Promise<Moved[]> {
  const bar = progressBar(process.stderr);
  try {
    await migrate(target, tablesOfApp(app), { renames: renamesOfApp(app) });
    return await transfer(source, target, copiedTables(app), { progress: bar.show });
  } catch (error) {
    const why = error instanceof Problem ? error.detail : messageOf(error);
    throw new StartError(
      `${app.name}: ${why}. No row was copied into ${to}; empty it (drop the schema, or move the files ` +
        `${app.name}.db* away) and copy again, or name another target.`,
      { cause: error },
    );
  } finally {
    bar.clear();
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
