import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_SCHEMA } from '../../../src/database/migrations/history.ts';
import { MigrationRefused, NewerDatabase } from '../../../src/database/migrations/refusals.ts';
import type { Store } from '../../../src/database/store.ts';
import type { Table } from '../../../src/database/table.ts';
import { integerId, type Resources, reference, resource, text, uuidId } from '../../../src/index.ts';
import { runSql } from '../../run-sql.ts';
import { eachStore } from '../../stores.ts';
import { changed, first, grown } from './declarations.ts';
import { insert, rowsOf } from './rows.ts';
import { migrateTo, tablesFor } from './states.ts';
import { structureOf } from './structure.ts';

const id = integerId();
const notes = { notes: resource({ id, fields: { title: text({ nullable: true }), code: text() } }) };

function tableOf(resources: Resources, name: string): Table {
  const found = tablesFor(resources).find((one) => one.name === name);
  assert.ok(found);
  return found;
}

/** A database of `notes` with two rows that are alike but for their title. */
async function withNotes(store: Store): Promise<void> {
  await migrateTo(store, notes);
  await insert(store, tableOf(notes, 'notes'), [
    { title: null, code: 'x', _version: 1 },
    { title: 'b', code: 'x', _version: 1 },
  ]);
}

/** Migrating fails with this message, asked for with every flag there is, and changes nothing. */
async function refused(store: Store, resources: Resources, message: RegExp): Promise<void> {
  const before = await structureOf(store);
  await assert.rejects(migrateTo(store, resources, { apply: 'destructive' }), (error) => {
    assert.ok(error instanceof MigrationRefused);
    assert.match(error.message, message);
    return true;
  });
  assert.deepEqual(await structureOf(store), before);
}

