import assert from 'node:assert/strict';
import { it } from 'node:test';
import { appFolder, NOTES, serve } from '../../processes.ts';
import { eachPlace } from '../../stores.ts';

const ROUNDS = 3;
const KEYS = 30;

eachPlace('creates with an Idempotency-Key, across kills', (place) => {
  it('makes one row for each key, and answers it', async () => {
    const { data, database } = await place();
    const folder = appFolder(NOTES);
    const open = () => serve([folder, '--data', data, ...(database ? ['--database', database] : [])]);
    const answers = new Map<string, unknown>();
    for (let round = 0; round <= ROUNDS; round += 1) {
      const server = await open();
      // Those of earlier rounds once more, whether they were answered or cut off; the last server is not killed.
      const rounds = Math.min(round + 1, ROUNDS);
      const keys = Array.from({ length: rounds * KEYS }, (_, at) => `${Math.floor(at / KEYS)}.${at % KEYS}`);
      let done = 0;
      await Promise.all(
        keys.map(async (key) => {
          const answer = await create(server.url, key);
          if (answer === undefined) return;
          assert.deepEqual(answers.get(key) ?? answer, answer, key);
          answers.set(key, answer);
          done += 1;
          if (round < ROUNDS && done === round * KEYS + 10) server.child.kill('SIGKILL');
        }),
      );
      if (round < ROUNDS) {
        await server.kill();
        continue;
      }
      assert.equal(answers.size, ROUNDS * KEYS);
      const list = await fetch(`${server.url}/v1/notes?limit=200`);
      const { items } = (await list.json()) as { items: { id: number; content: string }[] };
      assert.deepEqual(new Map(items.map((row) => [row.content, row])), answers);
      assert.equal(items.length, ROUNDS * KEYS);
      await server.stop();
    }
  });
});

/** The row of a key; undefined where the server went away. */
async function create(url: string, key: string): Promise<unknown> {
  try {
    const response = await fetch(`${url}/v1/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ content: key }),
    });
    assert.equal(response.status, 201, key);
    return await response.json();
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return undefined;
  }
}
