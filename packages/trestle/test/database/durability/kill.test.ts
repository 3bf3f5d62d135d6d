import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { serveSystem } from '../../processes.ts';

const ROUNDS = Number(process.env.TRESTLE_TEST_KILLS ?? 12);
const WRITERS = 8;

/** Contents of messages that were acknowledged to a client, and of those that were sent at all. */
interface Journal {
  acknowledged: Map<number, string>;
  asked: Set<string>;
  /** Emits `acknowledged`. */
  events: EventEmitter;
}

it(`loses no acknowledged write in ${ROUNDS} kills`, async () => {
  const data = mkdtempSync(join(tmpdir(), 'trestle-kill-'));
  const journal: Journal = { acknowledged: new Map(), asked: new Set(), events: new EventEmitter() };
  try {
    let token: string | undefined;
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await serveSystem('messages', ['--data', data]);
      token ??= await signUp(server.url);
      const writers = Array.from({ length: WRITERS }, (_, at) =>
        writeUntilGone(server.url, token ?? '', `${round}.${at}`, journal),
      );
      // Killed after some writes, while others are under way.
      for (let count = 1 + Math.random() * 40; count > 0; count -= 1)
        await once(journal.events, 'acknowledged');
      await server.kill();
      await Promise.all(writers);
    }
    checkJournal(join(data, 'messages.db'), journal);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

async function signUp(url: string): Promise<string> {
  const post = (path: string) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'ann', password: 'pw' }),
    });
  await post('/api/auth/register/');
  const tokens = await (await post('/api/auth/token/')).json();
  return (tokens as { access: string }).access;
}

async function writeUntilGone(url: string, token: string, name: string, journal: Journal): Promise<void> {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
  for (let at = 0; ; at += 1) {
    const content = `${name}.${at}`;
    journal.asked.add(content);
    try {
      const body = JSON.stringify({ content });
      const response = await fetch(`${url}/api/messages`, { method: 'POST', headers, body });
      assert.equal(response.status, 201);
      const { id } = (await response.json()) as { id: number };
      journal.acknowledged.set(id, content);
      journal.events.emit('acknowledged');
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

function checkJournal(file: string, { acknowledged, asked }: Journal): void {
  const database = new DatabaseSync(file);
  const rows = database.prepare('select id, content from messages').all();
  const kept = new Map(rows.map(({ id, content }) => [Number(id), String(content)]));
  const lost = [...acknowledged].filter(([id, content]) => kept.get(id) !== content);
  const integrity = database.prepare('pragma integrity_check').all()[0]?.integrity_check;
  database.close();
  console.log(
    JSON.stringify({
      test: 'kill',
      rounds: ROUNDS,
      acknowledged: acknowledged.size,
      kept: kept.size,
      lost: lost.length,
    }),
  );
  assert.ok(acknowledged.size >= ROUNDS);
  assert.deepEqual(lost, []);
  assert.equal(integrity, 'ok');
  assert.equal(new Set(kept.values()).size, kept.size, 'no write was applied twice');
  for (const content of kept.values()) assert.ok(asked.has(content));
}
