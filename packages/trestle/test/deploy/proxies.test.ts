import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { callOver } from '../harness.ts';
import { freePort } from '../postgres-server.ts';
import { appFolder, NOTES, serve, temporaryFolder } from '../processes.ts';
import { until } from '../until.ts';

const DEPLOY = join(import.meta.dirname, '../../../../deploy');

function missing(program: string, word: string): string | false {
  return spawnSync(program, [word]).error !== undefined && `${program} is not installed here`;
}

/** A server behind a proxy that knows of another one, too, which is away. */
async function behind(
  t: TestContext,
  start: (upstreams: string[], port: number, folder: string) => readonly string[],
): Promise<void> {
  const own = ['--readiness-delay', '0', '--keep-alive', '65', '--trusted-proxies', '127.0.0.1'];
  const server = await serve([appFolder(NOTES.replace('can: { read', 'live: true, can: { read')), ...own]);
  t.after(() => server.kill());
  const [port, away] = [await freePort(), await freePort()];
  const folder = temporaryFolder();
  const [program = '', ...args] = start([new URL(server.url).host, `127.0.0.1:${away}`], port, folder);
  const proxy = spawn(program, args, { env: { ...process.env, HOME: folder }, stdio: 'ignore' });
  t.after(() => proxy.kill('SIGTERM'));
  const url = `http://127.0.0.1:${port}`;
  const get = (path: string) => callOver(url, `GET ${path}`).catch(() => undefined);
  await until(async () => (await get('/readyz'))?.status === 200);
  const all = await Promise.all(Array.from({ length: 40 }, () => get('/v1/notes')));
  assert.deepEqual([...new Set(all.map((each) => each?.status))], [200]);
  // A change reaches a stream through the proxy while it is open.
  const stop = new AbortController();
  t.after(() => stop.abort());
  const headers = { accept: 'text/event-stream' };
  const { body } = await fetch(`${url}/v1/notes/events`, { headers, signal: stop.signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const seen = async (what: RegExp) => {
    while (!what.test(text)) text += (await reader?.read())?.value ?? assert.fail(text);
  };
  await seen(/event: page/);
  assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'seen' } })).status, 201);
  await seen(/event: put\n.*seen/);
}

it('Caddy, as it is configured', { skip: missing('caddy', 'version') }, (t) =>
  behind(t, (upstreams, port, folder) => {
    const file = join(folder, 'Caddyfile');
    const text = readFileSync(join(DEPLOY, 'Caddyfile'), 'utf8');
    const values: Record<string, string> = { SITE: `:${port}`, UPSTREAMS: upstreams.join(' ') };
    const filled = text.replaceAll(/\{\$(\w+):[^}]*\}/g, (_, name) => values[name] ?? '');
    writeFileSync(file, `{\n\tadmin off\n}\n${filled}`);
    return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
  }),
);

it('nginx, as it is configured', { skip: missing('nginx', '-v') }, (t) =>
  behind(t, ([server, away], port, folder) => {
    const site = readFileSync(join(DEPLOY, 'nginx.conf'), 'utf8')
      .replace('127.0.0.1:4000', server ?? '')
      .replace('# server 127.0.0.1:4001', `server ${away}`)
      .replace('listen 8080', `listen 127.0.0.1:${port}`);
    const file = join(folder, 'nginx.conf');
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const paths = temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    const user = process.getuid?.() === 0 ? 'user root; ' : '';
    const head = `${user}daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}`;
    writeFileSync(file, `${head} http { access_log off; ${paths}\n${site}}`);
    return ['nginx', '-c', file, '-e', join(folder, 'error.log')];
  }),
);
