import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { welcome } from '../../src/cli/serving/welcome.ts';
import { callOver } from '../harness.ts';
import { freePort } from '../postgres-server.ts';
import { appFolder, command, type Ended, NOTES, run, serve, start, temporaryFolder } from '../processes.ts';

/** A start that fails says so in one line, without a stack, and ends with 1. */
function assertOneLine({ code, stderr, stdout }: Ended, expected: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, expected);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.equal(stdout, '');
}

test('a process with some of the roles listens nowhere but for its health and metrics', async () => {
  const app = appFolder(NOTES);
  const port = await freePort();
  const worker = start(['serve', app, '--roles', 'work,schedule', '--metrics-port', String(port)], {
    env: { TRESTLE_ADMIN_SECRET: '' },
  });
  while (!worker.output.stdout.includes('notes')) await once(worker.child.stdout, 'data');
  assert.match(worker.output.stdout, /notes +listens nowhere; work, schedule/);
  const { status, body } = await callOver(`http://127.0.0.1:${port}`, 'GET /readyz');
  assert.deepEqual([status, body], [200, { status: 'ready' }]);
  assert.equal((await callOver(`http://127.0.0.1:${port}`, 'GET /metrics')).status, 200);
  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
  const wrong = await run(['serve', app], { env: { TRESTLE_ROLES: 'works' } });
  assert.match(wrong.stderr, /TRESTLE_ROLES.*Expected one or more of serve,work,schedule/);
});

test('--help tells of every option, everywhere', async () => {
  const top = await command(['--help']);
  assert.equal(top.code, 0);
  assert.match(top.stdout, /serve\s.*Serve apps over HTTP/);
  for (const words of [
    ['serve', '--help'],
    ['help', 'serve'],
  ]) {
    const { code, stdout } = await command(words);
    assert.equal(code, 0);
    for (const option of ['--port', '--host', '--data', '--database', '--no-migrate'])
      assert.ok(stdout.includes(option));
  }
});

test('a folder that is missing, or holds no app', async () => {
  const folder = temporaryFolder();
  assertOneLine(
    await command(['serve', 'nowhere'], { cwd: folder }),
    /^trestle: there is no app or folder 'nowhere'/,
  );
  mkdirSync(join(folder, 'empty'));
  assertOneLine(
    await command(['serve', 'empty'], { cwd: folder }),
    /^trestle: the folder empty has no app\.ts/,
  );
  assertOneLine(await command(['serve'], { cwd: folder }), /^trestle: nothing to serve/);
  mkdirSync(join(folder, 'apps/shop'), { recursive: true });
  writeFileSync(join(folder, 'apps/shop/app.ts'), 'export default 1;');
  assertOneLine(await command(['serve', 'shp'], { cwd: folder }), /the apps here are shop/);
});

test('a variable that nothing reads, or that is no switch', async () => {
  const app = appFolder(NOTES);
  assertOneLine(
    await command(['serve', app], { env: { TRESTLE_METRIC_PORT: '9' } }),
    /^trestle: nothing reads the variable TRESTLE_METRIC_PORT; did you mean 'TRESTLE_METRICS_PORT'\?$/m,
  );
  assertOneLine(
    await command(['serve', app], { env: { TRESTLE_SHARED: 'maybe' } }),
    /TRESTLE_SHARED: expected 1 or 0, got 'maybe'/,
  );
  const env = { TRESTLE_NOTES_COLOUR: 'red', TRESTLE_SHARED: '0', TRESTLE_NO_MIGRATE: '1' };
  const { code, stderr } = await command(['serve', app], { env });
  assert.equal(code, 4, stderr);
});

test('a declaration that is wrong', async () => {
  assertOneLine(
    await command(['serve', appFolder('export default {};')]),
    /app\.ts: export the app as the default/,
  );
  assertOneLine(await command(['serve', appFolder('export default (')]), /app\.ts: /);
  assertOneLine(await command(['serve', appFolder("import 'not-there';")]), /app\.ts: .*not-there/);
  const wrong = NOTES.replace("name: 'notes'", "name: 'Notes!'");
  assertOneLine(
    await command(['serve', appFolder(wrong)]),
    /"Notes!": an app is named by lower-case letters/,
  );
});

test('a port that is taken, an address that is not ours, options that make no sense', async () => {
  const app = appFolder(NOTES);
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  assertOneLine(
    await command(['serve', app, '--port', port]),
    new RegExp(`^trestle: port ${port} of 127.0.0.1 is in use`),
  );
  assertOneLine(
    await command(['serve', app, '--port', '0', '--metrics-port', port]),
    /in use; .* choose another with --metrics-port/,
  );
  taken.close();
  assertOneLine(
    await command(['serve', app, '--port', '0', '--host', '203.0.113.1']),
    /is no address of this machine/,
  );
  assert.match((await command(['serve', app, '--port', 'x'])).stderr, /Expected a port from 0 to 65535/);
  assert.equal((await command(['serve', app, '--colour'])).code, 1);
  assert.equal((await command(['sreve'])).code, 1);
});

test('a data folder that cannot be made', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'file'), '');
  assertOneLine(
    await command(['serve', appFolder(NOTES), '--data', join(folder, 'file/data')]),
    /the data folder .* cannot be made/,
  );
});

