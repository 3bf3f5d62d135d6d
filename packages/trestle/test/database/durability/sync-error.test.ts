import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { it } from 'node:test';
import { serveSystem } from '../../processes.ts';

/** strace makes the n-th sync of a file fail, and every one after it. */
const failingFrom = (n: number) => [
  'strace',
  '-f',
  '-qq',
  '-o',
  '/dev/null',
  '-e',
  'trace=fsync,fdatasync',
  '-e',
  `inject=fsync,fdatasync:error=EIO:when=${n}+`,
];

it('acknowledges nothing that could not be synced, and ends with an error', async (test) => {
  if (!hasStrace()) return test.skip('strace is not installed here; .ci/run installs it');
  const data = mkdtempSync(join(tmpdir(), 'trestle-sync-'));
  try {
    const token = await signUp(data);
    for (const n of [8, 12, 20]) {
      const server = await serveSystem('messages', ['--data', data], failingFrom(n));
      const { acknowledged, refused } = await writeUntilRefused(server.url, token);
      assert.ok([503, 0].includes(refused), `refused with ${refused}`);
      assert.notEqual((await server.ended).code, 0);
      assert.deepEqual(missing(join(data, 'messages.db'), acknowledged), []);
    }
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

function hasStrace(): boolean {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function signUp(data: string): Promise<string> {
  const server = await serveSystem('messages', ['--data', data]);
  const credentials = new URLSearchParams({ username: 'ann', password: 'pw' });
  await (await fetch(`${server.url}/api/auth/register`, { method: 'POST', body: credentials })).text();
  const tokens = await fetch(`${server.url}/api/auth/token`, { method: 'POST', body: credentials });
  const { access } = (await tokens.json()) as { access: string };
  await server.stop();
  return access;
}

/** Ids that were acknowledged, and the status of the first refusal: 0 where the connection was cut. */
async function writeUntilRefused(url: string, token: string) {
  const acknowledged: number[] = [];
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  for (let at = 0; at < 200; at += 1) {
    const body = JSON.stringify({ content: `synced ${at}` });
    const reply = await fetch(`${url}/api/messages`, { method: 'POST', headers, body }).catch(
      () => undefined,
    );
    if (reply?.status !== 201) {
      await reply?.text();
      return { acknowledged, refused: reply?.status ?? 0 };
    }
    acknowledged.push(((await reply.json()) as { id: number }).id);
  }
  return { acknowledged, refused: 201 };
}

function missing(file: string, ids: readonly number[]): number[] {
  const database = new DatabaseSync(file);
  const kept = new Set(
    database
      .prepare('select id from messages')
      .all()
      .map((row) => Number(row.id)),
  );
  database.close();
  return ids.filter((id) => !kept.has(id));
}
