// Sessions that are ended while they begin do not make the database unreachable: reads failed for 200 ms after one, later after two.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { createDatabase, type PostgresServer, startPostgres } from '../postgres-server.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import { until } from '../until.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.stop());

const ONE = { name: '', sql: 'select 1 as one', slots: [] };

test('a session that is ended while it begins is tried again and again, and nobody is refused meanwhile', async (t) => {
  const proxy = await TcpProxy.open(server.port);
  const url = new URL(await createDatabase(server.url));
  url.port = String(proxy.port);
  const store = await openPostgres(url.href, { schema: 'app' });
  t.after(async () => {
    await store.close();
    await proxy.close();
  });
  proxy.behave({ resetAfter: 0 });
  // What watches the database begins a new session at once; the pool begins none before it is asked.
  proxy.reset();
  await until(() => proxy.resets > 2);
  proxy.behave({});
  const reads = Array.from({ length: 20 }, () => store.all(ONE, []));
  assert.deepEqual(await Promise.all(reads), new Array(20).fill([{ one: 1 }]));
  assert.deepEqual(store.health(), { ready: true });
});
