import type { AttributedAct } from '../../accounts/operators/audit.ts';
import type { RecentLines } from '../logging/logging.ts';
import type { SharedLines } from '../logging/shared-lines.ts';
import type { MetricsHistory } from '../metrics/metrics-history.ts';

/** A setting in effect. */
export interface Setting {
  readonly name: string;
  /** Secrets are masked. */
  readonly value: unknown;
  /** A variable, an option of the command line, the configuration file, the app, or the default. */
  readonly source: string;
}

export interface BackupFile {
  readonly name: string;
  readonly at: string;
  /** Null where the backups are not in a folder. */
  readonly bytes: number | null;
}

/** A value in effect, and where it comes from: `operators`, who set it here, else as `Setting.source`. */
interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

/** How backups of an app are made. */
export interface BackupSettings {
  /** A folder, or `s3://...`. */
  readonly to: Sourced<string>;
  /** A cron expression in the machine's time zone; null where none is made by itself. */
  readonly at: Sourced<string | null>;
  /** Backups that are kept, the newest. */
  readonly keep: Sourced<number>;
}

/** A change by operators: null for what the server was started with, `at: 'never'` for none. */
export interface BackupSettingsChange {
  readonly to?: string | null;
  readonly at?: string | null;
  readonly keep?: number | null;
}

/** The last restore of an app by this server. */
export interface RestoreView {
  readonly backup: string;
  readonly state: 'restoring' | 'restored' | 'failed';
  readonly started_at: string;
  readonly finished_at: string | null;
  /** The backup of what was there before; null where none was made. */
  readonly before: string | null;
  /** Output of it, such as why it failed. */
  readonly detail: string | null;
}

/** Backups as operators make and see them. All throw `Problem`s that say what to do instead where that cannot be done here. */
export interface Backups {
  settings(app: string): BackupSettings;
  /** Throws `invalid`. */
  change(app: string, change: BackupSettingsChange): BackupSettings;
  /** Newest first. */
  list(app: string): Promise<BackupFile[]>;
  /** Makes one and reads it back. */
  make(app: string): Promise<BackupFile>;
  /** Reads one back and compares its rows with the declaration. Answers what was found. */
  verify(app: string, name: string): Promise<{ readonly ok: boolean; readonly detail: string }>;
  open(app: string, name: string): Promise<{ readonly path: string; readonly bytes: number }>;
  /**
   * Reads one back, then lets the server stop serving, back up what there is, put the backup in its place, and serve again.
   * Throws `conflict` for one that is not whole. `by`: who asked, for the audit of the restored rows.
   */
  restore(app: string, name: string, by: AttributedAct): Promise<RestoreView>;
  /** Null where there was none. */
  lastRestore(app: string): RestoreView | null;
}

/** The server as the operators of one of its apps see it. */
export interface ServerView {
  readonly recent: RecentLines;
  /** Lines of other processes; undefined where they cannot be asked. */
  readonly lines: SharedLines | undefined;
  readonly history: MetricsHistory;
  readonly settings: readonly Setting[];
  readonly backups: Backups | undefined;
  /** Whether a line of the log is about the app, or about the server as a whole. */
  isOwn(line: Readonly<Record<string, unknown>>): boolean;
}
