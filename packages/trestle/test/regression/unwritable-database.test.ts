// /readyz is 503 from a write that the disk or the server did not take until a small one succeeds, and 200 by itself then.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { anyone, app, integerId, resource, text } from '../../src/index.ts';
import { type RunningApp, startApps } from '../harness.ts';
import { asAdministrator, createDatabase, dropDatabase } from '../postgres-server.ts';
import { postgresUrl } from '../stores.ts';
import { until } from '../until.ts';

const can = { read: anyone, create: anyone };
const notes = resource({ id: integerId(), fields: { content: text({ max: 100_000 }) }, can });
const declaration = app({ name: 'notes', resources: { notes } });

const write = async (server: RunningApp, content = 'x') =>
  (await server.call('POST /v1/notes', { body: { content } })).status;
const readiness = async (server: RunningApp) => (await server.call('GET /readyz')).status;

/** A small file system of its own; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

describe('readiness of a database that takes no writes', () => {
  test('a full disk (sqlite)', async (context) => {
    const data = smallDisk();
    if (data === undefined) return context.skip('no small file system can be mounted here');
    try {
      await using server = await startApps(declaration, { data });
      assert.equal(await write(server), 201);
      const filler = openSync(join(data, 'filler'), 'w');
      const fill = (bytes: number) => {
        try {
          while (writeSync(filler, Buffer.alloc(bytes)) === bytes);
        } catch {
          // Full.
        }
      };
      fill(65_536);
      fill(512);
      closeSync(filler);
      const statuses = new Set<number>();
      for (let at = 0; at < 200 && !statuses.has(507); at += 1)
        statuses.add(await write(server, 'x'.repeat(90_000)));
      assert.ok(statuses.has(507));
      assert.equal(await readiness(server), 503);
      assert.equal((await server.call('GET /v1/notes?limit=1')).status, 200, 'reads go on');
      rmSync(join(data, 'filler'));
      await until(async () => (await readiness(server)) === 200);
      assert.equal(await write(server), 201);
    } finally {
      execFileSync('umount', [data]);
      rmSync(data, { recursive: true, force: true });
    }
  });

  test('damaged pages (sqlite)', async () => {
    const data = mkdtempSync(join(tmpdir(), 'trestle-damaged-'));
    after(() => rmSync(data, { recursive: true, force: true }));
    {
      await using server = await startApps(declaration, { data });
      assert.equal(await write(server), 201);
    }
    const file = join(data, 'notes.db');
    const whole = readFileSync(file);
    await using server = await startApps(declaration, { data });
    const spoiled = Buffer.from(whole);
    const database = new DatabaseSync(file);
    // A commit of somebody else empties the server's cache of pages.
    database.exec('pragma user_version = 7');
    const [page] = database.prepare("select rootpage from sqlite_schema where name = 'notes'").all();
    database.close();
    const size = spoiled.readUInt16BE(16);
    spoiled.fill(0xff, (Number(page?.rootpage) - 1) * size, Number(page?.rootpage) * size);
    writeInto(file, spoiled);
    assert.equal(await write(server), 500);
    assert.equal(await readiness(server), 503);
    assert.equal(await readiness(server), 503, 'also the second time');
    writeInto(file, whole);
    await until(async () => (await readiness(server)) === 200);
    assert.equal(await write(server), 201);
  });

  test('a database that is read-only (postgres)', async () => {
    const cluster = await postgresUrl();
    const database = await createDatabase(cluster);
    after(() => dropDatabase(database));
    await using server = await startApps(declaration, { database });
    assert.equal(await write(server), 201);
    const name = new URL(database).pathname.slice(1);
    const set = (value: 'on' | 'off') =>
      asAdministrator(
        cluster,
        `alter database "${name}" set default_transaction_read_only to ${value};
         select pg_terminate_backend(pid) from pg_stat_activity
           where datname = '${name}'`,
      );
    await set('on');
    // The connections that were cut make a moment of 503 by themselves.
    await until(async () => (await server.call('GET /v1/notes')).status === 200);
    await until(async () => (await readiness(server)) === 200);
    assert.equal(await write(server), 503);
    assert.equal(await readiness(server), 503);
    assert.equal((await server.call('GET /v1/notes')).status, 200, 'reads go on');
    await set('off');
    await until(async () => (await readiness(server)) === 200);
    assert.equal(await write(server), 201);
  });
});

/** Over what is there: the file stays the same one. */
function writeInto(file: string, content: Buffer): void {
  writeFileSync(file, content, { flag: 'r+' });
}
