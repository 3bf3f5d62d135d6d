import type { RunningServer } from '../../http/server/server.ts';
import { isStop, type StopSignal } from '../workers/worker-messages.ts';

/** Why a process stops, and what it owes the world for it. */
export interface StopReason {
  readonly exitCode: number;
  /** Whether a balancer has to be told first: what a supervisor asks for, not a person at a terminal. */
  readonly announced: boolean;
  readonly why: string;
  readonly error?: unknown;
}

/** Sent by `trestle dev`, whose server would keep the port: it stops when that is gone, however it ended. */
export const STOP_WITH_PARENT = 'stop with your parent';

/**
 * Waits for what ends a serving process: SIGTERM or SIGINT (exit code 0), the end of a parent that said so, or an error that
 * nothing caught (1). Call it once. A second signal ends the process at once. A worker hears SIGTERM and its primary: a terminal's
 * SIGINT reaches every process of the group, and the primary passes it on.
 */
export function untilStopped(worker: boolean): Promise<StopReason> {
  const { promise, resolve } = Promise.withResolvers<StopReason>();
  let signals = 0;
  const onSignal = (signal: StopSignal) => {
    if (++signals > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    resolve({ exitCode: 0, announced: signal === 'SIGTERM', why: signal });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', worker ? () => {} : onSignal);
  if (worker) process.on('message', (message: unknown) => isStop(message) && onSignal(message.stop));
  process.on('uncaughtException', (error) =>
    resolve({ exitCode: 1, announced: false, why: 'an error that nothing caught', error }),
  );
  if (!worker && process.channel) {
    process.once('message', (message: unknown) => {
      const reason = { exitCode: 0, announced: false, why: 'its parent has ended' };
      if (message === STOP_WITH_PARENT) process.once('disconnect', () => resolve(reason));
    });
    process.channel.unref();
  }
  return promise;
}

/** Waits for a store that is broken for good. */
export async function untilBroken(server: RunningServer): Promise<StopReason> {
  return { exitCode: 1, announced: false, why: await server.broken };
}
