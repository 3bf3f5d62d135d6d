import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { migrationStatus } from '../../database/migrations/migrate.ts';
import { databaseWords, fileOf, mayExist, openStore, sqliteFiles } from '../../database/open-store.ts';
import { renamesOfApp, tablesOfApp } from '../../engine.ts';
import type { App } from '../../schema/app.ts';
import { StartError } from '../../start-error.ts';
import { checkRows } from '../check-rows.ts';
import { type DataOptions, databaseOf, tellWaiting, withData } from '../data-options.ts';
import { filesOfApps, findApps } from '../find-apps.ts';

interface CheckOptions extends DataOptions {
  deep?: boolean;
  types?: boolean;
}

/** `trestle check [apps...] [--deep | --types]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)')
    .option('--deep', 'also every index and reference, and each row against the declaration')
    .option(
      '--types',
      'the types of the apps in place of databases, by the compiler and settings of their project',
    );
  withData(command).action(check);
}

/** Ends with exit code 1 where something is wrong. A server may use the database meanwhile. */
async function check(names: string[], { deep = false, types, ...options }: CheckOptions): Promise<void> {
  if (types) {
    for (const project of new Set(filesOfApps(names).map((file) => above(file, 'tsconfig.json')))) {
      const compiler = above(project, 'node_modules/.bin/tsc');
      const { status } = spawnSync(compiler, ['--noEmit', '-p', project], { stdio: 'inherit' });
      if (status === 0) process.stdout.write(`${relative('.', project)}: no type errors\n`);
      else process.exitCode = 1;
    }
    return;
  }
  for (const app of await findApps(names)) {
    const database = databaseOf(app, options);
    const at = { data: options.data, ...(database !== undefined && { database }) };
    if (!mayExist(at, app.name)) {
      if (names.length > 0) throw new StartError(`there is no database ${databaseWords(at, app.name)}`);
      continue;
    }
    const found = await checkApp(app, at, deep);
    const words = found.length > 0 ? found.map((one) => `\n  ${one}`).join('') : ' whole, and as declared';
    process.stdout.write(`${databaseWords(at, app.name)}:${words}\n`);
    if (found.length > 0) process.exitCode = 1;
  }
}

/** The nearest file of a name in the folder of another, or above it. Throws `StartError` where there is none. */
function above(file: string, name: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name);
    if (folder === dirname(folder)) throw new StartError(`there is no ${name} for ${relative('.', file)}`);
  }
}

/** Answers a sentence for each thing that is not as it should be. Throws `StartError` for a file that is damaged. */
async function checkApp(app: App, at: DataOptions, deep: boolean): Promise<string[]> {
  const store = await openStore({ ...at, name: app.name, shared: true, waiting: tellWaiting });
  try {
    if (!at.database) {
      const { checkFileDeep, checkFileWhole } = await sqliteFiles();
      (deep ? checkFileDeep : checkFileWhole)(fileOf(at.data, app.name));
    }
    const { current } = await migrationStatus(store, tablesOfApp(app), renamesOfApp(app));
    if (!current) return [`not as declared; see: trestle migrate plan ${app.name}`];
    if (!deep) return [];
    const found = await store.snapshot((executor) =>
      checkRows({ dialect: store.dialect, all: (one, values) => executor.all(one, values) }, app),
    );
    return found ?? [];
  } finally {
    await store.close();
  }
}
