import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { command, type Ended, run, temporaryFolder } from '../../processes.ts';

const ENGINE = JSON.stringify(join(import.meta.dirname, '../../../src/index.ts'));

/** A folder with one app in it, whose resources can be declared anew, and the command run there. */
function workshop() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'apps/notes'), { recursive: true });
  return {
    folder,
    declare(fields: string): void {
      writeFileSync(
        join(folder, 'apps/notes/app.ts'),
        `import { app, resource, text, integer, integerId } from ${ENGINE};
         const notes = resource({ id: integerId(), fields: { ${fields} } });
         export default app({ name: 'notes', resources: { notes } });`,
      );
    },
    migrate: (...words: string[]): Promise<Ended> => command(['migrate', ...words], { cwd: folder }),
    serve: (...words: string[]): Promise<Ended> => run(['serve', '--port', '0', ...words], { cwd: folder }),
  };
}

test('plan shows, apply makes, status tells; nothing is made for being looked at', async () => {
  const { folder, declare, migrate } = workshop();
  declare('title: text()');
  const first = await migrate('plan');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^notes \(data\/notes\.db\): \d+ changes\n/);
  assert.match(first.stdout, /\n {2}\+ create table notes \(id, title, _version\)\n/);
  assert.ok(!existsSync(join(folder, 'data')));
  assert.match((await migrate('apply')).stdout, /changes made\n/);
  declare("title: text(), state: text({ default: 'new', index: true })");
  const { stdout } = await migrate('plan', '--sql');
  assert.equal(
    stdout,
    `notes (data/notes.db): 2 changes
  + add notes.state (text, not null, default "new")
  + create index on notes (state, id)

  alter table "notes" add column "state" text not null default 'new';
  create index "notes_state_id_idx" on "notes" ("state", "id");

  made at the next start, or now: trestle migrate apply
`,
  );
  await migrate('apply');
  const status = await migrate('status', '--check');
  assert.match(
    status.stdout,
    /^notes \(data\/notes\.db\): as declared\n {4}1 {2}\S+Z {2}[0-9a-f]{16} {2}\d+ changes\n {4}2 {2}\S+Z {2}[0-9a-f]{16} {2}2 changes\n {2}every page was read and is whole\n$/,
  );
});

test('what loses data needs its flag, and an SQLite file is copied first', async () => {
  const { folder, declare, migrate, serve } = workshop();
  declare('title: text(), old: integer({ nullable: true })');
  await migrate('apply');
  declare('title: text()');
  for (const ended of [await migrate('apply'), await serve()]) {
    assert.equal(ended.code, 4);
    assert.match(
      ended.stderr,
      /trestle migrate apply --destructive\n {2}! drop notes\.old \(integer\): its values are lost\n$/,
    );
  }
  const { code, stdout } = await migrate('apply', '--destructive');
  assert.equal(code, 0);
  const backup = /the database as it was before: (.+)\n/.exec(stdout)?.[1];
  assert.ok(backup, stdout);
  assert.equal(dirname(backup), join(folder, 'data'));
  const columns = new DatabaseSync(backup, { readOnly: true }).prepare('pragma table_info(notes)').all();
  assert.deepEqual(
    columns.map((column) => column.name),
    ['id', 'title', 'old', '_version'],
  );
});

test('a declaration that is older than the database is refused with exit code 3', async () => {
  const { declare, migrate, serve } = workshop();
  declare('title: text()');
  await migrate('apply');
  declare('title: text(), more: text({ nullable: true })');
  await migrate('apply');
  declare('title: text()');
  for (const ended of [await serve(), await migrate('apply', '--destructive')]) {
    assert.equal(ended.code, 3);
    assert.match(
      ended.stderr,
      /^trestle: The database is newer than this declaration: it is in state 2 since /,
    );
  }
  assert.equal((await migrate('plan')).code, 3);
  assert.equal((await migrate('apply', '--destructive', '--back')).code, 0);
});

test('with --no-migrate a server does not start on a database that is behind, and shows the plan', async () => {
  const { declare, migrate, serve } = workshop();
  declare('title: text()');
  await migrate('apply');
  declare('title: text(), more: text({ nullable: true })');
  const { code, stderr } = await serve('--no-migrate');
  assert.equal(code, 4);
  assert.match(stderr, /migrating at start is off.*\n {2}\+ add notes\.more \(text, nullable\)\n$/);
});
