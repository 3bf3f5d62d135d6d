#!/usr/bin/env node
const { create } = await import('../src/create.ts');
process.exitCode = await create(process.argv.slice(2));
