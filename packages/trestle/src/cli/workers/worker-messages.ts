import type { RestoreRequest } from '../serving/served-backups.ts';
import type { Welcome } from '../serving/welcome.ts';

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** A worker tells its primary that it serves, and what a terminal is to show of it: of the first, secrets that it made up. */
export interface Up {
  readonly up: Pick<Welcome, 'url' | 'apps' | 'roles' | 'secret' | 'setup'>;
}

/** The primary tells its workers to finish what they have begun. */
interface Stop {
  readonly stop: StopSignal;
}

export function isUp(message: unknown): message is Up {
  return typeof message === 'object' && message !== null && 'up' in message;
}

export function isStop(message: unknown): message is Stop {
  return (
    typeof message === 'object' &&
    message !== null &&
    'stop' in message &&
    (message.stop === 'SIGTERM' || message.stop === 'SIGINT')
  );
}

/** A worker asks its primary to stop all workers, restore a backup, and start them again. */
interface Restore {
  readonly restore: RestoreRequest;
}

export function isRestore(message: unknown): message is Restore {
  return typeof message === 'object' && message !== null && 'restore' in message;
}
