import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anonymous } from 'trestle/contract';
import messages from '../../../../../apps/messages/app.ts';
import { openEngine } from '../../../src/engine.ts';
import { serveSystem } from '../../processes.ts';
import { eachPlace } from '../../stores.ts';

const CLIENTS = 64;
const READS = Number(process.env.TRESTLE_TEST_READS ?? 500);

eachPlace('counted reads', (place) => {
  for (const processes of [1, 3])
    it(`counts ${READS} reads by ${CLIENTS} clients of ${processes} process(es) exactly`, async () => {
      const { data, database } = await place();
      const id = await makeMessage(data, database);
      const options = [
        '--data',
        data,
        ...(database ? ['--database', database] : []),
        ...(processes > 1 ? ['--shared'] : []),
      ];
      const servers = await Promise.all(
        Array.from({ length: processes }, () => serveSystem('messages', options)),
      );
      try {
        const seen = await readBy(servers.map(({ url }) => `${url}/api/messages/${id}`));
        assert.equal(seen.length, READS);
        assert.equal(new Set(seen).size, READS, 'every answer shows its own count');
        assert.equal(Math.max(...seen), READS);
      } finally {
        const ended = await Promise.all(servers.map((server) => server.stop()));
        for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
      }
    });
});

async function makeMessage(data: string, database: string | undefined): Promise<number> {
  const engine = await openEngine(messages, { data, database });
  const account = await engine.accounts.signUp(
    { caller: anonymous, origin: { address: '127.0.0.1' } },
    { username: 'ann', password: 'pw' },
  );
  const caller = { kind: 'account', account: account.id, session: 's' } as const;
  const { id } = await engine.services.messages.create({ caller }, { content: 'counted' });
  await engine.close();
  return id;
}

/** The counts that the clients were shown, whatever the order. */
async function readBy(urls: readonly string[]): Promise<number[]> {
  const seen: number[] = [];
  let left = READS;
  const client = async (at: number) => {
    while (left > 0) {
      left -= 1;
      const response = await fetch(urls[at % urls.length] ?? '');
      assert.equal(response.status, 200);
      seen.push(((await response.json()) as { views: number }).views);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)));
  return seen;
}
