#!/usr/bin/env node
// Plain JavaScript on purpose: a first file in TypeScript would load the compiler that strips types (40 ms, 20 MB) even
// where the rest comes, stripped and compiled, out of the cache that is switched on here.
import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 16)) {
  process.stderr.write(`trestle needs Node.js 24.16 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// Imported after the check: an older Node has no such export.
const { enableCompileCache } = await import('node:module');
// Where the folder cannot be written to, all works as without.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/trestle'));
const { resolveImports } = await import('./resolve-imports.js');
resolveImports(
  new URL('../src/', import.meta.url),
  join(import.meta.dirname, '../../../node_modules/.cache/typebox'),
);
const { run } = await import('../src/cli/run.ts');
await run(process.argv.slice(2));
