import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anyone, app, resource, text } from 'trestle';
import { sql } from '../../src/database/sql.ts';
import { Metrics } from '../../src/http/metrics/metrics.ts';
import { MetricsHistory } from '../../src/http/metrics/metrics-history.ts';
import { openSharedProcesses, type SharedProcesses } from '../../src/http/metrics/shared-processes.ts';
import { JOB_RESOURCES } from '../../src/jobs/job-table.ts';
import { compileSystemModels, SystemTable } from '../../src/rows/system-tables.ts';
import { ADMINISTRATOR, callOver, startApps } from '../harness.ts';
import { createDatabase, dropDatabase } from '../postgres-server.ts';
import { appFolder, NOTES, serve, temporaryFolder } from '../processes.ts';
import { postgresUrl } from '../stores.ts';
import { operatorOf, PASSWORD, signInAt } from './operators.ts';

const notes = resource({ fields: { title: text() }, can: { read: anyone, create: anyone } });
const one = app({ name: 'one', resources: { notes } });
const two = app({ name: 'two', resources: { notes } });

interface Lines {
  items: { msg: string; request?: string; route?: string; level: string; app?: string }[];
}

test('the last lines of the log, by level, text and request; of the own app alone', async () => {
  await using server = await startApps([one, two]);
  const root = await operatorOf({ ...server, url: `${server.url}/one` });
  const made = await root.call('POST /v1/notes', { body: { title: 'a secret' } });
  await callOver(`${server.url}/two`, 'GET /v1/notes');
  const id = made.headers.get('x-request-id');
  const lines = async (query: string) => (await root.call<Lines>(`GET /v1/admin/logs?${query}`)).body.items;
  const found = await lines(`request=${id}`);
  assert.deepEqual(
    found.map(({ msg, route }) => [msg, route]),
    [['request', '/one/v1/notes']],
  );
  assert.ok((await lines('')).length > 1);
  assert.ok(
    (await lines('')).every(({ route = '', app: of = 'one' }) => !route.startsWith('/two') && of !== 'two'),
  );
  assert.deepEqual(await lines('level=error'), []);
  assert.ok((await lines('text=OPERATOR_signed')).every(({ msg }) => msg === 'operator_signed_in'));
  assert.equal((await lines('limit=1')).length, 1);
  const { body } = await root.call('GET /v1/admin/logs');
  const { cookie, csrf } = root;
  for (const secret of ['a secret', PASSWORD, cookie.split('=')[1] ?? '', csrf])
    assert.ok(!JSON.stringify(body).includes(secret));
  assert.equal((await root.call('GET /v1/admin/logs?level=loud')).status, 400);
});

