import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The folder for packages that are not dependencies; git ignores it. */
export const INSTALLED_FOLDER = join(import.meta.dirname, '../../installed');

/** Size of an installation. */
export interface Installed {
  readonly packages: number;
  readonly megabytes: number;
}

/**
 * Installs packages from npm into a folder of their own, once, and returns that folder. A different list of packages
 * replaces it. `node` is the Node that runs npm and what it compiles for (default: this one).
 */
export function installPeer(name: string, packages: readonly string[], node = process.execPath): string {
  const folder = join(INSTALLED_FOLDER, name);
  const done = join(folder, 'installed.json');
  const wanted = `${JSON.stringify(packages)}\n`;
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return folder;
  console.log(`installing ${packages.join(' ')} into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages];
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}`, ...headersOf(node) };
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install ${packages.join(' ')}:\n${stderr}`);
  writeFileSync(done, wanted);
  return folder;
}

/** A Node of another version, with its headers: for what does not compile on this one. */
export function installNode(version: string): string {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = installPeer(`node-${version}`, [`${name}@${version}`]);
  return join(folder, 'node_modules', name, 'bin', 'node');
}

/** Tells node-gyp of the headers beside a Node, where there are any, so that it need not fetch them. */
function headersOf(node: string): Record<string, string> {
  const root = join(dirname(node), '..');
  return existsSync(join(root, 'include/node')) ? { npm_config_nodedir: root } : {};
}

/** Size of a peer's folder: packages as npm counts them, bytes of the files. */
export function installedIn(folder: string): Installed {
  const lock = readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8');
  const { packages }: { packages: Record<string, unknown> } = JSON.parse(lock);
  return {
    packages: Object.keys(packages).length,
    megabytes: Math.round(sizeOf(join(folder, 'node_modules')) / 1e6),
  };
}

/** Bytes of the files of a folder and of those within it; those named `without` are left out. */
export function sizeOf(folder: string, without = ''): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== without);
  return entries.reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(path, without) : lstatSync(path).size);
  }, 0);
}
