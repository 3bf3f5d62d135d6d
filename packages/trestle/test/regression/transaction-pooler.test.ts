// Behind a pooler that gives each transaction another session, no app starts: none ever sees or writes another's rows.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { openEngine } from '../../src/engine.ts';
import { anyone, app, resource, text } from '../../src/index.ts';
import { anonymous } from '../../src/schema/caller.ts';
import { StartError } from '../../src/start-error.ts';
import { asAdministrator, createDatabase, dropDatabase } from '../postgres-server.ts';
import { postgresUrl } from '../stores.ts';
import { TransactionPooler } from '../transaction-pooler.ts';
import { until } from '../until.ts';

/** A PgBouncer of this machine; `PGBOUNCER` names another. */
const BOUNCER = process.env.PGBOUNCER ?? '/usr/sbin/pgbouncer';
const noBouncer = existsSync(BOUNCER)
  ? false
  : `there is no PgBouncer at ${BOUNCER} (.ci/run installs it; PGBOUNCER names another)`;

describe('a pooler in transaction mode', () => {
  const undo: (() => unknown)[] = [];
  after(async () => {
    for (const step of undo.reverse()) await step();
  });

  async function behindPooler(size: number): Promise<{ direct: string; pooled: string }> {
    const direct = await createDatabase(await postgresUrl());
    const { pooler, url } = await TransactionPooler.open(direct, size);
    undo.push(
      () => dropDatabase(direct),
      () => pooler.close(),
    );
    return { direct, pooled: url };
  }

  for (const size of [1, 2, 3, 8])
    test(`with ${size} connections: two apps that start together are both refused, with the remedy`, async () => {
      const { direct, pooled } = await behindPooler(size);
      const data = mkdtempSync(join(tmpdir(), 'trestle-pooler-'));
      undo.push(() => rmSync(data, { recursive: true, force: true }));
      const starts = ['one', 'two'].map((name) =>
        openEngine(app({ name, resources: { notes: resource({ fields: { title: text() } }) } }), {
          data,
          database: pooled,
        }),
      );
      for (const start of await Promise.allSettled(starts)) {
        assert.equal(start.status, 'rejected');
        assert.ok(start.reason instanceof StartError, String(start.reason));
        assert.match(start.reason.message, /pool_mode = session.*direct address/);
      }
      const tables = "select 1 from information_schema.tables where table_schema in ('one', 'two', 'public')";
      assert.deepEqual(await asAdministrator(direct, tables), []);
    });

  test('alone with a pooler whose connections nobody else uses, a single app is refused too', async () => {
    const { pooled } = await behindPooler(4);
    await assert.rejects(openPostgres(pooled, { schema: 'alone' }), /transaction or statement pooling/);
  });

  for (const [mode, starts] of [
    ['transaction', false],
    ['statement', false],
    ['session', true],
  ] as const)
    test(`a real PgBouncer with pool_mode = ${mode}`, { skip: noBouncer }, async () => {
      const direct = new URL(await createDatabase(await postgresUrl()));
      undo.push(() => dropDatabase(direct.href));
      const folder = mkdtempSync(join(tmpdir(), 'trestle-pgbouncer-'));
      undo.push(() => rmSync(folder, { recursive: true, force: true }));
      const pooled = new URL(direct);
      pooled.host = `127.0.0.1:${await freePort()}`;
      await startBouncer(folder, { mode, direct, port: pooled.port }, undo);
      // Newer ones mix the sessions of apps that start together.
      const names = ['one', 'two', 'three', 'four', 'five'];
      const opened = await Promise.allSettled(
        names.map((name) => {
          const notes = resource({ fields: { title: text() }, can: { create: anyone } });
          return openEngine(app({ name, resources: { notes } }), { data: folder, database: pooled.href });
        }),
      );
      for (const one of opened) {
        assert.equal(one.status, starts ? 'fulfilled' : 'rejected');
        if (one.status === 'rejected')
          assert.match(String(one.reason), /pool_mode = session.*direct address/);
        else await one.value.services.notes.create({ caller: anonymous }, { title: one.value.app.name });
      }
      for (const one of opened) if (one.status === 'fulfilled') await one.value.close();
      const tables = "select table_schema as name from information_schema.tables where table_name = 'notes'";
      const found = await asAdministrator(direct.href, tables);
      assert.deepEqual(found.map(({ name }) => name).sort(), starts ? names.sort() : []);
      const rows = await Promise.all(
        found.map(({ name }) => asAdministrator(direct.href, `select title from "${name}".notes`)),
      );
      assert.deepEqual(
        rows,
        found.map(({ name }) => [{ title: name }]),
      );
    });
});

/** It does not run as root, and then may read what anybody may. */
async function startBouncer(
  folder: string,
  { mode, direct, port }: { mode: string; direct: URL; port: string },
  undo: (() => unknown)[],
): Promise<void> {
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'users'), `"${direct.username}" "${direct.password}"\n`);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    // Five apps, each with its connections.
    max_client_conn: '200',
    default_pool_size: '90',
    auth_type: 'trust',
    auth_file: join(folder, 'users'),
    pool_mode: mode,
    ignore_startup_parameters: 'extra_float_digits,options',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const target = `* = host=${direct.hostname} port=${direct.port}`;
  writeFileSync(join(folder, 'ini'), ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'));
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(BOUNCER, [...user, join(folder, 'ini')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  undo.push(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('process up') || child.exitCode !== null);
  assert.equal(child.exitCode, null, said);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
