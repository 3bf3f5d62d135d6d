import { cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

interface Manifest {
  version: string;
  exports: Record<string, { import: string }>;
}

/**
 * Bundles TypeBox, which comes as 537 modules, into a few: `packages/trestle/bin/resolve-imports.js` says why. Every entry of the
 * package keeps its path, and what two entries share stays one module.
 *
 * @param folder gets a folder named after the version.
 */
export async function bundleTypebox(folder: string): Promise<void> {
  const home = dirname(dirname(fileURLToPath(import.meta.resolve('typebox'))));
  const manifest: Manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: Object.values(manifest.exports).map((entry) => join(home, entry.import)),
    outbase: join(home, 'build'),
    outdir: join(folder, manifest.version),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // A module's text stays in memory.
    minifyWhitespace: true,
  });
  cpSync(join(home, 'license'), join(folder, 'LICENSE'));
}
