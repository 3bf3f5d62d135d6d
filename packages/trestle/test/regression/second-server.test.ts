// A second server on the data of another one is refused with its pid, unless both share it; after a kill the next one starts.
import assert from 'node:assert/strict';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import { StartError } from '../../src/start-error.ts';
import { callOver } from '../harness.ts';
import { appFolder, command, NOTES, run, serve, temporaryFolder } from '../processes.ts';

describe('two servers on one data folder (sqlite)', () => {
  test('the second is refused with the pid of the first; commands are not', async () => {
    const [folder, data] = [appFolder(NOTES), temporaryFolder()];
    const words = [folder, '--data', data, '--readiness-delay', '0'];
    const { url, child, ended } = await serve(words);
    for (const more of [[], ['--shared']]) {
      const { code, stderr } = await run(['serve', '--port', '0', ...words, ...more]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`^trestle: .*notes\\.db is served by another process already \\(pid ${child.pid}\\)`),
      );
    }
    assert.equal((await command(['check', folder, '--data', data])).code, 0);
    assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'a' } })).status, 201);
    child.kill('SIGKILL');
    await ended;
    const next = await serve(words);
    assert.equal((await callOver(next.url, 'GET /v1/notes/1')).status, 200);
    next.child.kill('SIGTERM');
    assert.equal((await next.ended).code, 0);
  });

  test('those that share it serve together; one alone is refused while any of them does', async () => {
    const file = join(temporaryFolder(), 'a.db');
    const open = (server: 'alone' | 'shared') => openSqlite(file, { server, sharedReads: false });
    const [first, second] = [open('shared'), open('shared')];
    assert.throws(() => open('alone'), StartError);
    await first.close();
    assert.throws(() => open('alone'), StartError);
    await second.close();
    const alone = open('alone');
    assert.throws(() => open('shared'), StartError);
    await alone.close();
    await open('shared').close();
  });

  test('files are made with mode 0600 in any folder', async () => {
    const file = join(temporaryFolder(), 'a.db');
    const umask = process.umask(0);
    try {
      const store = openSqlite(file, { server: 'alone' });
      for (const suffix of ['', '-wal', '-shm', '.lock', '.pid'])
        assert.equal(statSync(`${file}${suffix}`).mode & 0o777, 0o600, suffix);
      await store.close();
    } finally {
      process.umask(umask);
    }
  });
});

describe('a log that is missing after an unclean stop (sqlite)', () => {
  /** A database whose server was killed with commits in its log. */
  async function killed() {
    const [folder, data] = [appFolder(NOTES), temporaryFolder()];
    const { url, child, ended } = await serve([folder, '--data', data]);
    assert.equal((await callOver(url, 'POST /v1/notes', { body: { content: 'a' } })).status, 201);
    child.kill('SIGKILL');
    await ended;
    return { folder, data, file: join(data, 'notes.db') };
  }

  test('is noticed by the server and by commands, and said with the remedy', async () => {
    const { folder, data, file } = await killed();
    rmSync(`${file}-wal`);
    for (const words of [['serve', '--port', '0'], ['check'], ['backup', '--to', temporaryFolder()]]) {
      const { code, stderr } = await command([...words, folder, '--data', data]);
      assert.equal(code, 1, words[0]);
      assert.match(stderr, /not stopped cleanly, and the log \(-wal\) .* is gone.* remove .*notes\.db\.pid/);
    }
    rmSync(`${file}.pid`);
    const next = await serve([folder, '--data', data, '--readiness-delay', '0']);
    next.child.kill('SIGTERM');
    assert.equal((await next.ended).code, 0);
  });

  test('is none where a command has read it and a server starts afterwards', async () => {
    const { folder, data } = await killed();
    assert.equal(
      (await command(['copy', folder, '--from', `sqlite:${data}`, '--to', `sqlite:${temporaryFolder()}`]))
        .code,
      0,
    );
    assert.equal((await command(['check', folder, '--data', data, '--deep'])).code, 0);
    const { url, child, ended } = await serve([folder, '--data', data, '--readiness-delay', '0']);
    assert.equal((await callOver(url, 'GET /v1/notes/1')).status, 200);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });
});
