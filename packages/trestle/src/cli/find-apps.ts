import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { App } from '../schema/app.ts';
import { StartError } from '../start-error.ts';
import { embedded } from './embedded.ts';

/**
 * The apps that are named by their folders (`apps/changelog`) or by the folder's name alone; where none is named, the
 * `app.ts` of the current folder, or all of `apps/`. In an executable, those that it holds, by their names.
 * Throws `StartError` for a folder that is missing, holds no app, or whose declaration is wrong.
 */
export async function findApps(names: readonly string[]): Promise<App[]> {
  const all = embedded ? embedded.apps.filter(isApp) : await Promise.all(filesOfApps(names).map(load));
  const unknown = embedded && names.find((name) => !all.some((app) => app.name === name));
  if (unknown !== undefined)
    throw new StartError(
      `there is no app '${unknown}'; the apps here are ${all.map(({ name }) => name).join(', ')}`,
    );
  const apps = embedded && names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;
  const seen = new Set<string>();
  for (const { name } of apps) {
    if (seen.has(name))
      throw new StartError(`two apps are named '${name}'; give one another name in its app.ts`);
    seen.add(name);
  }
  return apps;
}

/** The files of the apps that `findApps` finds. */
export function filesOfApps(names: readonly string[]): string[] {
  if (names.length > 0) return [...new Set(names.map(fileOf))];
  if (existsSync('app.ts')) return [resolve('app.ts')];
  const folders = folderNames();
  if (folders.length === 0) throw new StartError(`nothing to serve: ${whatThereIs()}`);
  return folders.map((name) => resolve('apps', name, 'app.ts'));
}

function fileOf(name: string): string {
  const candidates = [resolve(name, 'app.ts'), resolve('apps', name, 'app.ts')];
  if (name.endsWith('.ts')) candidates.unshift(resolve(name));
  const found = candidates.find((file) => existsSync(file));
  if (found) return found;
  const what = existsSync(resolve(name))
    ? `the folder ${name} has no app.ts`
    : `there is no app or folder '${name}'`;
  throw new StartError(`${what}; ${whatThereIs()}`);
}

function folderNames(): string[] {
  if (!existsSync('apps')) return [];
  return readdirSync('apps')
    .filter((name) => existsSync(join('apps', name, 'app.ts')))
    .sort();
}

function whatThereIs(): string {
  const names = folderNames();
  return names.length > 0
    ? `the apps here are ${names.join(', ')}`
    : `${resolve('apps')} holds no folder with an app.ts`;
}

async function load(file: string): Promise<App> {
  const shown = relative(process.cwd(), file);
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new StartError(`${shown}: ${message}`, { cause: error });
  }
  if (isApp(module.default)) return module.default;
  throw new StartError(`${shown}: export the app as the default: export default app({ ... })`);
}

function isApp(value: unknown): value is App {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'resources' in value &&
    'accounts' in value
  );
}
