import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '../../src/database/sqlite/open-sqlite.ts';
import { BY_ADMINISTRATOR, FROM_HERE, newAccount, openDemo } from './opened.ts';

test('no password, token or key that was given or handed out is in the database, its log or the events', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-scan-'));
  const store = openSqlite(join(folder, 'demo.db'));
  try {
    const demo = await openDemo(store, { administratorSecret: 'the-administrators-secret-of-these-tests' });
    const { tokens, caller } = await newAccount(demo, 'annabel', 'a password to look for');
    const rotated = await demo.accounts.refresh(FROM_HERE, String(tokens.refresh));
    const made = await demo.keys.create({ caller }, { name: 'laptop' });
    const rolled = await demo.keys.roll({ caller }, made.id);
    const service = await demo.keys.create(BY_ADMINISTRATOR, {});
    await demo.accounts.changePassword(
      { caller },
      {
        current: 'a password to look for',
        next: 'another to look for',
      },
    );
    await demo.accounts
      .signIn(FROM_HERE, { username: 'annabel', password: 'wrong to look for' })
      .catch(() => {});
    await demo.authenticate.key(rolled.key, 'write');
    demo.authenticate.used(rolled.id, {
      at: new Date().toISOString(),
      method: 'GET',
      route: '/v1/notes',
      status: 200,
      source: '192.0.2.1',
    });
    await demo.close();
    const found = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
    const everything = `${found.join('\n')}${JSON.stringify(demo.events)}`;
    assert.ok(everything.includes('annabel'), 'the scan reads what is stored');
    const keys = [made.key, rolled.key, service.key];
    const jwts = [tokens.access, String(tokens.refresh), rotated.access, String(rotated.refresh)];
    const secrets = [
      'to look for',
      'the-administrators-secret-of-these-tests',
      ...keys.flatMap((key) => [key, key.slice(-49, -6)]),
      ...jwts.flatMap((jwt) => jwt.split('.').slice(1)),
    ];
    for (const secret of secrets) assert.ok(!everything.includes(secret), secret.slice(0, 8));
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
