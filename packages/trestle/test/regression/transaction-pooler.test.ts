// Behind a pooler that gives each transaction another session, no app starts: none ever sees or writes another's rows.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { openEngine } from '../../src/engine.ts';
import { app, resource, text } from '../../src/index.ts';
import { StartError } from '../../src/start-error.ts';
import { asAdministrator, createDatabase, dropDatabase } from '../postgres-server.ts';
import { postgresUrl } from '../stores.ts';
import { TransactionPooler } from '../transaction-pooler.ts';

describe('a pooler in transaction mode', () => {
  const undo: (() => unknown)[] = [];
  after(async () => {
    for (const step of undo.reverse()) await step();
  });

  async function behindPooler(size: number): Promise<{ direct: string; pooled: string }> {
    const direct = await createDatabase(await postgresUrl());
    const { pooler, url } = await TransactionPooler.open(direct, size);
    undo.push(
      () => dropDatabase(direct),
      () => pooler.close(),
    );
    return { direct, pooled: url };
  }

  for (const size of [1, 2, 3, 8])
    test(`with ${size} connections: two apps that start together are both refused, with the remedy`, async () => {
      const { direct, pooled } = await behindPooler(size);
      const data = mkdtempSync(join(tmpdir(), 'trestle-pooler-'));
      undo.push(() => rmSync(data, { recursive: true, force: true }));
      const starts = ['one', 'two'].map((name) =>
        openEngine(app({ name, resources: { notes: resource({ fields: { title: text() } }) } }), {
          data,
          database: pooled,
        }),
      );
      for (const start of await Promise.allSettled(starts)) {
        assert.equal(start.status, 'rejected');
        assert.ok(start.reason instanceof StartError, String(start.reason));
        assert.match(start.reason.message, /pool_mode = session.*direct address/);
      }
      const tables = "select 1 from information_schema.tables where table_schema in ('one', 'two', 'public')";
      assert.deepEqual(await asAdministrator(direct, tables), []);
    });

  test('alone with a pooler whose connections nobody else uses, a single app is refused too', async () => {
    const { pooled } = await behindPooler(4);
    await assert.rejects(openPostgres(pooled, { schema: 'alone' }), /transaction or statement pooling/);
  });
});
