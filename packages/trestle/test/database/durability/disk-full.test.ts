import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { anonymous, Problem } from 'trestle/contract';
import messages from '../../../../../apps/messages/app.ts';
import { openEngine } from '../../../src/engine.ts';

const ROUNDS = 5;

/** A small file system of its own, or why there can be none. */
function smallDisk(): { folder: string } | { why: string } {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', folder], { stdio: 'pipe' });
    return { folder };
  } catch (error) {
    rmSync(folder, { recursive: true });
    return {
      why: `no small file system can be mounted here: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    };
  }
}

it('refuses writes with 507 while the disk is full, reads on, and writes again when there is room', async (test) => {
  const disk = smallDisk();
  if ('why' in disk) return test.skip(disk.why);
  const filler = join(disk.folder, 'filler');
  const engine = await openEngine(messages, { data: disk.folder });
  try {
    const { id } = await engine.accounts.signUp(
      { caller: anonymous, origin: { address: '127.0.0.1' } },
      { username: 'ann', password: 'pw' },
    );
    const caller = { kind: 'account', account: id, session: 's' } as const;
    const acknowledged = new Set<number>();
    const write = async () =>
      acknowledged.add((await engine.services.messages.create({ caller }, { content: 'x'.repeat(160) })).id);
    for (let round = 0; round < ROUNDS; round += 1) {
      await write();
      fill(filler);
      const refusals = await writeUntilRefused(write);
      assert.deepEqual(refusals, ['storage_full'], 'writes are refused as storage_full');
      assert.equal(
        (await engine.services.messages.list({ caller: anonymous }, { limit: 1 })).items.length,
        1,
      );
      rmSync(filler);
      await write();
    }
    const kept = new Set(
      (await Array.fromAsync(engine.services.messages.stream({ caller: anonymous })))
        .flat()
        .map((row) => row.id),
    );
    assert.deepEqual(
      [...acknowledged].filter((written) => !kept.has(written)),
      [],
    );
    assert.equal(engine.store.health().ready, true);
  } finally {
    await engine.close();
    execFileSync('umount', [disk.folder]);
    rmSync(disk.folder, { recursive: true });
  }
});

function fill(file: string): void {
  for (let size = 12 * 1024; size > 0; size -= 64) {
    try {
      writeFileSync(file, Buffer.alloc(size * 1024));
      return;
    } catch {
      // Too much for what is left: a little less.
    }
  }
}

/** The codes of the refusals that end it: one is enough. */
async function writeUntilRefused(write: () => Promise<unknown>): Promise<string[]> {
  for (let at = 0; at < 50_000; at += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: 32 }, write));
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (reasons.length > 0)
      return [
        ...new Set(reasons.map((reason) => (reason instanceof Problem ? reason.code : String(reason)))),
      ];
  }
  return ['never refused'];
}