test('the log is followed by events, until the session ends', async () => {
  await using server = await startApps(one);
  const root = await operatorOf(server);
  const stream = await fetch(`${server.url}/v1/admin/logs/events?text=/v1/notes`, {
    headers: { cookie: root.cookie },
  });
  assert.equal(stream.status, 200);
  assert.ok(stream.body);
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  let read = '';
  const until = async (pattern: RegExp) => {
    while (!pattern.test(read)) {
      const { value, done } = await reader.read();
      if (done) return false;
      read += value;
    }
    return true;
  };
  assert.ok(await until(/retry/));
  await server.call('GET /v1/notes');
  assert.ok(await until(/event: line\ndata: \{.*"route":"\/v1\/notes"/));
  await root.call('DELETE /v1/admin/session');
  assert.equal(await until(/never/), false);
});

test('a request is found by its id, and followed, whichever process of the database logged it', async () => {
  const database = await createDatabase(await postgresUrl());
  try {
    await using first = await startApps(one, { data: temporaryFolder(), database });
    await using second = await startApps(one, { data: first.data, database });
    const root = await operatorOf(first);
    interface Found extends Lines {
      processes: string[];
      silent: string[];
    }
    const made = await callOver(second.url, 'POST /v1/notes', { body: { title: 'there' } });
    const id = made.headers.get('x-request-id');
    const find = async () => (await root.call<Found>(`GET /v1/admin/logs?request=${id}`)).body;
    let body = await find();
    // A process that has taken no sample yet is waited for a moment alone, which may be too short on a busy machine.
    while (body.processes.length < 2) body = await find();
    assert.deepEqual(
      body.items.map(({ route, request }) => [route, request]),
      [['/v1/notes', id]],
    );
    assert.deepEqual([body.processes.length, body.silent], [2, []]);
    // Nothing of an answer stays in the database.
    const [engine] = first.engines;
    assert.ok(engine);
    const { clusters } = compileSystemModels(JOB_RESOURCES, one.accounts, engine.store);
    const names = await new SystemTable(clusters).select(sql`where name like 'lines %'`)(engine.store);
    assert.deepEqual(names, []);

    const stream = await fetch(`${first.url}/v1/admin/logs/events?text=/v1/notes`, {
      headers: { cookie: root.cookie },
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader);
    let read = '';
    const until = async (pattern: RegExp) => {
      while (!pattern.test(read)) read += (await reader.read()).value ?? assert.fail(read);
    };
    await until(/retry/);
    for (const title of ['one', 'two']) {
      const { headers } = await callOver(second.url, 'POST /v1/notes', { body: { title } });
      await until(new RegExp(`event: line\\ndata: .*${headers.get('x-request-id')}`));
    }
    // Each line once.
    assert.equal(read.match(/event: line/g)?.length, 2);
    await reader.cancel();
  } finally {
    await dropDatabase(database);
  }
});

test('workers on SQLite ask each other for lines, too', async () => {
  const folder = appFolder(NOTES);
  const data = temporaryFolder();
  const env = { TRESTLE_ADMIN_SECRET: ADMINISTRATOR };
  const served = await serve([folder, '--data', data, '--workers', '2', '--readiness-delay', '0'], { env });
  try {
    const ask = async <Body>(path: string) =>
      (await (
        await fetch(`${served.url}${path}`, {
          headers: {
            authorization: `Bearer ${ADMINISTRATOR}`,
            connection: 'close',
            'x-request-id': 'the-one',
          },
        })
      ).json()) as Body;
    await ask('/v1/notes');
    interface Found extends Lines {
      pid: number;
      processes: string[];
    }
    const answered = new Set<number>();
    // The kernel gives each connection to one of them.
    while (answered.size < 2) {
      const { pid, items, processes } = await ask<Found>('/v1/admin/logs?request=the-one&text=/v1/notes');
      // On a busy machine the other may be late.
      if (processes.length < 2) continue;
      assert.equal(items.length, 1, `${pid}`);
      answered.add(pid);
    }
  } finally {
    await served.stop();
  }
});

test('measures of a day in a file of fixed size, read by any process of the folder', async () => {
  const data = temporaryFolder();
  const metrics = new Metrics();
  const tally = metrics.tally('GET', '/one/v1/notes');
  const measured = {
    name: 'one',
    base: '/one',
    statements: () => 7,
    health: () => ({ ready: true }),
    measure: async () => ({
      store: { databaseBytes: 4096, walBytes: 100, commits: { total: 3, writes: 9, waiting: 0 } },
      jobs: { queued: 1, running: 2, oldest: 0 },
      events: new Map(),
      backupAge: undefined,
      disk: { free: 1, size: 1 },
    }),
  };
  const history = new MetricsHistory(measured, { metrics, inFlight: () => 5, data });
  const path = join(data, 'metrics', `one.${process.pid}.samples`);
  const day = 86_400_000;
  const start = Math.floor(Date.now() / 30_000) * 30_000;
  await history.sample(start - day + 30_000);
  for (let at = 0; at < 100; at += 1) tally.count(at < 95 ? 200 : at < 98 ? 404 : 500, at < 90 ? 0.004 : 0.2);
  await history.sample(start - 30_000);
  // It takes the place of a sample that is a day older.
  await history.sample(start + 30_000);
  await history.stop();
  const other = new MetricsHistory(measured, { metrics: new Metrics(), inFlight: () => 0, data });
  const [read] = await other.read(0);
  assert.equal(read?.process.pid, process.pid);
  assert.deepEqual(
    read?.samples.map(({ at, requests, refused, errors, p50, p99, in_flight }) => [
      at,
      requests,
      refused,
      errors,
      p50,
      p99,
      in_flight,
    ]),
    [
      [start - 30_000, 100, 3, 2, 5, 250, 5],
      [start + 30_000, 0, 0, 0, Number.NaN, Number.NaN, 5],
    ],
  );
  const [first] = read?.samples ?? [];
  assert.deepEqual(
    [first?.database_bytes, first?.wal_bytes, first?.jobs_queued, first?.jobs_running, first?.commits],
    [4096, 100, 1, 2, 0],
  );
  assert.ok(statSync(path).size < 500_000);
  assert.deepEqual(
    (await other.read(start)).map(({ samples }) => samples.length),
    [1],
  );
});

test('a served app: first operator by the printed link, settings, processes, backups', async () => {
  const data = temporaryFolder();
  const secret = 'a secret of tests that is never shown anywhere';
  const env = { TRESTLE_ADMIN_SECRET: secret, TRESTLE_DRAIN: '2' };
  const folder = appFolder(NOTES);
  const served = await serve([folder, '--data', data, '--readiness-delay', '0'], { env });
  const { url, output } = served;
  const [, token = ''] = /\/admin\/#setup=([\w-]{43})\n/.exec(output.stdout) ?? [];
  assert.notEqual(token, '');
  const body = { token, username: 'root', password: PASSWORD };
  assert.equal((await callOver(url, 'POST /v1/admin/setup', { body })).status, 200);
  assert.ok(!output.stderr.includes(token));
  const root = await signInAt(url, 'root', PASSWORD);

  interface Setting {
    name: string;
    value: unknown;
    source: string;
  }
  const settings = (await root.call<{ items: Setting[] }>('GET /v1/admin/settings')).body.items;
  const of = (name: string) => settings.find((each) => each.name === name);
  assert.deepEqual(of('drain'), { name: 'drain', value: 2000, source: 'TRESTLE_DRAIN' });
  assert.deepEqual([of('port')?.source, of('workers')?.source], ['--port', 'default']);
  assert.deepEqual(of('TRESTLE_ADMIN_SECRET')?.value, '(set)');
  assert.ok(!JSON.stringify(settings).includes(secret));

  const processes = await root.call<{ items: { pid: number; running: boolean }[] }>(
    'GET /v1/admin/processes',
  );
  assert.deepEqual(
    processes.body.items.map(({ pid, running }) => [pid, running]),
    [[served.child.pid, true]],
  );
  const metrics = await root.call<{ items: unknown[] }>('GET /v1/admin/metrics?hours=1');
  assert.deepEqual([metrics.status, metrics.body.items.length], [200, 1]);

  interface Backup {
    name: string;
    bytes: number;
  }
  const list = () => root.call<{ target: string; items: Backup[] }>('GET /v1/admin/backups');
  assert.deepEqual((await list()).body.items, []);
  const made = await root.call<Backup>('POST /v1/admin/backups');
  assert.deepEqual([made.status, made.body], [201, (await list()).body.items[0]]);
  const { name } = made.body;
  const checked = await root.call<{ ok: boolean; detail: string }>(`POST /v1/admin/backups/${name}:verify`);
  assert.deepEqual([checked.status, checked.body.ok], [200, true], checked.body.detail);
  const file = await fetch(`${url}/v1/admin/backups/${name}`, { headers: { cookie: root.cookie } });
  const bytes = Buffer.from(await file.arrayBuffer());
  assert.equal(bytes.length, made.body.bytes);
  assert.equal(bytes.toString('latin1', 0, 15), 'SQLite format 3');
  for (const other of [
    '../notes.db',
    '..%2Fnotes.db',
    'other-2026-11-26T00-00-00.000Z.db',
    'notes-2026-11-26T00-00-00.000Z.db',
  ])
    assert.ok([400, 404].includes((await root.call(`GET /v1/admin/backups/${other}`)).status), other);
  const audit = await root.call<{ items: { method: string; route: string }[] }>(
    'GET /v1/admin/audit?filter[status][lt]=300',
  );
  assert.deepEqual(
    audit.body.items.map(({ method, route }) => `${method} ${route}`),
    ['GET /v1/admin/backups/{name}', 'POST /v1/admin/backups', 'POST /v1/admin/setup'],
  );
  assert.equal((await served.stop()).code, 0);

  // There is an operator: no link is printed any more.
  const again = await serve([folder, '--data', data, '--readiness-delay', '0'], { env });
  assert.doesNotMatch(again.output.stdout, /setup=/);
  assert.equal((await again.stop()).code, 0);
});

test('processes on other data folders of one database: their health and their last day, in rows that are bounded', async () => {
  const database = await createDatabase(await postgresUrl());
  try {
    const measured = (shared: SharedProcesses | undefined) => ({
      name: 'one',
      base: '',
      statements: () => 0,
      health: () => ({ ready: false }),
      measure: async () => assert.fail('a database that is away'),
      shared,
    });
    await using first = await startApps(one, { data: temporaryFolder(), database });
    const root = await operatorOf(first);
    const [engine] = first.engines;
    assert.ok(engine);
    const shared = openSharedProcesses(engine.store, engine.app);
    const options = { metrics: new Metrics(), inFlight: () => 3, roles: ['work'] };
    // As a process of another machine, with a folder of its own.
    const elsewhere = new MetricsHistory(measured(shared), { ...options, data: temporaryFolder() });
    const hour = 3_600_000;
    const now = Date.now();
    // More than a day, every two minutes: a day of steps of five minutes is kept.
    for (let at = now - 26 * hour; at < now; at += 120_000) await elsewhere.sample(at);
    await elsewhere.sample(now);
    type Listed = {
      items: { roles: string[]; ready: boolean | null; running: boolean; last: object | null }[];
    };
    const { body } = await root.call<Listed>('GET /v1/admin/processes');
    assert.deepEqual(
      body.items.map(({ roles, ready, running }) => [roles, ready, running]),
      [
        [[], true, true],
        [['work'], false, true],
      ],
    );
    interface Measures {
      items: { process: { roles: string[] }; samples: { in_flight: number; database_bytes: null }[] }[];
    }
    const { body: metrics } = await root.call<Measures>('GET /v1/admin/metrics');
    const other = metrics.items.find(({ process: { roles } }) => roles.includes('work'));
    assert.ok(
      other && other.samples.length >= 287 && other.samples.length <= 289,
      `${other?.samples.length}`,
    );
    assert.deepEqual([other.samples[0]?.in_flight, other.samples[0]?.database_bytes], [3, null]);
    // Whoever has not been heard of for a day is forgotten by the next one that comes.
    const later = openSharedProcesses(engine.store, engine.app);
    const newer = new MetricsHistory(measured(later), { ...options, data: undefined });
    await newer.sample(now + 25 * hour);
    assert.equal((await later?.read(0))?.length, 1);
  } finally {
    await dropDatabase(database);
  }
});
