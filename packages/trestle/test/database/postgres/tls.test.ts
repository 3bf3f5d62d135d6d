import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openPostgres } from '../../../src/database/postgres/open-postgres.ts';
import { StartError } from '../../../src/start-error.ts';
import { type PostgresServer, startPostgres } from '../../postgres-server.ts';
import { postgresUrl } from '../../stores.ts';
import { selfSigned } from './certificate.ts';

const TLS_IN_USE = { name: '', sql: 'select ssl from pg_stat_ssl where pid = pg_backend_pid()', slots: [] };

/** Whether a store at this URL speaks TLS. */
async function speaksTls(url: string): Promise<unknown> {
  const store = await openPostgres(url, { schema: 'app' });
  try {
    const [row] = await store.all(TLS_IN_USE, []);
    return row?.ssl;
  } finally {
    await store.close();
  }
}

describe('sslmode', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-tls-'));
  const file = (name: string) => join(folder, name);
  let server: PostgresServer;

  before(async () => {
    const { certificate, key } = selfSigned('localhost');
    writeFileSync(file('right.pem'), certificate);
    writeFileSync(file('wrong.pem'), selfSigned('localhost').certificate);
    const files = { 'server.crt': certificate, 'server.key': key };
    server = await startPostgres({ ssl: 'on' }, files);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** The server's URL by a host name that its certificate has, or has not. */
  const url = (query: string, host = 'localhost') => `${server.url.replace('127.0.0.1', host)}?${query}`;

  test('of a server with TLS: everything but disable uses it, without checking unless asked', async () => {
    assert.equal(await speaksTls(url('')), true);
    assert.equal(await speaksTls(url('sslmode=prefer')), true);
    assert.equal(await speaksTls(url('sslmode=require')), true);
    assert.equal(await speaksTls(url('sslmode=require', '127.0.0.1')), true);
    assert.equal(await speaksTls(url('sslmode=disable')), false);
  });

  test('verify-ca wants the authority, verify-full the name too', async () => {
    const [right, wrong] = [`sslrootcert=${file('right.pem')}`, `sslrootcert=${file('wrong.pem')}`];
    assert.equal(await speaksTls(url(`sslmode=verify-full&${right}`)), true);
    assert.equal(await speaksTls(url(`sslmode=verify-ca&${right}`, '127.0.0.1')), true);
    assert.equal(await speaksTls(url(`sslmode=require&${right}`, '127.0.0.1')), true);
    const refused: [string, string][] = [
      [`sslmode=verify-full&${right}`, '127.0.0.1'],
      [`sslmode=verify-full&${wrong}`, 'localhost'],
      [`sslmode=verify-ca&${wrong}`, 'localhost'],
      [`sslmode=require&${wrong}`, 'localhost'],
      ['sslmode=verify-full', 'localhost'],
    ];
    for (const [query, host] of refused) await assert.rejects(speaksTls(url(query, host)), StartError, query);
  });

  test('of a server without TLS: prefer goes on without, require does not', async () => {
    const plain = await postgresUrl();
    assert.equal(await speaksTls(plain), false);
    assert.equal(await speaksTls(`${plain}?sslmode=prefer`), false);
    await assert.rejects(speaksTls(`${plain}?sslmode=require`), /has no TLS/);
    await assert.rejects(speaksTls(`${plain}?sslmode=verify-full`), /has no TLS/);
  });

  const wrong: [string, RegExp][] = [
    ['sslmode=yes', /sslmode=yes is not known; it is one of disable, /],
    ['sslmode=verify-ca', /sslmode=verify-ca needs sslrootcert=FILE/],
    ['sslmode=require&sslrootcert=system', /sslrootcert=system needs sslmode=verify-full/],
    ['sslmode=verify-full&sslrootcert=/nowhere.pem', /sslrootcert=\/nowhere\.pem cannot be read/],
  ];
  for (const [query, message] of wrong)
    test(`${query} is refused at start`, async () => {
      await assert.rejects(speaksTls(url(query)), message);
    });
});

describe('a database URL', () => {
  test('that is none, and a password that is wrong, are told without the password', async () => {
    await assert.rejects(speaksTls('mysql://a:secret@b/c'), (error: StartError) => {
      assert.match(error.message, /expected a database URL such as postgres:/);
      return !error.message.includes('secret');
    });
    const wrong = Object.assign(new URL(await postgresUrl()), { password: 'secret' }).href;
    await assert.rejects(speaksTls(wrong), (error: StartError) => {
      assert.match(error.message, /refuses the user or the password/);
      return !error.message.includes('secret');
    });
  });

  test('of a database that is not there says so', async () => {
    const nowhere = Object.assign(new URL(await postgresUrl()), { pathname: '/nowhere' }).href;
    await assert.rejects(speaksTls(nowhere), /has no such database; create it first/);
  });

  test('of which nobody answers names the host and the remedy', async () => {
    await assert.rejects(speaksTls('postgres://a:b@127.0.0.1:1/c'), (error) => {
      assert.ok(error instanceof StartError);
      assert.match(
        error.message,
        /at postgres:\/\/127\.0\.0\.1:1\/c did not answer within 0 s: .*--database, DATABASE_URL/,
      );
      return true;
    });
  });
});
