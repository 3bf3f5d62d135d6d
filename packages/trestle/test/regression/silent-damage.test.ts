// `trestle check --deep`, and `backup` with it, finds damaged indexes, references to nothing and rows that do not fit.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { asAdministrator } from '../postgres-server.ts';
import { command, temporaryFolder } from '../processes.ts';
import { eachPlace, type Place } from '../stores.ts';

const ENGINE = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));
const APP = `
import { anyone, app, integerId, reference, resource, text } from ${ENGINE};
const can = { read: anyone, create: anyone };
const lists = resource({ id: integerId(), fields: { name: text({ max: 10 }) }, can });
const tasks = resource({
  id: integerId(),
  fields: { title: text({ max: 10, index: true }), list: reference('lists', { nullable: true }) },
  can,
});
export default app({ name: 'todo', resources: { lists, tasks } });
`;

/** An app with two rows, and what runs SQL on its database behind the engine's back. */
async function withRows(place: Place) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'app.ts'), APP);
  const at = ['--data', place.data, ...(place.database ? ['--database', place.database] : [])];
  assert.equal((await command(['migrate', 'apply', folder, ...at])).code, 0);
  const runSql = async (text: string) => {
    if (place.database)
      return void (await asAdministrator(place.database, `set search_path to todo; ${text}`));
    const database = new DatabaseSync(join(place.data, 'todo.db'), { enableForeignKeyConstraints: false });
    database.exec(text);
    database.close();
  };
  await runSql(
    "insert into lists (id, name) values (1, 'l'); insert into tasks (id, title, list) values (1, 't', 1)",
  );
  return { folder, runSql, check: (...more: string[]) => command(['check', folder, ...at, ...more]) };
}

eachPlace('trestle check --deep', (newPlace) => {
  test('finds rows that the declaration does not take, and references to nothing', async () => {
    const place = await newPlace();
    const { runSql, check } = await withRows(place);
    const whole = await check('--deep');
    assert.deepEqual([whole.code, /whole, and as declared/.test(whole.stdout)], [0, true]);
    await runSql("update tasks set title = 'far too long a title'");
    if (place.database) await runSql('alter table tasks drop constraint tasks_list_fkey');
    await runSql('update tasks set list = 99');
    const { code, stdout, stderr } = await check('--deep');
    assert.equal(code, 1);
    assert.match(
      stdout + stderr,
      place.database ? /tasks\.list: no row of lists .* 1 row \(id 1\)/ : /refer to rows that are not there/,
    );
    await runSql('update tasks set list = 1');
    assert.match((await check('--deep')).stdout, /tasks\.title: .*10.*, in 1 row \(id 1\)/);
    assert.equal((await check()).code, 0, 'without --deep only pages are read');
  });
});

describe('damage of a file (sqlite)', () => {
  test('an index that is not of its table is found by check --deep', async () => {
    const place = { data: temporaryFolder() };
    const { check } = await withRows(place);
    const file = join(place.data, 'todo.db');
    const database = new DatabaseSync(file, { readOnly: true });
    const query = `select rootpage from sqlite_schema where type = 'index' and sql like '%("title"%'`;
    const [index] = database.prepare(query).all();
    assert.ok(index);
    database.close();
    const content = readFileSync(file);
    const size = content.readUInt16BE(16);
    // The one entry, 't', becomes 'u': no page is broken, and queries by the index pass the row over.
    content[content.lastIndexOf('t', Number(index.rootpage) * size - 1)] = 'u'.charCodeAt(0);
    writeFileSync(file, content);
    assert.equal((await check()).code, 0);
    const { code, stderr } = await check('--deep');
    assert.equal(code, 1);
    assert.match(stderr, /damaged/);
  });

  test('backup says which rows do not fit, and keeps the copy', async () => {
    const place = { data: temporaryFolder() };
    const { folder, runSql } = await withRows(place);
    await runSql("update tasks set title = 'far too long a title'");
    const to = temporaryFolder();
    const { code, stdout } = await command(['backup', folder, '--data', place.data, '--to', to]);
    assert.equal(code, 1);
    assert.match(stdout, /tasks\.title: .* in 1 row \(id 1\)/);
    assert.equal(readdirSync(to).length, 1);
  });
});
