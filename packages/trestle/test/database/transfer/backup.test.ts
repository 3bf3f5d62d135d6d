import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { before, describe, it } from 'node:test';
import { makeBackups, scheduleBackups } from '../../../src/cli/serving/scheduled-backups.ts';
import { openLog } from '../../../src/http/logging/logging.ts';
import { callOver } from '../../harness.ts';
import { createDatabase, dropDatabase } from '../../postgres-server.ts';
import { appFolder, command, NOTES, type Serving, serve, temporaryFolder } from '../../processes.ts';
import { postgresUrl } from '../../stores.ts';
import { until } from '../../until.ts';

const ALONE = ['--readiness-delay', '0'];

async function stop(server: Serving): Promise<void> {
  server.child.kill('SIGTERM');
  assert.equal((await server.ended).code, 0);
}

function write(server: Serving, content: string) {
  return callOver<{ id: number }>(server.url, 'POST /v1/notes', { body: { content } });
}

function contentsOf(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  const rows = database.prepare('select content from notes order by id').all();
  database.close();
  return rows.map(({ content }) => String(content));
}

describe('backups that a server makes', () => {
  const app = appFolder(NOTES);

  it('are made and verified by a process of its own, the newest of them kept', async () => {
    const [data, to] = [temporaryFolder(), temporaryFolder()];
    const server = await serve([
      app,
      '--data',
      data,
      '--backup-to',
      to,
      '--backup-at',
      '0 3 * * *',
      ...ALONE,
    ]);
    await write(server, 'first');
    const lines: string[] = [];
    const log = openLog({ to: (line) => lines.push(line) });
    const schedule = { data, apps: [app], to, keep: 2 };
    writeFileSync(join(to, 'notes-of-mine.db'), '');
    for (let made = 0; made < 3; made += 1) await makeBackups(schedule, log);
    await stop(server);
    const own = readdirSync(to).filter((name) => /^notes-\d{4}-/.test(name));
    assert.equal(own.length, 2);
    assert.ok(existsSync(join(to, 'notes-of-mine.db')));
    assert.deepEqual(contentsOf(join(to, own[0] ?? '')), ['first']);
    assert.equal(lines.filter((line) => line.includes('backup made and verified')).length, 3);
    await makeBackups({ ...schedule, data: join(data, 'elsewhere') }, log);
    assert.match(lines.at(-1) ?? '', /"level":"error".*there is no database.*"msg":"backup failed"/);
  });

  it('are refused where a schedule cannot be read', async () => {
    const wrong = await command(['serve', app, '--backup-at', 'every night']);
    assert.match(wrong.stderr, /expected five fields/);
  });

  it('are made when their schedule says, also one that is changed meanwhile', async (t) => {
    const [data, to] = [temporaryFolder(), temporaryFolder()];
    const server = await serve([app, '--data', data, ...ALONE]);
    await write(server, 'first');
    await stop(server);
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-26T10:00:30Z') });
    const made = new EventEmitter();
    const log = openLog({ to: (line) => made.emit('line', line) });
    const sourced = <T>(value: T) => ({ value, source: 'operators' });
    let at: string | null = null;
    const settingsOf = () => ({ to: sourced(to), at: sourced(at), keep: sourced(3) });
    const end = scheduleBackups(
      { data, database: undefined, apps: new Map([['notes', app]]), settingsOf },
      log,
    );
    t.after(end);
    const round = async () => {
      t.mock.timers.tick(60_000);
      // A round that makes nothing has ended by then, and the next one is waited for.
      await new Promise((resolve) => setImmediate(resolve));
    };
    await round();
    await round();
    assert.deepEqual(readdirSync(to), []);
    at = '* * * * *';
    const line = once(made, 'line');
    await round();
    assert.match(String(await line), /backup made and verified/);
    assert.equal(readdirSync(to).length, 1);
  });
});

