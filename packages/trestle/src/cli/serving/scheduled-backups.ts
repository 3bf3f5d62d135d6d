import type { Log } from '../../http/logging/logging.ts';
import type { BackupSettings } from '../../http/server/administration.ts';
import { nextOfCron, parseCron } from '../../schema/checks/cron.ts';
import { runTrestle } from './run-trestle.ts';

const MINUTE_MS = 60_000;

/** One round of backups. */
interface BackupRound {
  readonly data: string;
  /** Names or folders, as they were given; none for all. */
  readonly apps: readonly string[];
  readonly to: string;
  /** Backups of each app that are kept. */
  readonly keep: number;
  readonly database?: string | undefined;
}

/**
 * Makes backups by `trestle backup` in a process of its own, so that no request waits for them. What fails is in the log, and the
 * next time tries again.
 */
export async function makeBackups({ data, apps, to, keep, database }: BackupRound, log: Log): Promise<void> {
  const words = ['backup', ...apps, '--data', data, '--to', to, '--keep', String(keep), '--by-server'];
  const { ok, output } = await runTrestle(words, database);
  if (ok) log.lines.info({ to }, 'backup made and verified');
  else log.lines.error({ to, why: output }, 'backup failed');
}

interface Scheduled {
  readonly data: string;
  readonly database: string | undefined;
  /** Apps as the command line names them. */
  readonly apps: ReadonlyMap<string, string>;
  /** Asked every minute: operators may change it at any time, in any process of the data folder. */
  readonly settingsOf: (app: string) => BackupSettings;
}

/** Makes the backups of apps whenever their schedules say. Returns what ends it. */
export function scheduleBackups({ data, database, apps, settingsOf }: Scheduled, log: Log): () => void {
  let since = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    const [last, now] = [since, Date.now()];
    since = now;
    for (const [app, named] of apps) {
      try {
        const { to, at, keep } = settingsOf(app);
        if (at.value === null) continue;
        // Asked here, since it takes a start 13 ms.
        const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
        if (nextOfCron(parseCron(at.value), timeZone, last) > now) continue;
        await makeBackups({ data, apps: [named], to: to.value, keep: keep.value, database }, log);
      } catch (error) {
        log.lines.error({ app, why: String(error) }, 'backup failed');
      }
    }
  };
  const wait = () => {
    // At the beginning of each minute, which is as fine as a schedule is.
    timer = setTimeout(() => void round().then(wait), MINUTE_MS - (Date.now() % MINUTE_MS)).unref();
  };
  wait();
  return () => clearTimeout(timer);
}
