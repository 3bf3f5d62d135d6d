import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { callOver } from '../../harness.ts';
import { createDatabase, dropDatabase } from '../../postgres-server.ts';
import { appFolder, command, type Ended, NOTES, serve, start, temporaryFolder } from '../../processes.ts';
import { postgresUrl } from '../../stores.ts';

const APP = appFolder(NOTES);
const ROOT = resolve(import.meta.dirname, '../../../../..');

/** A data folder with one note, and the server that still has it open. */
async function served() {
  const data = temporaryFolder();
  const server = await serve([APP, '--data', data, '--readiness-delay', '0']);
  assert.equal((await callOver(server.url, 'POST /v1/notes', { body: { content: 'x' } })).status, 201);
  const stop = async () => {
    server.child.kill('SIGTERM');
    await server.ended;
  };
  return { data, stop };
}

function copy(from: string, to: string, ...more: string[]): Promise<Ended> {
  return command(['copy', APP, '--from', from, '--to', to, ...more]);
}

function refused({ code, stderr, stdout }: Ended, says: RegExp): void {
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, says);
}

describe('copy, as a command', () => {
  it('leaves a served source alone, unless that is asked for', async () => {
    const { data, stop } = await served();
    const [first, second] = [temporaryFolder(), temporaryFolder()];
    refused(
      await copy(`sqlite:${data}`, `sqlite:${first}`),
      /notes\.db is in use by another process\. Stop the server/,
    );
    assert.equal(existsSync(join(first, 'notes.db')), false);
    const live = await copy(`sqlite:${data}`, `sqlite:${second}`, '--while-serving');
    assert.equal(live.code, 0, live.stderr);
    assert.match(live.stdout, /\n {2}notes +1 rows {2}sha256 [0-9a-f]{16}\n/);
    await stop();
    assert.equal((await copy(`sqlite:${data}`, `sqlite:${first}`)).code, 0);
  });

  it('says what is wrong with the places', async () => {
    const [empty, other] = [temporaryFolder(), temporaryFolder()];
    refused(await copy(`sqlite:${empty}`, `sqlite:${other}`), /there is no database at .*notes\.db/);
    refused(await copy(`sqlite:${empty}`, `sqlite:${empty}`), /--from and --to are the same/);
    const all = await command(['copy', '--from', `sqlite:${empty}`, '--to', `sqlite:${other}`], {
      cwd: ROOT,
    });
    refused(all, /^trestle: there is no app's database at \/\S+\n$/);
    refused(await copy('mysql://x', `sqlite:${empty}`), /Expected sqlite:FOLDER or postgres:/);
    refused(
      await command(['copy', APP, '--from', `sqlite:${empty}`]),
      /required option '--to <place>' not specified/,
    );
  });

  it('copies no source that is not as declared', async () => {
    const { data, stop } = await served();
    await stop();
    const newer = appFolder(
      NOTES.replace('text({ max: 160 })', "text({ max: 160 }), more: text({ default: '' })"),
    );
    const ended = await command([
      'copy',
      newer,
      '--from',
      `sqlite:${data}`,
      '--to',
      `sqlite:${temporaryFolder()}`,
    ]);
    refused(
      ended,
      /notes\.db \S* ?is not as notes is declared; bring it there first with: trestle migrate apply/,
    );
  });

  it('is not made over what is there, and shows no password', async () => {
    const { data, stop } = await served();
    await stop();
    const database = await createDatabase(await postgresUrl());
    assert.equal((await copy(`sqlite:${data}`, database)).code, 0);
    const again = await copy(`sqlite:${data}`, database);
    await dropDatabase(database);
    refused(again, /the table notes of the target has rows already\. No row was copied into postgres:/);
    assert.doesNotMatch(again.stderr, new RegExp(new URL(database).password));
  });

  it('killed at any moment, leaves all or nothing, and can be made again', async () => {
    const { data, stop } = await served();
    await stop();
    const source = new DatabaseSync(join(data, 'notes.db'));
    source.exec(`insert into notes (content) with recursive n(i) as (select 1 union all select i + 1 from n where i < 150000)
      select 'note ' || i from n`);
    source.close();
    const target = temporaryFolder();
    for (const moment of [350, 550, 750]) {
      const { child, ended } = start(['copy', APP, '--from', `sqlite:${data}`, '--to', `sqlite:${target}`]);
      setTimeout(() => child.kill('SIGKILL'), moment);
      const { code } = await ended;
      const rows = notesIn(join(target, 'notes.db'));
      // A kill between the commit and the process's end leaves all of it.
      assert.ok(rows === 150_001 || (rows === 0 && code !== 0), `${rows} rows, exit code ${code}`);
      if (rows > 0) return;
    }
    assert.equal((await copy(`sqlite:${data}`, `sqlite:${target}`)).code, 0);
    assert.equal(notesIn(join(target, 'notes.db')), 150_001);
  });
});

/** How many notes a file has; 0 where there is none yet, or no table in it. */
function notesIn(file: string): number {
  if (!existsSync(file)) return 0;
  const database = new DatabaseSync(file);
  try {
    const [made] = database.prepare("select count(*) as found from sqlite_schema where name = 'notes'").all();
    if (made?.found === 0) return 0;
    return Number(database.prepare('select count(*) as found from notes').all()[0]?.found);
  } finally {
    database.close();
  }
}
