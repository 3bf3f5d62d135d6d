#!/usr/bin/env node
// Plain JavaScript on purpose: a first file in TypeScript would load the compiler that strips types (40 ms, 20 MB) even
// where the rest comes, stripped and compiled, out of the cache that is switched on here.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Where the folder cannot be written to, all works as without.
enableCompileCache(join(import.meta.dirname, '../../../node_modules/.cache/trestle'));
const { run } = await import('../src/cli/run.ts');
await run(process.argv.slice(2));
