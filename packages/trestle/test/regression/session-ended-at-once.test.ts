// PostgreSQL that ends a session in the packet in which it began is there all the same: nobody is told that it cannot be reached.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { asAdministrator, createDatabase, dropDatabase } from '../postgres-server.ts';
import { postgresUrl } from '../stores.ts';
import { until } from '../until.ts';

/** The last message of a session's beginning, and the one of its end by an administrator (PostgreSQL manual, 54.7). */
const READY = Buffer.from('Z\0\0\0\u0005I', 'latin1');
const FIELDS = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0', 'latin1');
const ENDED = Buffer.concat([Buffer.from('E\0\0\0', 'latin1'), Buffer.from([FIELDS.length + 4]), FIELDS]);

const TERMINATE = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name like 'trestle%' and datname = current_database()`;

test('a session that is ended at once says nothing of the database', async (t) => {
  const database = await createDatabase(await postgresUrl());
  t.after(() => dropDatabase(database));
  const target = Number(new URL(database).port);
  let toEnd = 0;
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    client.pipe(server);
    const forward = (bytes: Buffer) => {
      if (toEnd === 0 || !bytes.subarray(-READY.length).equals(READY)) return client.write(bytes);
      toEnd -= 1;
      server.destroy();
      return client.end(Buffer.concat([bytes, ENDED]));
    };
    server.on('data', forward).on('end', () => client.end());
    for (const socket of [client, server] as Socket[]) socket.on('error', () => socket.destroy());
    client.on('close', () => server.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  const address = proxy.address();
  const port = String(typeof address === 'object' ? address?.port : 0);
  const store = await openPostgres(Object.assign(new URL(database), { hostname: '127.0.0.1', port }).href, {
    schema: 'app',
  });
  t.after(() => store.close());
  let connected = 0;
  store.listen('connected', () => {
    connected += 1;
  });
  await until(() => connected === 1);
  toEnd = 1;
  await asAdministrator(database, TERMINATE);
  await until(() => toEnd === 0);
  while (connected === 1) {
    const one = { name: '', sql: 'select 1 as one', slots: [] };
    assert.deepEqual(await store.all(one, []), [{ one: 1 }]);
    assert.deepEqual(store.health(), { ready: true });
  }
});