test('serves one app at /, says where, keeps its data, and stops on a signal', async () => {
  const data = join(temporaryFolder(), 'rows');
  const server = await serve([appFolder(NOTES), '--data', data]);
  assert.match(
    server.output.stdout,
    /notes\s+http:\/\/127\.0\.0\.1:\d+\/\s+docs http:\/\/127\.0\.0\.1:\d+\/docs\n/,
  );
  assert.ok(server.output.stdout.includes(data));
  const created = await callOver<{ id: number }>(server.url, 'POST /v1/notes', { body: { content: 'kept' } });
  assert.equal(created.status, 201);
  server.child.kill('SIGINT');
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /"msg":"stopping"/);
  assert.ok(!/secret/i.test(stderr), 'no secret in the log');
  assert.equal(statSync(data).mode & 0o077, 0);

  const again = await serve([appFolder(NOTES), '--data', data, '--log', join(data, 'log')]);
  const read = await callOver<{ content: string }>(again.url, `GET /v1/notes/${created.body.id}`);
  assert.equal(read.body.content, 'kept');
  again.child.kill('SIGINT');
  assert.equal((await again.ended).stderr, '');
  assert.match(readFileSync(join(data, 'log'), 'utf8'), /"route":"\/v1\/notes\/:id","status":200/);
});

test('serves several under their names, each with its own database', async () => {
  const cwd = temporaryFolder();
  for (const name of ['one', 'two']) {
    mkdirSync(join(cwd, 'apps', name), { recursive: true });
    const text = readFileSync(join(appFolder(NOTES.replace("name: 'notes'", `name: '${name}'`)), 'app.ts'));
    writeFileSync(join(cwd, 'apps', name, 'app.ts'), text);
  }
  const server = await serve([], {
    cwd,
    env: { TRESTLE_ADMIN_SECRET: 'a-secret-of-the-environment-0123456789' },
  });
  assert.equal((await callOver(server.url, 'POST /two/v1/notes', { body: { content: 'x' } })).status, 201);
  const { body } = await callOver<{ items: unknown[] }>(server.url, 'GET /one/v1/notes');
  assert.deepEqual(body.items, []);
  const index = await callOver<{ apps: { path: string }[] }>(server.url, 'GET /');
  assert.deepEqual(
    index.body.apps.map(({ path }) => path),
    ['/one', '/two'],
  );
  assert.deepEqual((await callOver(server.url, 'GET /one/nothing')).body, { error: 'not_found' });
  const metrics = await callOver<string>(server.url, 'GET /metrics', {
    token: 'a-secret-of-the-environment-0123456789',
  });
  assert.equal(metrics.status, 200);
  assert.ok(existsSync(join(cwd, 'data/one.db')));
  server.child.kill('SIGINT');
  assert.equal((await server.ended).code, 0);
});

test('the administrator’s secret is shown where this process made it up', () => {
  const apps = [{ name: 'notes', base: '', docs: '/docs' }];
  const shown = { url: 'http://127.0.0.1:4000', apps, data: '/d', database: 'postgres://me:hidden@db/x' };
  assert.match(
    welcome({ ...shown, secret: 'made-up' }),
    /Administrator's secret, shown this once.*\n\s+made-up\n/,
  );
  assert.ok(!/secret|hidden/i.test(welcome({ ...shown, secret: undefined })));
});

test('a secret that nobody chose is shown once, also without a terminal, and goes on', async () => {
  const [app, data] = [appFolder(NOTES), temporaryFolder()];
  const first = await serve([app, '--data', data, '--base-path', '/api/']);
  // The link of the first operator is where people reach the server.
  assert.match(first.output.stdout, new RegExp(`${first.url}/api/admin/#setup=`));
  const secret = /shown this once .*\n {2}([\w-]{32})\n/.exec(first.output.stdout)?.[1] ?? '';
  assert.notEqual(secret, '');
  assert.equal((await callOver(first.url, 'GET /v1/accounts', { token: secret })).status, 200);
  const { stderr } = await first.stop();
  assert.ok(!stderr.includes(secret));
  const file = join(data, 'administrator-secret');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(!readFileSync(file, 'utf8').includes(secret));
  const env = { TRESTLE_PUBLIC_URL: 'https://example.org/notes' };
  const second = await serve([app, '--data', data, '--workers', '2'], { env });
  assert.doesNotMatch(second.output.stdout, /secret/);
  assert.match(second.output.stdout, /https:\/\/example\.org\/notes\/admin\/#setup=/);
  assert.equal((await callOver(second.url, 'GET /v1/accounts', { token: secret })).status, 200);
  await second.stop();
});

test('--no-migrate starts on a database that is as declared, and on no other', async () => {
  const app = appFolder(NOTES);
  const data = join(app, 'data');
  const refused = await run(['serve', app, '--data', data, '--port', '0', '--no-migrate']);
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /^trestle: .*notes/s);
  const first = await serve([app, '--data', data]);
  first.child.kill('SIGINT');
  await first.ended;
  const second = await serve([app, '--data', data, '--no-migrate']);
  second.child.kill('SIGINT');
  assert.equal((await second.ended).code, 0);
});

test('--metrics-port serves metrics alone, without credentials', async () => {
  const port = String(await freePort());
  const server = await serve([appFolder(NOTES), '--metrics-port', port]);
  const metrics = await callOver<string>(`http://127.0.0.1:${port}`, 'GET /metrics');
  assert.match(metrics.body, /trestle_statements_total\{app="notes"\} \d+/);
  assert.equal((await callOver(`http://127.0.0.1:${port}`, 'GET /v1/notes')).status, 404);
  assert.equal((await callOver(server.url, 'GET /metrics')).status, 401);
  server.child.kill('SIGINT');
  assert.equal((await server.ended).code, 0);
});
