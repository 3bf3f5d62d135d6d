import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { appFolder, NOTES, type RunOptions, start } from '../processes.ts';
import { until } from '../until.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** `trestle dev` over an app in a folder of its own. */
function develop(text: string, options: RunOptions = {}) {
  const folder = options.cwd ?? appFolder(text);
  const dev = start(['dev', '--port', '0'], { cwd: folder, ...options });
  let written = '';
  for (const stream of [dev.child.stdout, dev.child.stderr]) stream.on('data', (text) => (written += text));
  return {
    file: join(folder, 'app.ts'),
    env: join(folder, '.env'),
    ...dev,
    /** Waits until it has written this since the last call. */
    async shows(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const found = pattern.exec(written);
        if (found) {
          written = '';
          return found;
        }
        const more = [once(dev.child.stdout, 'data'), once(dev.child.stderr, 'data'), dev.ended];
        const next = await Promise.race(more);
        if ('code' in next) throw new Error(`ended with ${next.code}: ${written}`);
      }
    },
    async stop(): Promise<void> {
      dev.child.kill('SIGTERM');
      assert.equal((await dev.ended).code, 0);
    },
  };
}

const ADDED = NOTES.replace(
  'content: text({ max: 160 })',
  "content: text({ max: 160 }), title: text({ default: 'none' })",
);

describe('trestle dev', () => {
  it('restarts on a change at the same address, and keeps the rows', async () => {
    const dev = develop(NOTES);
    const [, url] = await dev.shows(/(http:\/\/127\.0\.0\.1:\d+)\/\s/);
    const created = await fetch(`${url}/v1/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'first' }),
    });
    assert.equal(created.status, 201);
    writeFileSync(dev.file, ADDED);
    await dev.shows(/app\.ts changed[\s\S]*restarted in \d+ ms/);
    const { items } = (await (await fetch(`${url}/v1/notes`)).json()) as { items: unknown[] };
    assert.deepEqual(items, [{ id: 1, content: 'first', title: 'none' }]);
    await dev.stop();
  });

  it('leaves no server behind when it is killed', async () => {
    const dev = develop(NOTES);
    const [, url] = await dev.shows(/(http:\/\/127\.0\.0\.1:\d+)\/\s/);
    dev.child.kill('SIGKILL');
    const answers = () =>
      fetch(`${url}/v1/notes`).then(
        () => true,
        () => false,
      );
    await until(async () => !(await answers()));
  });

  it('ends with npx, by whose pid it is stopped', async () => {
    const cwd = appFolder(NOTES);
    const programs = join(cwd, 'node_modules/.bin');
    mkdirSync(programs, { recursive: true });
    symlinkSync(join(ROOT, 'packages/trestle/bin/trestle.js'), join(programs, 'trestle'));
    const PATH = `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
    const dev = develop(NOTES, { cwd, by: ['npx', '--offline', 'trestle'], env: { PATH } });
    await dev.shows(/http:\/\/127\.0\.0\.1:\d+\/\s/);
    dev.child.kill('SIGTERM');
    // What it prints to is closed once the last of its processes has ended.
    await dev.ended;
  });

  it('says what is wrong with a declaration, and goes on when it is mended', async () => {
    const dev = develop(NOTES);
    await dev.shows(/http:/);
    const whole = readFileSync(dev.file, 'utf8');
    writeFileSync(dev.file, whole.replace("name: 'notes'", "name: 'No Tes'"));
    await dev.shows(/an app is named by lower-case letters[\s\S]*waiting for a change/);
    writeFileSync(dev.file, whole);
    await dev.shows(/restarted in/);
    await dev.stop();
  });

  it('reads .env at each start', async () => {
    const dev = develop(
      NOTES.replace('text({ max: 160 })', 'text({ max: Number(process.env.MAX_LENGTH ?? 160) })'),
    );
    const [, url] = await dev.shows(/(http:\/\/127\.0\.0\.1:\d+)\/\s/);
    appendFileSync(dev.env, 'MAX_LENGTH=3\n');
    await dev.shows(/\.env changed[\s\S]*restarted in/);
    const refused = await fetch(`${url}/v1/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ content: 'four' }),
    });
    assert.equal(refused.status, 422);
    await dev.stop();
  });

  it('makes no change that loses data without being asked', async () => {
    const dev = develop(ADDED);
    await dev.shows(/http:/);
    writeFileSync(dev.file, NOTES);
    await dev.shows(/drop[\s\S]*trestle migrate apply --destructive[\s\S]*waiting for a change/);
    writeFileSync(dev.file, ADDED);
    await dev.shows(/restarted in/);
    await dev.stop();
  });
});
