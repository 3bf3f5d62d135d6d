// A start before PostgreSQL waits for it and says so; where nobody answers, the host and the remedy are named. Limits are options.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { openPostgres } from '../../src/database/postgres/open-postgres.ts';
import { createDatabase, dropDatabase } from '../postgres-server.ts';
import { appFolder, NOTES, run, temporaryFolder } from '../processes.ts';
import { postgresUrl } from '../stores.ts';

describe('a start before PostgreSQL', () => {
  test('waits for it, and goes on once it answers', async () => {
    const url = new URL(await createDatabase(await postgresUrl()));
    const target = Number(url.port);
    const proxy = createServer((client) => {
      const server = connect(target, '127.0.0.1');
      client.pipe(server).pipe(client);
      for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    });
    // A port that was free a moment ago: nobody answers there.
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    proxy.close();
    await once(proxy, 'close');
    const said: string[] = [];
    const late = Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(port) }).href;
    const store = await openPostgres(late, {
      schema: 'late',
      startTimeout: 60_000,
      waiting(words) {
        said.push(words);
        proxy.listen(port, '127.0.0.1');
      },
    });
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? '',
      /^waiting for PostgreSQL at .*127\.0\.0\.1:\d+.*, at most 60 s \(.*ECONNREFUSED/,
    );
    assert.equal(store.health().ready, true);
    await store.close();
    proxy.close();
    await dropDatabase(url.href);
  });

  test('serve says that it waits, names host and remedy where nobody answers, and takes the time as an option', async () => {
    const words = ['serve', '--port', '0', appFolder(NOTES), '--data', temporaryFolder()];
    const { code, stderr } = await run([...words, '--database', 'postgres://a:secret@127.0.0.1:1/b'], {
      env: { TRESTLE_START_TIMEOUT: '5' },
    });
    assert.equal(code, 1);
    const [first = '', second = ''] = stderr.split('\n');
    assert.match(first, /^trestle: waiting for PostgreSQL at \S*127\.0\.0\.1:1\S*, at most 5 s/);
    assert.match(
      second,
      /^trestle: PostgreSQL at .*127\.0\.0\.1:1.* did not answer within 5 s: .*--database/,
    );
    assert.doesNotMatch(stderr, /unexpected|secret/);
  });

  test('limits that are none are refused by name', async () => {
    for (const option of [
      'operations',
      'connections',
      'connection-wait',
      'statement-timeout',
      'start-timeout',
    ]) {
      const { code, stderr } = await run(['serve', appFolder(NOTES), `--${option}`, 'x']);
      assert.equal(code, 1, option);
      assert.match(stderr, new RegExp(`--${option} .*Expected a number`));
    }
  });
});
