#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// What was stripped of types and compiled once is kept for the next start, which takes half the time with it.
// Where the folder cannot be written to, all works as without.
enableCompileCache(join(import.meta.dirname, '../../../../node_modules/.cache/trestle'));
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