describe('backup and restore', () => {
  const app = appFolder(NOTES);
  const data = temporaryFolder();
  const to = temporaryFolder();
  const file = join(data, 'notes.db');
  let backup = '';

  before(async () => {
    const server = await serve([app, '--data', data, ...ALONE]);
    await write(server, 'first');
    await stop(server);
  });

  it('copies a database that is being written, one moment of it, and reads it back', async () => {
    const server = await serve([app, '--data', data, ...ALONE]);
    let going = true;
    let answered = 0;
    const writing = (async () => {
      for (; going; answered += 1) assert.equal((await write(server, `n${answered}`)).status, 201);
    })();
    await until(() => answered >= 20);
    const { code, stdout, stderr } = await command(['backup', app, '--data', data, '--to', to]);
    going = false;
    await writing;
    await stop(server);
    assert.equal(code, 0, stderr);
    const [name = '', ...others] = readdirSync(to);
    assert.deepEqual(others, []);
    assert.match(name, /^notes-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.db$/);
    assert.match(
      stdout,
      /^notes: .*\.db\n {2}\d+ rows of \d+ tables, .* read back and whole\nNot in it: .*signing-secret/,
    );
    backup = join(to, name);
    assert.equal(statSync(backup).mode & 0o777, 0o600);
    const contents = contentsOf(backup);
    assert(contents.length > 20 && contents.length <= answered + 1, `${contents.length} of ${answered}`);
    assert.deepEqual(contents, ['first', ...contents.slice(1).map((_, at) => `n${at}`)]);
  });

  it('puts a backup in the place of the database, and keeps that', async () => {
    const now = contentsOf(file);
    const then = contentsOf(backup);
    const { code, stdout, stderr } = await command(['restore', backup, '--app', app, '--data', data]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(contentsOf(file), then);
    const kept = /kept as (.*\.replaced)$/m.exec(stdout)?.[1] ?? '';
    assert.deepEqual(contentsOf(kept), now);
    assert.equal(existsSync(`${file}.restoring`), false);
    const server = await serve([app, '--data', data, ...ALONE]);
    assert.equal((await write(server, 'after')).body.id, then.length + 1);
    await stop(server);
  });

  it('refuses while a server has the database open, and changes nothing', async () => {
    const server = await serve([app, '--data', data, ...ALONE]);
    await write(server, 'kept');
    const { code, stderr } = await command(['restore', backup, '--app', app, '--data', data]);
    assert.equal(code, 1);
    assert.match(stderr, /notes\.db is in use by another process\. Stop the server first/);
    assert.equal((await write(server, 'on')).status, 201);
    await stop(server);
    assert.deepEqual(contentsOf(file).slice(-2), ['kept', 'on']);
  });

  const damages: Record<string, { damage: (path: string) => void; says: RegExp }> = {
    'cut short': { damage: (path) => truncateSync(path, statSync(path).size / 2), says: /damaged|malformed/ },
    'of another kind': { damage: (path) => writeFileSync(path, 'x'.repeat(9000)), says: /not a database/ },
    empty: { damage: (path) => writeFileSync(path, ''), says: /is no database of Trestle/ },
    'with a page overwritten': {
      damage: (path) => {
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(7, 8192, 8192 + 4096));
      },
      says: /damaged|malformed/,
    },
  };
  for (const [kind, { damage, says }] of Object.entries(damages))
    it(`refuses a backup that is ${kind}, and changes nothing`, async () => {
      const broken = join(temporaryFolder(), 'broken.db');
      copyFileSync(backup, broken);
      damage(broken);
      const before = contentsOf(file);
      const { code, stderr } = await command(['restore', broken, '--app', app, '--data', data]);
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.deepEqual(contentsOf(file), before);
      assert.deepEqual(
        readdirSync(data).filter((name) => name.includes('restoring')),
        [],
      );
    });

  it('takes the place of a damaged database, which is kept as it is, and of its log', async () => {
    const rubbish = 'this is no database any more'.repeat(400);
    writeFileSync(file, rubbish);
    writeFileSync(`${file}-wal`, 'nor is this a log');
    const { code, stdout, stderr } = await command(['restore', backup, '--app', app, '--data', data]);
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(`${file}-wal`), false);
    assert.deepEqual(contentsOf(file), contentsOf(backup));
    const kept = /kept as (.*\.replaced)$/m.exec(stdout)?.[1] ?? '';
    assert.equal(readFileSync(kept, 'utf8'), rubbish);
    const server = await serve([app, '--data', data, ...ALONE]);
    assert.equal((await write(server, 'after')).status, 201);
    await stop(server);
  });

  it('refuses a backup of a newer declaration with exit code 3', async () => {
    const newer = appFolder(
      NOTES.replace('text({ max: 160 })', "text({ max: 160 }), more: text({ default: '' })"),
    );
    const elsewhere = temporaryFolder();
    copyFileSync(backup, join(elsewhere, 'notes.db'));
    await stop(await serve([newer, '--data', elsewhere, ...ALONE]));
    const { code, stderr } = await command([
      'restore',
      join(elsewhere, 'notes.db'),
      '--app',
      app,
      '--data',
      data,
    ]);
    assert.equal(code, 3);
    assert.match(stderr, /newer than the declaration of notes/);
  });

  it('copies what is on PostgreSQL into such a file, and puts it back there, while no server has it', async () => {
    const database = await createDatabase(await postgresUrl());
    const [own, copies] = [temporaryFolder(), temporaryFolder()];
    const options = ['--data', own, '--database', database];
    try {
      const none = await command(['backup', app, ...options, '--to', copies]);
      assert.match(none.stderr, /there is no database .*schema notes/);
      const server = await serve([app, ...options, ...ALONE]);
      for (const content of ['first', 'second']) await write(server, content);
      const made = await command(['backup', app, ...options, '--to', copies]);
      assert.equal(made.code, 0, made.stderr);
      const path = join(copies, readdirSync(copies)[0] ?? '');
      assert.deepEqual(contentsOf(path), ['first', 'second']);
      await write(server, 'third');
      const used = await command(['restore', path, '--app', app, ...options]);
      assert.match(used.stderr, /in use by another process\. Stop the servers first; nothing was changed/);
      assert.doesNotMatch(used.stderr, new RegExp(new URL(database).password || 'no password'));
      await stop(server);
      const { code, stdout, stderr } = await command(['restore', path, '--app', app, ...options]);
      assert.equal(code, 0, stderr);
      const kept = /kept as (.*\.replaced)$/m.exec(stdout)?.[1] ?? '';
      assert.deepEqual(contentsOf(kept), ['first', 'second', 'third']);
      const again = await serve([app, ...options, ...ALONE]);
      const { body } = await callOver<{ items: { content: string }[] }>(again.url, 'GET /v1/notes?sort=id');
      assert.deepEqual(
        body.items.map(({ content }) => content),
        ['first', 'second'],
      );
      // Its file serves on SQLite as well.
      assert.equal((await write(again, 'next')).body.id, 3);
      await stop(again);
      const elsewhere = temporaryFolder();
      assert.equal((await command(['restore', path, '--app', app, '--data', elsewhere])).code, 0);
      assert.deepEqual(contentsOf(join(elsewhere, 'notes.db')), ['first', 'second']);
    } finally {
      await dropDatabase(database);
    }
  });

  it('says what is missing', async () => {
    const none = await command(['backup', app, '--data', temporaryFolder(), '--to', to]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /there is no database .*notes\.db/);
    const gone = await command([
      'restore',
      'notes-2026-01-01T00-00-00.000Z.db',
      '--app',
      app,
      '--data',
      data,
    ]);
    assert.match(gone.stderr, /there is no file notes-2026/);
  });
});
