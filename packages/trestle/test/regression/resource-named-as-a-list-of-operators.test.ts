// A resource may have the name of something that operators list (`jobs`, `settings`): the app starts, and its document has each operation under a name of its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, resource, text } from 'trestle';
import { startApps } from '../harness.ts';

test('resources named as lists of operators are served, with operations of their own', async () => {
  const some = resource({ fields: { title: text() }, can: { read: anyone } });
  const names = ['settings', 'backups', 'processes', 'jobs', 'schedules', 'audit', 'views', 'saved_views'];
  const resources = Object.fromEntries(names.map((name) => [name, some]));
  await using server = await startApps(app({ name: 'office', resources }));
  for (const name of names) assert.equal((await server.call(`GET /v1/${name}`)).status, 200, name);
  interface Document {
    paths: Record<string, Record<string, { operationId: string }>>;
    components: { schemas: Record<string, { properties?: object }> };
  }
  const { body } = await server.call<Document>('GET /openapi.json');
  const { paths, components } = body;
  assert.equal(paths['/v1/settings']?.get?.operationId, 'listSettings');
  assert.equal(paths['/v1/admin/settings']?.get?.operationId, 'adminListSettings');
  const ids = Object.values(paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  assert.equal(new Set(ids).size, ids.length);
  // The row of `backups` and a backup are two schemas.
  const { Backup, ...others } = components.schemas;
  assert.ok(Backup?.properties && 'bytes' in Backup.properties);
  const rows = Object.keys(others).filter((name) => /^Backup/.test(name));
  assert.ok(
    rows.some((name) => Object.hasOwn(others[name]?.properties ?? {}, 'title')),
    rows.join(),
  );
});
