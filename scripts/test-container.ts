import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `node scripts/test-container.ts [options]

Builds the image of the Dockerfile and runs it as docs/deploying.md says: read-only, as a user without rights, with a volume.
It needs a container engine that runs, and the base image that the Dockerfile names.

  --help   this text`;

const ROOT = join(import.meta.dirname, '..');
const MAX_MEGABYTES_ABOVE_BASE = 120;
const HEALTHY_WITHIN_MS = 40_000;
const SECRET = 'an administrator secret of the container test';

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
if (values.help) console.log(HELP);
else await testContainer();

async function testContainer(): Promise<void> {
  if (spawnSync('docker', ['info']).status !== 0) {
    console.log('container: skipped, there is no container engine that runs');
    return;
  }
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const base = /^FROM (\S+)\n/m.exec(dockerfile)?.[1] ?? '';
  build('trestle-test', []);
  build('trestle-test-packages', ['--build-arg', 'APP=apps/packages']);
  const added = (size('trestle-test') - size(base)) / 1e6;
  assert(added < MAX_MEGABYTES_ABOVE_BASE, `the image adds ${added.toFixed(0)} MB to its base`);
  const data = mkdtempSync(join(tmpdir(), 'trestle-container-'));
  chmodSync(data, 0o777);
  try {
    await inContainer('trestle-test', data, async (url, name) => {
      await createMessage(url);
      assert.equal(docker(['exec', name, 'id', '-u']), '1000');
      assert.notEqual(
        spawnSync('docker', ['exec', name, 'touch', '/app/file']).status,
        0,
        'the file system is writable',
      );
    });
    await inContainer('trestle-test', data, async (url) => {
      const { items } = await json(`${url}/messages/v1/messages`);
      assert.equal(items.length, 1, 'the row of the first container is there in the second');
    });
    await inContainer('trestle-test-packages', data, async (url) => {
      assert.equal((await fetch(`${url}/v1/keys`)).status, 401, 'one app alone is served at /');
    });
  } finally {
    docker([
      'run',
      '--rm',
      '--user',
      '0',
      '-v',
      `${data}:/data`,
      'trestle-test',
      'chmod',
      '-R',
      '777',
      '/data',
    ]);
    rmSync(data, { recursive: true, force: true });
  }
  console.log(
    `container: all apps and one app serve read-only as uid 1000; ${added.toFixed(0)} MB above ${base}`,
  );
}

function docker(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', cwd: ROOT });
  assert.equal(status, 0, `docker ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
}

function build(tag: string, options: readonly string[]): void {
  docker(['build', '--network', 'host', ...options, '-t', tag, '.']);
}

function size(image: string): number {
  return Number(docker(['image', 'inspect', image, '--format', '{{.Size}}']));
}

/** Runs an image with a volume until it is healthy, calls `use`, and stops it: SIGTERM, exit code 0. */
async function inContainer(image: string, data: string, use: (url: string, name: string) => Promise<void>) {
  const port = await freePort();
  const settings = [`PORT=${port}`, 'HOST=127.0.0.1', `TRESTLE_ADMIN_SECRET=${SECRET}`].flatMap((each) => [
    '-e',
    each,
  ]);
  const options = ['--read-only', '--tmpfs', '/tmp', '--network', 'host', '-v', `${data}:/data`, ...settings];
  const name = docker(['run', '-d', '--health-interval', '1s', ...options, image]);
  try {
    const deadline = performance.now() + HEALTHY_WITHIN_MS;
    const healthCheck = ['exec', name, 'node', 'node_modules/trestle/bin/trestle.js', 'health'];
    while (spawnSync('docker', healthCheck).status !== 0)
      assert(performance.now() < deadline, `not healthy:\n${docker(['logs', name])}`);
    await use(`http://127.0.0.1:${port}`, name);
    docker(['stop', '-t', '15', name]);
    assert.equal(docker(['inspect', name, '--format', '{{.State.ExitCode}}']), '0', 'SIGTERM ends it with 0');
  } finally {
    docker(['rm', '-f', name]);
  }
}

async function createMessage(url: string): Promise<void> {
  const person = { username: 'reader', password: 'a password of the container test' };
  await json(`${url}/messages/v1/accounts`, person);
  const { access_token } = await json(`${url}/messages/v1/sessions`, person);
  await json(`${url}/messages/v1/messages`, { content: 'kept' }, { authorization: `Bearer ${access_token}` });
}

async function json(url: string, body?: object, headers: Record<string, string> = {}) {
  const post = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  const response = await fetch(url, body && post);
  const text = await response.text();
  assert(response.ok, `${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
