import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import type { PostgresStore } from '../../../src/database/postgres/postgres-store.ts';
import { OnPostgres } from './on-postgres.ts';

/** Records the messages of a channel, and waits for a number of them. */
class Ear {
  readonly heard: (string | null)[] = [];
  readonly #words = new EventEmitter();
  readonly deaf: () => void;

  private constructor(store: PostgresStore, channel: string) {
    this.deaf = store.listen(channel, (payload) => {
      this.heard.push(payload);
      this.#words.emit('word');
    });
  }

  static async open(store: PostgresStore, channel: string): Promise<Ear> {
    const ear = new Ear(store, channel);
    assert.deepEqual(await ear.words(1), [null]);
    ear.heard.length = 0;
    return ear;
  }

  async words(count: number): Promise<(string | null)[]> {
    while (this.heard.length < count) await once(this.#words, 'word', { signal: AbortSignal.timeout(3_000) });
    return this.heard;
  }
}

describe('notifications of PostgreSQL', () => {
  const ground = new OnPostgres();
  const say = (store: PostgresStore, channel: string, word: string) =>
    store.write((tx) => store.notify(tx, channel, word));

  test('reach every process after the commit, and none where there is none', async () => {
    const [here, there] = [await ground.open(), await ground.open()];
    const ears = [await Ear.open(here, 'work'), await Ear.open(there, 'work')];
    await assert.rejects(
      here.write(async (tx) => {
        await here.notify(tx, 'work', 'undone');
        throw new Error('undo');
      }),
      /undo/,
    );
    await say(here, 'work', 'one');
    await say(there, 'work', 'two');
    for (const ear of ears) assert.deepEqual(await ear.words(2), ['one', 'two']);
  });

  test('stay in their schema and their channel', async () => {
    const [store, other] = [await ground.open(), await ground.open({ schema: 'other' })];
    const ear = await Ear.open(store, 'a');
    await say(other, 'a', 'of another app');
    await say(store, 'b', 'of another channel');
    await say(store, 'a', 'mine');
    assert.deepEqual(await ear.words(1), ['mine']);
  });

  test('are no longer heard by who stopped listening', async () => {
    const store = await ground.open();
    const [ear, other] = [await Ear.open(store, 'c'), await Ear.open(store, 'c')];
    ear.deaf();
    await say(store, 'c', 'one');
    assert.deepEqual(await other.words(1), ['one']);
    assert.deepEqual(ear.heard, []);
  });

  test('say that some may have been missed when the connection was lost, then go on', async () => {
    const store = await ground.open({ application: 'trestle lost' });
    const ear = await Ear.open(store, 'd');
    await say(store, 'd', 'one');
    await ear.words(1);
    await ground.run(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'trestle lost'`,
    );
    assert.deepEqual(await ear.words(2), ['one', null]);
    await say(store, 'd', 'two');
    assert.deepEqual(await ear.words(3), ['one', null, 'two']);
  });

  test('of a listener that throws harm no other', async () => {
    const store = await ground.open();
    store.listen('e', () => {
      throw new Error('a bad listener');
    });
    const ear = await Ear.open(store, 'e');
    await say(store, 'e', 'one');
    assert.deepEqual(await ear.words(1), ['one']);
  });
});
