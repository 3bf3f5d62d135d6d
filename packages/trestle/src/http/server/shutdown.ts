import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import type { ServerLifecycle } from './admission.ts';

export interface StopOptions {
  /** Milliseconds to go on serving while `/readyz` already says no, so that a balancer sends no more (default: 0). */
  readinessDelay?: number;
  /** Milliseconds that requests in flight may take to end (default: 5,000). */
  drain?: number;
}

/** For requests that were sent on idle connections just before the listener closed. */
const IDLE_GRACE = 200;

/**
 * Stops a server without losing a request: not ready at once; serve on for the readiness delay; take no more connections;
 * let what is in flight end; then close what is left. Node's own `close()` cuts idle connections at once, and with them
 * requests that are already on their way; this waits a moment for those.
 */
export async function stopServer(
  server: Server,
  lifecycle: ServerLifecycle,
  options: StopOptions = {},
): Promise<void> {
  const { readinessDelay = 0, drain = 5_000 } = options;
  lifecycle.stopping = true;
  if (!server.listening) return;
  if (readinessDelay > 0) await sleep(readinessDelay);
  const closed = once(server, 'close');
  // Right after the loop took in new connections: those that wait in the kernel when a listener closes are reset.
  await nextTick();
  lifecycle.beginClosing();
  NetServer.prototype.close.call(server);
  lifecycle.endStreams();
  await Promise.race([closed, sleep(IDLE_GRACE)]);
  await Promise.race([untilQuiet(lifecycle), closed, sleep(drain, undefined, { ref: false })]);
  server.closeAllConnections();
  await closed;
}

/**
 * Resolves when no request is in flight, nor waits in the kernel: timers go before sockets, so that after a long turn of the event
 * loop, such as a slow commit, requests are there that were not read yet.
 */
async function untilQuiet(lifecycle: ServerLifecycle): Promise<void> {
  do {
    await lifecycle.idle();
    // The second one comes after sockets were read.
    await nextTick();
    await nextTick();
  } while (lifecycle.inFlight > 0);
}
