// A database made by version 0.1.0 opens with everything in it alive: accounts, sessions, keys, a running operation.
import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, it } from 'node:test';
import pg from 'pg';
import { type Served, serveApp } from 'trestle/testing';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import { eachPlace, type Place } from '../stores.ts';

type Rows = Record<string, Record<string, string | number | boolean | null>[]>;

interface OldDatabase {
  /** The content of `signing-secret` in the data folder. */
  secret: string;
  session: string;
  key: string;
  operation: string;
  apps: Record<'messages' | 'packages', { ddl: string[]; rows: Rows }>;
}

/**
 * The databases that version 0.1.0 (commit 6f00885) left when it was killed while a download ran: for each database the
 * statements that had made the tables, and their rows.
 */
const OLD: { made: string; databases: { sqlite: OldDatabase; postgres: OldDatabase } } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'database-of-0.1.0.json'), 'utf8'),
);
const CONTENT = Buffer.alloc(1_000_000, 'x');
const PASSWORD = 'a long enough secret';

/** The rows as they would be if they had been written just now, with the source that runs now. */
function renewed(rows: Rows, source: string): Rows {
  const age = Date.now() - Date.parse(OLD.made);
  const text = JSON.stringify(rows)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, (at) =>
      new Date(Date.parse(at) + age).toISOString(),
    )
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+\/file/g, source);
  return JSON.parse(text);
}

function insertOf(table: string, columns: readonly string[], placeholder: (at: number) => string): string {
  const names = columns.map((name) => `"${name}"`).join(', ');
  return `insert into "${table}" (${names}) values (${columns.map((_, at) => placeholder(at + 1)).join(', ')})`;
}

function restoreSqlite(place: Place, source: string): void {
  for (const [name, { ddl, rows }] of Object.entries(OLD.databases.sqlite.apps)) {
    const database = new DatabaseSync(join(place.data, `${name}.db`));
    for (const statement of ddl) database.exec(statement);
    for (const [table, all] of Object.entries(renewed(rows, source)))
      for (const row of all) {
        const values = Object.values(row).map((value) =>
          typeof value === 'boolean' ? Number(value) : value,
        );
        database.prepare(insertOf(table, Object.keys(row), () => '?')).run(...values);
      }
    database.close();
  }
}

async function restorePostgres(url: string, source: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const [name, { ddl, rows }] of Object.entries(OLD.databases.postgres.apps)) {
    await client.query(`create schema "${name}"; set search_path to "${name}"`);
    for (const statement of ddl) await client.query(statement);
    for (const [table, all] of Object.entries(renewed(rows, source))) {
      for (const row of all)
        await client.query(
          insertOf(table, Object.keys(row), (at) => `$${at}`),
          Object.values(row),
        );
      for (const column of ['id', 'sequence'])
        if (ddl.some((text) => text.includes(`"${table}" ("${column}" bigint generated`)))
          await client.query(
            `select setval(pg_get_serial_sequence('"${table}"', '${column}'), max("${column}")) from "${table}"`,
          );
    }
  }
  await client.end();
}

/** A refresh token as version 0.1.0 signed it for the first generation of a session. */
function refreshTokenOf({ secret, session }: OldDatabase): string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'trestle/messages/refresh-token', 32));
  const kid = createHash('sha256').update(key).digest('base64url').slice(0, 12);
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sid: session, iss: 'messages', aud: 'messages', sub: '1', jti: `${session}.0` };
  const signed = `${part({ alg: 'HS256', typ: 'rt+jwt', kid })}.${part({ ...claims, iat: now, exp: now + 3600 })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

eachPlace('a database of version 0.1.0', (place) => {
  let data: OldDatabase;
  let source: Server;
  let ofMessages: Served;
  let ofPackages: Served;

  before(async () => {
    process.env.TRESTLE_PACKAGES_ALLOW_PRIVATE_SOURCES = '1';
    source = createServer((_request, response) => response.end(CONTENT)).listen(0, '127.0.0.1');
    await once(source, 'listening');
    const url = `http://127.0.0.1:${(source.address() as AddressInfo).port}/file`;
    const at = await place();
    data = OLD.databases[at.database === undefined ? 'sqlite' : 'postgres'];
    mkdirSync(at.data, { recursive: true });
    writeFileSync(join(at.data, 'signing-secret'), `${data.secret}\n`, { mode: 0o600 });
    if (at.database === undefined) restoreSqlite(at, url);
    else await restorePostgres(at.database, url);
    ofMessages = await serveApp(messages, at);
    ofPackages = await serveApp(packages, at);
  });

  after(async () => {
    await ofMessages?.close();
    await ofPackages?.close();
    source?.closeAllConnections();
    source?.close();
    delete process.env.TRESTLE_PACKAGES_ALLOW_PRIVATE_SOURCES;
  });

  it('keeps its rows, and goes on counting where it was', async () => {
    const { body } = await ofMessages.call('GET', '/v1/messages?sort=id');
    const { items } = body as { items: { id: number; content: string; views: number }[] };
    assert.deepEqual(
      items.map(({ id, content, views }) => ({ id, content, views })),
      [
        { id: 1, content: 'first', views: 2 },
        { id: 2, content: 'second', views: 0 },
      ],
    );
  });

  it('signs in an account with the password it had', async () => {
    const { status, body } = await ofMessages.call('POST', '/v1/sessions', {
      body: { username: 'ada', password: PASSWORD },
    });
    assert.equal(status, 200);
    const { access_token: token } = body as { access_token: string };
    const created = await ofMessages.call('POST', '/v1/messages', { token, body: { content: 'third' } });
    assert.deepEqual([created.status, (created.body as { id: number }).id], [201, 3]);
  });

  it('refreshes a session that was open', async () => {
    const refreshed = await ofMessages.call('POST', '/v1/sessions:refresh', {
      body: { refresh_token: refreshTokenOf(data) },
    });
    assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
    const { access_token: token } = refreshed.body as { access_token: string };
    const me = await ofMessages.call('GET', '/v1/me', { token });
    assert.deepEqual([me.status, (me.body as { username: string }).username], [200, 'ada']);
  });

  it('takes its keys', async () => {
    const { status, body } = await ofPackages.call('GET', '/v1/packages/1', { token: data.key });
    assert.deepEqual([status, (body as { name: string }).name], [200, 'left-pad']);
    const stranger = await ofPackages.call('GET', '/v1/packages/1', { token: `${data.key}x` });
    assert.equal(stranger.status, 401);
  });

  it('brings an operation to its end that was running when the server was killed', async () => {
    const path = `/v1/operations/${data.operation}`;
    // The stream of its events ends with the operation.
    const events = await ofPackages.call('GET', `${path}/events`, { token: data.key });
    assert.match(String(events.body), /"state":"succeeded"/);
    const { body } = await ofPackages.call('GET', path, { token: data.key });
    assert.equal((body as { attempts: number }).attempts, 2);
  });
});
