import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { promisify } from 'node:util';
import type { Log } from '../../http/logging/logging.ts';
import { nextOfCron, parseCron } from '../../schema/checks/cron.ts';

/** The longest that a timer waits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** When and where a server makes backups of its databases. */
interface BackupSchedule {
  readonly data: string;
  /** Names or folders, as they were given; none for all. */
  readonly apps: readonly string[];
  readonly to: string;
  /** A cron expression, in the machine's time zone. */
  readonly at: string;
  /** Backups of each app that are kept. */
  readonly keep: number;
}

/** Runs a command of `trestle` in a process of its own. What it says is no secret. */
export async function runTrestle(
  args: readonly string[],
): Promise<{ readonly ok: boolean; readonly output: string }> {
  const main = isSea() ? [] : [...process.execArgv, join(import.meta.dirname, '../../../bin/trestle.js')];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...main, ...args], {
      timeout: 3_600_000,
    });
    return { ok: true, output: stdout.trim() };
  } catch (error) {
    const { stderr, stdout, message } = error as { stderr?: string; stdout?: string; message?: string };
    return { ok: false, output: stderr?.trim() || stdout?.trim() || String(message) };
  }
}

/**
 * Makes backups by `trestle backup` in a process of its own, so that no request waits for them. What fails is in the log, and the
 * next time tries again.
 */
export async function makeBackups({ data, apps, to, keep }: BackupSchedule, log: Log): Promise<void> {
  const { ok, output } = await runTrestle([
    'backup',
    ...apps,
    ...['--data', data, '--to', to, '--keep', String(keep)],
  ]);
  if (ok) log.lines.info({ to }, 'backup made and verified');
  else log.lines.error({ to, why: output }, 'backup failed');
}

/** Makes backups whenever a schedule says. Returns what ends it. */
export function scheduleBackups(schedule: BackupSchedule, log: Log): () => void {
  const cron = parseCron(schedule.at);
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  let timer: NodeJS.Timeout | undefined;
  const wait = () => {
    const left = nextOfCron(cron, timeZone, Date.now()) - Date.now();
    const isFar = left > MAX_TIMER_MS;
    const go = () => (isFar ? wait() : void makeBackups(schedule, log).then(wait));
    timer = setTimeout(go, isFar ? MAX_TIMER_MS : Math.max(left, 0)).unref();
  };
  wait();
  return () => clearTimeout(timer);
}
