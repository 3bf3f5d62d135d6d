import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Installed, sizeOf } from './install-peer.ts';

/** Counts what `npm install trestle` brings: itself and all it depends on. */
export function installedWithTrestle(): Installed {
  const root = join(import.meta.dirname, '..');
  const words = ['ls', '--all', '--omit=dev', '--parseable', '--workspace', 'packages/trestle'];
  const { stdout } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  const folders = new Set(
    stdout.split('\n').filter((folder) => folder.includes('node_modules') && existsSync(folder)),
  );
  // What a package has installed inside itself is counted as packages of their own.
  const bytes = [...folders].reduce((sum, folder) => sum + sizeOf(folder, 'node_modules'), 0);
  return { packages: folders.size, megabytes: Math.round(bytes / 1e6) };
}
