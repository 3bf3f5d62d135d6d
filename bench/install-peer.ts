import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where what is not a dependency is installed; git does not see it. */
export const PEERS = join(import.meta.dirname, 'peers');

/** Installs packages from npm into a folder of their own, once, and gives that folder. */
export function installPeer(name: string, packages: readonly string[]): string {
  const folder = join(PEERS, name);
  const done = join(folder, 'installed.json');
  if (existsSync(done)) return folder;
  console.log(`installing ${packages.join(' ')} into ${folder}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const words = ['install', '--no-audit', '--no-fund', '--legacy-peer-deps', ...packages];
  const { status, stderr } = spawnSync('npm', words, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm could not install ${packages.join(' ')}:\n${stderr}`);
  writeFileSync(done, `${JSON.stringify(packages)}\n`);
  return folder;
}
