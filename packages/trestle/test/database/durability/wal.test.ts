import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { sql } from '../../../src/database/sql.ts';
import { openSqlite } from '../../../src/database/sqlite/open-sqlite.ts';
import { param, statement } from '../../../src/database/statement.ts';

/** 20,000 single updates made 82 MB of WAL where `RETURNING` was read with `.get()`, which keeps SQLite from checkpointing. */
const MAX_WAL_BYTES = 16 * 1024 * 1024;

it('keeps the WAL small under writes that return rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-wal-'));
  const file = join(folder, 'wal.db');
  const store = openSqlite(file, { synchronous: 'normal' });
  try {
    const run = (text: string) => store.write((tx) => tx.all(statement(store.dialect, sql.raw(text)), []));
    await run('create table counts (id integer primary key, views integer not null, pad text not null)');
    await run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
        insert into counts select i, 0, '${'x'.repeat(500)}' from n`,
    );
    const count = statement(
      store.dialect,
      sql`update counts set views = views + 1 where id = ${param('id')} returning id, views`,
    );
    for (let round = 0; round < 300; round += 1)
      await Promise.all(
        Array.from({ length: 32 }, (_, at) =>
          store.write((tx) => tx.all(count, [1 + ((round * 32 + at) % 2000)])),
        ),
      );
    assert.ok(
      statSync(`${file}-wal`).size < MAX_WAL_BYTES,
      `the WAL has ${statSync(`${file}-wal`).size} bytes`,
    );
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