eachStore('migrations that are refused', (open) => {
  test('additive changes where migrating at start is off, with the plan shown', async () => {
    const store = await open();
    await migrateTo(store, first);
    await assert.rejects(migrateTo(store, grown, { apply: 'none' }), (error) => {
      assert.ok(error instanceof MigrationRefused);
      assert.equal(error.exitCode, 4);
      assert.match(error.message, /run: trestle migrate apply/);
      assert.match(error.message, /\n {2}\+ add notes\.state \(text, not null, default "draft"\)\n/);
      return true;
    });
    assert.ok(!(await structureOf(store)).columns.some((column) => column.startsWith('notes.state')));
  });

  test('destructive changes that were not asked for, with what they would lose', async () => {
    const store = await open();
    await migrateTo(store, first);
    await assert.rejects(migrateTo(store, { tags: first.tags }), (error) => {
      assert.ok(error instanceof MigrationRefused);
      assert.match(error.message, /trestle migrate apply --destructive/);
      assert.match(error.message, /\n {2}! drop table notes: its rows are lost$/);
      return true;
    });
  });

  test('a database that a later declaration was deployed on, with exit code 3', async () => {
    const store = await open();
    await migrateTo(store, first);
    await migrateTo(store, grown);
    await assert.rejects(migrateTo(store, first, { apply: 'destructive' }), (error) => {
      assert.ok(error instanceof NewerDatabase);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /it is in state 2 since .*Z, and this declaration was its state 1\./);
      return true;
    });
  });

  test('but one that is taken back on purpose goes there, and forward again', async () => {
    const store = await open();
    await migrateTo(store, first);
    await migrateTo(store, grown);
    await migrateTo(store, first, { apply: 'destructive', back: true });
    assert.ok(!(await structureOf(store)).columns.some((column) => column.startsWith('comments.')));
    const { steps } = await migrateTo(store, grown);
    assert.ok(steps.includes('+ create table comments (id, note, words, _version)'));
  });

  test('a database of a newer engine, with exit code 3', async () => {
    const store = await open();
    await migrateTo(store, first);
    await runSql(store, `update _trestle_schema set engine = ${ENGINE_SCHEMA + 1}`);
    await assert.rejects(migrateTo(store, first), (error) => {
      assert.ok(error instanceof NewerDatabase);
      assert.match(error.message, /written by a newer Trestle/);
      return true;
    });
  });

  test('a database that holds a table of somebody else', async () => {
    const store = await open();
    await runSql(store, 'create table notes (id integer primary key)');
    await assert.rejects(migrateTo(store, first), /a table 'notes' that Trestle did not make/);
  });

  test('a database that was changed by hand', async () => {
    const store = await open();
    await migrateTo(store, first);
    await runSql(store, 'alter table notes drop column body');
    await assert.rejects(
      migrateTo(store, grown),
      /the column notes\.body is written down in _trestle_schema/,
    );
  });

  test('a required column without a default while there are rows', async () => {
    const store = await open();
    await withNotes(store);
    const next = { notes: resource({ id, fields: { ...notes.notes.fields, price: text() } }) };
    await refused(store, next, /notes\.price must have a value, and has none in 2 rows: declare a default/);
  });

  test('the same column where the table is empty is made', async () => {
    const store = await open();
    await migrateTo(store, notes);
    const next = { notes: resource({ id, fields: { ...notes.notes.fields, price: text() } }) };
    const { steps } = await migrateTo(store, next);
    assert.deepEqual(steps, ['+ add notes.price (text, not null)']);
  });

  test('not null over rows that are null', async () => {
    const store = await open();
    await withNotes(store);
    const next = { notes: resource({ id, fields: { title: text(), code: text() } }) };
    await refused(
      store,
      next,
      /notes\.title must have a value, and has none in 1 row \(id 1\): fill it first/,
    );
  });

  test('unique over values that are there twice', async () => {
    const store = await open();
    await withNotes(store);
    const next = {
      notes: resource({ id, fields: { title: text({ nullable: true }), code: text({ unique: true }) } }),
    };
    await refused(
      store,
      next,
      /notes \(code\) is to be unique, and 1 value is there more than once \(ids 1, 2\)/,
    );
  });

  test('a reference over values that refer to nothing', async () => {
    const store = await open();
    const before = {
      notes: resource({ id: uuidId(), fields: { parent: text() } }),
      others: resource({ fields: { a: text() } }),
    };
    const plain = { ...before, notes: resource({ fields: { parent: reference('others') } }) };
    await migrateTo(store, plain);
    const other = '0197a6a0-0000-7000-8000-000000000001';
    await insert(store, tableOf(plain, 'others'), [{ id: other, a: '', _version: 1 }]);
    await insert(store, tableOf(plain, 'notes'), [
      { id: '0197a6a0-0000-7000-8000-000000000002', parent: other, _version: 1 },
    ]);
    const next = { ...before, notes: resource({ fields: { parent: reference('notes') } }) };
    await refused(
      store,
      next,
      /notes\.parent holds what is no id of notes in 1 row \(id 0197a6a0-0000-7000-8000-000000000002\)/,
    );
  });

  test('text that is no number', async () => {
    const store = await open();
    await withNotes(store);
    const next = {
      notes: resource({ id, fields: { title: text({ nullable: true }), code: reference('notes') } }),
    };
    await refused(store, next, /notes\.code holds what is no integer in 2 rows \(ids 1, 2\)/);
  });

  test('an id of another kind', async () => {
    const store = await open();
    await withNotes(store);
    await refused(
      store,
      { notes: resource({ fields: notes.notes.fields }) },
      /the integer id cannot become a uuid id/,
    );
  });

  test('what fails in the middle undoes what came before it', async () => {
    const store = await open();
    await withNotes(store);
    const next = {
      notes: resource({ id, fields: { ...notes.notes.fields, mark: text({ default: '-', unique: true }) } }),
    };
    const before = await structureOf(store);
    await assert.rejects(migrateTo(store, next), /The migration failed and nothing was changed/);
    assert.deepEqual(await structureOf(store), before);
    assert.equal((await rowsOf(store, tableOf(notes, 'notes'))).length, 2);
  });

  test('two versions at once: the second waits, then finds the database as it wants it', async () => {
    const name = 'shared';
    const [one, two] = [await open(name), await open(name)];
    const results = await Promise.all([migrateTo(one, changed), migrateTo(two, changed)]);
    assert.deepEqual(results.map(({ steps }) => steps.length > 0).sort(), [false, true]);
  });
});
