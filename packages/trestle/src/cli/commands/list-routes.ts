import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { routeTables } from '../../http/routes/mount.ts';
import { viewOfNone } from '../../http/server/server.ts';
import { audienceOf } from '../../rows/rules/caller-class.ts';
import { printTable } from '../data-options.ts';
import { findApps } from '../find-apps.ts';
import { closeEngines, openEngines } from '../open-engines.ts';

/** `trestle routes [apps...]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)')
    .option('--json', 'print JSON')
    .action(async (names: string[], { json }: { json?: boolean }) => {
      const apps = await findApps(names);
      // Routes are built over the services of an app, which need a database: an empty one.
      const data = mkdtempSync(join(tmpdir(), 'trestle-routes-'));
      try {
        const engines = await openEngines(apps, { data, database: '', roles: ['serve'] });
        const routes = engines.flatMap((engine) => {
          const base = engines.length > 1 ? `/${engine.app.name}` : '';
          return routeTables(engine, viewOfNone(engine)).tables.flatMap(({ prefix, style, routes: all }) =>
            all.map(({ method, path, options: { can, summary } }) => ({
              app: engine.app.name,
              method,
              path: `${base}${prefix}${path}`.replace('([^]+)', '').replaceAll('::', ':') || '/',
              callers: can ? audienceOf(can) : 'everyone',
              from: style,
              summary,
            })),
          );
        });
        await closeEngines(engines);
        if (json) process.stdout.write(`${JSON.stringify(routes, undefined, 2)}\n`);
        else printTable(routes.map(({ method, path, callers, summary }) => [method, path, callers, summary]));
      } finally {
        rmSync(data, { recursive: true, force: true });
      }
    });
}
