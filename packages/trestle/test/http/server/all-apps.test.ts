import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { App } from '../../../src/schema/app.ts';
import type { Resources } from '../../../src/schema/row-types.ts';
import { type RunningApp, startApps } from '../../harness.ts';

const APPS = join(import.meta.dirname, '../../../../../apps');
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

interface Document {
  paths: Record<string, Record<string, unknown>>;
}

let server: RunningApp;
let names: string[];
before(async () => {
  const modules = await Promise.all(readdirSync(APPS).map((name) => import(join(APPS, name, 'app.ts'))));
  const apps = modules.map((module: { default: App<Resources> }) => module.default);
  names = apps.map(({ name }) => name);
  server = await startApps(apps);
});
after(() => server.close());

test('the index lists every app with its documents', async () => {
  const { body } = await server.call<{ apps: { name: string; docs: string; openapi: string }[] }>('GET /');
  assert.deepEqual(
    body.apps.map(({ name }) => name),
    names,
  );
  for (const { docs, openapi } of body.apps)
    for (const path of [docs, openapi]) assert.equal((await server.call(`GET ${path}`)).status, 200, path);
});

test('OPTIONS and Allow say what the documents say, and a broken body is never a 500', async () => {
  const wrong: string[] = [];
  for (const name of names) {
    const { body } = await server.call<Document>(`GET /${name}/openapi.json`);
    for (const [template, operations] of Object.entries(body.paths)) {
      const path = `/${name}${template.replace(/\{[^}]+\}/g, '1')}`;
      const documented = METHODS.filter((method) => method in operations).map((method) =>
        method.toUpperCase(),
      );
      const options = await server.call(`OPTIONS ${path}`);
      const allowed = (options.headers.get('allow') ?? '').split(', ');
      if (options.status !== 204 || documented.some((method) => !allowed.includes(method)))
        wrong.push(`OPTIONS ${path}: ${options.status} ${allowed}, documented ${documented}`);
      // What nobody may call is not documented, and refused.
      for (const method of allowed.filter((each) => !['HEAD', 'OPTIONS', ...documented].includes(each))) {
        const { status } = await server.call(`${method} ${path}`);
        if (status !== 401 && status !== 403) wrong.push(`${method} ${path}: ${status}, not documented`);
      }
      const headers = { 'content-type': 'application/json' };
      const reply = await server.call(`${documented[0]} ${path}`, {
        headers,
        ...(documented[0] !== 'GET' && { body: '{"a":' }),
      });
      if (reply.status >= 500) wrong.push(`${documented[0]} ${path}: ${reply.status}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('what no route takes is answered in the words of the app whose path it was', async () => {
  for (const name of names) {
    const missing = await server.call<Record<string, unknown>>(`GET /${name}/there-is-no-such-path`);
    assert.equal(missing.status, 404);
    assert.equal('requestId' in missing.body, false, name);
    const uniform = await server.call<Record<string, unknown>>(`GET /${name}/v1/there-is-no-such-path`);
    assert.equal(uniform.body.code, 'not_found');
    assert.equal(uniform.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  }
});
