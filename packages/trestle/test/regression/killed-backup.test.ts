// A backup or restore whose process is killed leaves nothing that is listed, verified or restored; the next start removes the rest.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BACKUP } from '../../src/cli/backups/backup-target.ts';
import { PASSWORD, signInAt } from '../admin/operators.ts';
import { callOver } from '../harness.ts';
import { appFolder, NOTES, run, type Serving, serve, start } from '../processes.ts';
import { eachPlace, type Place } from '../stores.ts';
import { until } from '../until.ts';

const MAX_ATTEMPTS = 10;
/** Rows of half a megabyte, so that a backup has a middle. */
const ROWS = 40;
const app = appFolder(NOTES.replace('max: 160', 'max: 600000'));
const optionsOf = ({ data, database }: Place) => [
  '--data',
  data,
  ...(database ? ['--database', database] : []),
];
const serving = (place: Place, ...words: string[]) =>
  serve([app, ...optionsOf(place), '--readiness-delay', '0', ...words], {
    env: { TRESTLE_ADMIN_SECRET: 'a secret of tests that is never shown anywhere' },
  });

async function fill({ url }: Serving): Promise<void> {
  for (let row = 0; row < ROWS; row += 1)
    await callOver(url, 'POST /v1/notes', { body: { content: String(row).padEnd(500_000, '.') } });
}

async function countOf({ url }: Serving): Promise<number> {
  const answer = await callOver<{ total: number }>(url, 'GET /v1/notes?limit=1&fields=id&count=exact');
  return answer.body.total;
}

/** Resolves with a name of this pattern as soon as a folder has one. */
async function appears(folder: string, pattern: RegExp, signal: AbortSignal): Promise<string | undefined> {
  mkdirSync(folder, { recursive: true });
  const watcher = watch(folder, { signal });
  const there = () => readdirSync(folder).find((name) => pattern.test(name));
  try {
    for (let found = there(); ; found = there()) {
      if (found !== undefined) return found;
      await once(watcher, 'change', { signal });
    }
  } catch {
    // The process has ended, or nothing came.
    return there();
  } finally {
    watcher.close();
  }
}

const isUnfinished = (name: string) => /\.part|^\.backup-|\.restoring/.test(name);
const unfinishedIn = (...folders: string[]) =>
  folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).filter(isUnfinished) : []));

/** Runs a command until a name appears, then kills it; again where it was done before that. */
async function killedAt(
  words: (attempt: number) => string[],
  folder: string,
  pattern: RegExp,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const over = new AbortController();
    const command = start(words(attempt));
    const ended = command.ended.then(({ code }) => {
      over.abort();
      return code;
    });
    if ((await appears(folder, pattern, over.signal)) !== undefined) command.child.kill('SIGKILL');
    if ((await ended) === null && unfinishedIn(folder).length > 0) return;
  }
  assert.fail(`${MAX_ATTEMPTS} attempts were done before they could be killed`);
}

eachPlace('killed in the middle', (place) => {
  test('a backup command', async (t) => {
    const at = await place();
    const to = mkdtempSync(join(at.data, 'to-'));
    const served = await serving(at, '--backup-to', to);
    t.after(() => served.kill());
    await fill(served);
    const words = () => ['backup', app, ...optionsOf(at), '--to', to];
    // On PostgreSQL the rows are copied into the data folder first.
    if (at.database) await killedAt(words, at.data, /^\.backup-/);
    await killedAt(words, to, /\.part$/);
    const whole = readdirSync(to).filter((name) => BACKUP.test(name));
    for (const name of whole)
      assert.equal((await run(['verify', join(to, name), '--app', app, '--data', at.data])).code, 0);
    const [half = ''] = unfinishedIn(to);
    assert.equal(BACKUP.test(half), false);
    await served.stop();

    const again = await serving(at, '--backup-to', to);
    t.after(() => again.kill());
    assert.deepEqual(unfinishedIn(to, at.data), []);
    assert.equal(await countOf(again), ROWS);
    const made = await run(words());
    assert.equal(made.code, 0, made.stderr);
    assert.equal(readdirSync(to).filter((name) => BACKUP.test(name)).length, whole.length + 1);
  });

  test('a server that makes one, alone and with the process that makes it', async (t) => {
    const at = await place();
    const to = mkdtempSync(join(at.data, 'to-'));
    let served = await serving(at, '--backup-to', to);
    t.after(() => served.kill());
    const token = /#setup=([\w-]{43})\n/.exec(served.output.stdout)?.[1];
    const body = { token, username: 'root', password: PASSWORD };
    assert.equal((await callOver(served.url, 'POST /v1/admin/setup', { body })).status, 200);
    await fill(served);
    const begin = async () => {
      const root = await signInAt(served.url, 'root', PASSWORD);
      const asked = root.call('POST /v1/admin/backups').catch(() => undefined);
      const part = await appears(to, /\.part$/, AbortSignal.timeout(60_000));
      return { asked, part };
    };
    const { asked } = await begin();
    await served.kill();
    await asked;
    // Its process goes on, to the end: there is a whole backup, or none.
    await until(() => unfinishedIn(to).length === 0);
    const [name = ''] = readdirSync(to).filter((each) => BACKUP.test(each));
    assert.equal((await run(['verify', join(to, name), '--app', app, '--data', at.data])).code, 0);

    served = await serving(at, '--backup-to', to);
    const second = await begin();
    const pid = Number(/\.(\d+)\.part$/.exec(second.part ?? '')?.[1]);
    process.kill(pid, 'SIGKILL');
    await served.kill();
    await second.asked;
    served = await serving(at, '--backup-to', to);
    assert.deepEqual(unfinishedIn(to, at.data), []);
    const root = await signInAt(served.url, 'root', PASSWORD);
    const { body: list } = await root.call<{ items: { name: string }[] }>('GET /v1/admin/backups');
    for (const each of list.items)
      assert.equal((await run(['verify', join(to, each.name), '--app', app, '--data', at.data])).code, 0);
    assert.equal(await countOf(served), ROWS);
  });

  test('a restore: the rows are those before it, and a second one is whole', async (t) => {
    const at = await place();
    let served = await serving(at);
    t.after(() => served.kill());
    await fill(served);
    const to = mkdtempSync(join(at.data, 'to-'));
    const made = await run(['backup', app, ...optionsOf(at), '--to', to]);
    assert.equal(made.code, 0, made.stderr);
    const [name = ''] = readdirSync(to);
    await callOver(served.url, 'POST /v1/notes', { body: { content: 'later' } });
    await served.stop();
    const words = () => ['restore', join(to, name), '--app', app, ...optionsOf(at)];
    await killedAt(words, at.data, /\.restoring$/);
    served = await serving(at);
    assert.deepEqual(unfinishedIn(at.data), []);
    assert.equal(await countOf(served), ROWS + 1);
    await served.stop();
    const restored = await run(words());
    assert.equal(restored.code, 0, restored.stderr);
    served = await serving(at);
    assert.equal(await countOf(served), ROWS);
    await served.stop();
  });
});
