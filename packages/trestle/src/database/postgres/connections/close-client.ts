import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

const TIMEOUT_MS = 1_000;

/** Ends a connection in whatever state it is, and does not wait for a server that no longer answers. */
export async function closeClient(client: pg.Client): Promise<void> {
  const ended = client.end().catch(() => {});
  await Promise.race([ended, pause(TIMEOUT_MS, undefined, { ref: false })]);
  client.connection.stream.destroy();
}
