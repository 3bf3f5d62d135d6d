import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { ADMINISTRATOR_SECRET_FILE } from '../../accounts/administrator-secret.ts';
import { sql } from '../../database/sql.ts';
import { statement } from '../../database/statement.ts';
import type { Setting } from '../../http/server/administration.ts';
import { messageOf } from '../../problems.ts';
import { applyConfigFile } from '../config-file.ts';
import {
  type DataOptions,
  databaseOf,
  printTable,
  refuseUnknownVariables,
  withData,
} from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { settingsOf } from '../serving/settings.ts';
import { statusOf, withStore } from './migrate.ts';
import { define as defineServe } from './serve.ts';

/** Free space below which a machine is warned of. */
const MIN_FREE_BYTES = 500e6;
/** Seconds that the clocks of the machine and of the database may differ. */
const MAX_CLOCK_SKEW = 2;

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `trestle doctor [apps...]` */
export function define(command: Command): void {
  command.argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)');
  withData(command)
    .option('--json', 'print JSON')
    .action(async (names: string[], options: DataOptions & { json?: boolean }) => {
      const findings = [...(await machineFindings(options)), ...(await appFindings(names, options))];
      const isWell = findings.every(({ ok }) => ok);
      if (options.json) process.stdout.write(`${JSON.stringify({ ok: isWell, findings }, undefined, 2)}\n`);
      else printTable(findings.map(({ check, ok, detail }) => [ok ? 'ok' : 'WRONG', check, detail]));
      process.exitCode = isWell ? 0 : 1;
    });
}

/** `trestle config` */
export function defineConfig(command: Command): void {
  command.option('--json', 'print JSON').action(async ({ json }: { json?: boolean }) => {
    const all = await settings();
    if (json) process.stdout.write(`${JSON.stringify(all, undefined, 2)}\n`);
    else printTable(all.map(({ name, value, source }) => [name, JSON.stringify(value) ?? '', source]));
  });
}

/** The settings of `serve` under this environment. */
async function settings(): Promise<Setting[]> {
  const serve = new Command('serve');
  defineServe(serve);
  await applyConfigFile(serve);
  // Without an action: options are parsed, and nothing is served.
  serve.action(() => {}).parse([], { from: 'user' });
  return settingsOf(serve);
}

async function machineFindings({ data }: DataOptions): Promise<Finding[]> {
  const folder = nearestFolder(resolve(data));
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const secret = join(data, 'signing-secret');
  return [
    { check: 'node', ok: true, detail: process.versions.node },
    await settings().then(() => attempt('configuration', () => 'every variable and setting is known')),
    attempt('data folder', () => {
      accessSync(folder, constants.R_OK | constants.W_OK);
      return existsSync(data) ? `${resolve(data)} can be written` : `${resolve(data)} will be made`;
    }),
    { check: 'disk', ok: free > MIN_FREE_BYTES, detail: `${(free / 1e9).toFixed(1)} GB free` },
    attempt('signing secret', () => {
      if (process.env.TRESTLE_SIGNING_SECRET) return 'from TRESTLE_SIGNING_SECRET';
      if (!existsSync(secret)) return 'made at the first start';
      if ((statSync(secret).mode & 0o077) !== 0) throw new Error(`others can read ${secret}: chmod 600`);
      return secret;
    }),
    {
      check: 'administrator',
      ok: true,
      detail: process.env.TRESTLE_ADMIN_SECRET
        ? 'TRESTLE_ADMIN_SECRET is set'
        : existsSync(join(data, ADMINISTRATOR_SECRET_FILE))
          ? `${join(data, ADMINISTRATOR_SECRET_FILE)} keeps the hash of one`
          : 'generated at the first start, and printed once',
    },
  ];
}

/** Of each app: its declaration, its database and the time there, and its migrations. */
async function appFindings(names: string[], options: DataOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const check = async (name: string, run: () => Promise<string>) => {
    try {
      findings.push({ check: name, ok: true, detail: await run() });
    } catch (error) {
      findings.push({
        check: name,
        ok: false,
        detail: messageOf(error),
      });
    }
  };
  let apps: Awaited<ReturnType<typeof findApps>> = [];
  await check('declarations', async () => {
    apps = await findApps(names);
    const serve = new Command('serve');
    defineServe(serve);
    refuseUnknownVariables(
      serve.options.flatMap(({ envVar }) => envVar ?? []),
      apps.map(({ name }) => name),
    );
    return apps.map(({ name }) => name).join(', ');
  });
  for (const app of apps) {
    await check(`${app.name}: migrations`, async () => {
      const { current, plan, obstacles } = await statusOf(app, options);
      if (obstacles.length > 0) throw new Error(obstacles.join('; '));
      return current ? 'as declared' : `${plan.steps.length} pending: trestle migrate plan`;
    });
    if (databaseOf(app, options))
      await check(`${app.name}: clock`, () =>
        withStore(app, options, async (store) => {
          const now = statement(store.dialect, sql`select ${store.dialect.clock} as seconds`);
          const before = Date.now();
          const [row] = await store.all(now, []);
          const skew = Number(row?.seconds) - (before + Date.now()) / 2000;
          if (Math.abs(skew) > MAX_CLOCK_SKEW)
            throw new Error(`the database's clock differs by ${skew.toFixed(1)} s: set both by NTP`);
          return `the database's differs by ${skew.toFixed(3)} s`;
        }),
      );
  }
  return findings;
}

function attempt(check: string, run: () => string): Finding {
  try {
    return { check, ok: true, detail: run() };
  } catch (error) {
    return { check, ok: false, detail: messageOf(error) };
  }
}

/** The folder itself, or the nearest one above that is there. */
function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}
