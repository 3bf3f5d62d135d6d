import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { appFolder, NOTES, serve, temporaryFolder } from '../processes.ts';

const MODULES = join(import.meta.dirname, '../../../../node_modules');

interface Loaded {
  files: string[];
  builtins: string[];
}

/** The modules of a server that has only answered its readiness. */
async function loadedToServe(): Promise<Loaded> {
  const file = join(temporaryFolder(), 'loaded.json');
  const preload = `--import=${join(import.meta.dirname, 'loaded.ts')}`;
  const env = { NODE_OPTIONS: preload, LOADED_FILE: file };
  const { url, child, ended } = await serve([appFolder(NOTES), '--readiness-delay', '0'], { env });
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 0);
  return JSON.parse(readFileSync(file, 'utf8'));
}

it('a start loads nothing that only some servers, or later requests, need', async () => {
  const { files, builtins } = await loadedToServe();
  const has = (part: string) => files.some((file) => file.includes(part));
  assert.ok(has('/node_modules/fastify/'), 'what is loaded was seen');

  const { version } = JSON.parse(readFileSync(join(MODULES, 'typebox/package.json'), 'utf8'));
  const bundle = `/node_modules/.cache/typebox/${version}`;
  assert.ok(has(`${bundle}/schema/index.mjs`), 'TypeBox is loaded from its bundle');

  const later = [
    ...['pg', 'jose', 'prom-client', '@fastify/swagger-ui', 'redoc'].map((name) => `/node_modules/${name}/`),
    ...[
      'database/postgres/connections/',
      'database/transfer/',
      'cli/commands/copy.ts',
      'cli/workers/workers.ts',
      'jobs/webhooks/',
      'accounts/people/',
      'mail/transport.ts',
      'rows/live/live-lists.ts',
      'http/openapi/document.ts',
      'http/mcp/mcp-tools.ts',
    ].map((part) => `/src/${part}`),
    // An install bundles TypeBox, whose half a check of values needs; `typebox/compile` and `typebox/value` load the other half.
    '/node_modules/typebox/build/',
    ...['compile', 'value'].map((part) => `${bundle}/${part}/`),
  ];
  assert.deepEqual(later.filter(has), []);
  const web = builtins.filter((name) => name.includes('undici'));
  assert.deepEqual(web, [], "something imports 'node:http': take it from node-http.ts");
});
