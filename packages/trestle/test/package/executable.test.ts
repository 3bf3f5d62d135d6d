import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { callOver } from '../harness.ts';
import { createDatabase, dropDatabase } from '../postgres-server.ts';
import { appFolder, ENGINE, run, temporaryFolder } from '../processes.ts';
import { postgresUrl } from '../stores.ts';

const APP = `
import { anyone, app, integerId, resource, text } from ${ENGINE};
const notes = resource({
  id: integerId(),
  fields: { content: text({ max: 160 }) },
  can: { read: anyone, create: anyone, update: anyone, delete: anyone },
});
export default app({ name: 'notes', resources: { notes } });
`;

describe('an executable of trestle bundle, without Node.js and without an environment', {
  skip: process.platform !== 'linux' && 'executables are made on Linux alone',
}, () => {
  const folder = temporaryFolder();
  const executable = join(folder, 'notes');
  const children: ChildProcess[] = [];

  before(async () => {
    const app = appFolder(APP);
    writeFileSync(join(app, 'trestle.config.ts'), 'export default { drain: 1, readinessDelay: 0 };');
    const { code, stdout, stderr } = await run(['bundle', '--to', executable], { cwd: app });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\/notes: notes; \d+ MB/);
    assert.deepEqual(readdirSync(folder), ['notes']);
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  /** Runs a command of the executable to its end. */
  function command(...words: string[]) {
    return spawnSync(executable, words, { cwd: folder, env: {}, encoding: 'utf8' });
  }

  async function served(...words: string[]): Promise<{ url: string; child: ChildProcess }> {
    const args = ['--port', '0', ...words];
    const child = spawn(executable, args, { cwd: folder, env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    let text = '';
    for await (const part of child.stdout ?? []) {
      text += part;
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (url) return { url, child };
    }
    throw new Error(`it ended: ${text}`);
  }

  it('serves with its documentation pages, reads in threads, and stops on SIGTERM', async () => {
    const { url, child } = await served();
    assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'a' } })).status, 201);
    const page = await callOver<string>(url, 'GET /docs');
    for (const [, file] of page.body.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g))
      assert.equal((await callOver(url, `GET ${file}`)).status, 200, file);
    assert.equal((await callOver(url, 'GET /docs-files/redoc.standalone.js')).status, 200);
    const admin = await callOver<string>(url, 'GET /admin', { headers: { accept: 'text/html' } });
    const [, script = ''] = /src="\.\/(assets\/[^"]+\.js)"/.exec(admin.body) ?? [];
    assert.equal((await callOver(url, `GET /admin/${script}`)).status, 200);

    const database = new DatabaseSync(join(folder, 'data/notes.db'));
    database.exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      INSERT INTO notes (id, content) SELECT i, 'note ' || i FROM n; ANALYZE`);
    database.close();
    const threads = () => readdirSync(`/proc/${child.pid}/task`).length;
    const earlier = threads();
    const found = await callOver<{ items: unknown[]; count: unknown }>(
      url,
      'GET /v1/notes?filter[content][contains]=99999&count=exact',
    );
    assert.deepEqual([found.status, found.body.items.length], [200, 1]);
    assert.ok(threads() > earlier, 'it was read in a thread');

    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });

  it('runs several workers, over PostgreSQL', async (t) => {
    const database = await createDatabase(await postgresUrl());
    t.after(() => dropDatabase(database));
    const { url, child } = await served('--workers', '2', '--database', database);
    assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'a' } })).status, 201);
    assert.equal((await callOver(url, 'GET /v1/notes/1')).status, 200);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });

  it('has the other commands, but for those that work on files of a project', () => {
    const doctor = command('doctor');
    assert.equal(doctor.status, 0, doctor.stdout);
    assert.match(doctor.stdout, /ok +notes: migrations +as declared/);
    assert.match(command('config').stdout, /drain +1000 +trestle\.config\.ts/);
    const backup = command('backup', 'notes', '--to', 'backups');
    assert.equal(backup.status, 0, backup.stderr);
    const help = command('--help').stdout;
    assert.match(help, /^Usage: notes /);
    assert.doesNotMatch(help, /\bdev\b|\bbundle\b/);
    assert.match(
      command('backup', 'other', '--to', 'b').stderr,
      /there is no app 'other'; the apps here are notes/,
    );
  });
});

it('an executable holds the pages that an app answers, with the typed client of one', async (t) => {
  const folder = temporaryFolder();
  const executable = join(folder, 'changelog');
  const { code, stderr } = await run(['bundle', join(process.cwd(), 'apps/changelog'), '--to', executable]);
  assert.equal(code, 0, stderr);
  const child = spawn(executable, ['--port', '0'], {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for await (const part of child.stdout) {
    text += part;
    if (text.includes('docs')) break;
  }
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0] ?? text;
  const page = await callOver<string>(url, 'GET /', { headers: { accept: 'text/html' } });
  assert.match(page.body, /<script src="\/page\.js"/);
  for (const path of ['/page.css', '/page.js', '/page/index.js', '/page/live.js'])
    assert.equal((await callOver(url, `GET ${path}`)).status, 200, path);
  assert.equal((await callOver(url, 'GET /page/other.js')).status, 404);
});

it('what cannot be bundled is said with its place, and nothing is written', async () => {
  const app = appFolder(APP);
  mkdirSync(join(app, 'folder'));
  assert.match(
    (await run(['bundle', '--to', 'folder'], { cwd: app })).stderr,
    /folder is a folder; name a file/,
  );
  assert.match((await run(['bundle', 'other'], { cwd: app })).stderr, /there is no app or folder 'other'/);
  assert.match((await run(['bundle', '--node', 'no'], { cwd: app })).stderr, /--node: there is no file no/);
  writeFileSync(join(app, 'app.ts'), `${APP}\nconsole.log(import.meta.dirname);`);
  const { code, stderr } = await run(['bundle', '--to', 'here'], { cwd: app });
  assert.equal(code, 1);
  assert.match(stderr, /app\.ts:\d+: .*import\.meta.*an executable has no files beside its code/);
  assert.deepEqual(readdirSync(app).toSorted(), ['app.ts', 'folder']);
});
