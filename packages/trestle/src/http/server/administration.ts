import type { RecentLines } from '../logging/recent-lines.ts';
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

/** Backups as operators make and see them. All throw `Problem`s that say what to do instead where that cannot be done here. */
export interface Backups {
  /** Where they go: a folder, or `s3://…`. */
  readonly target: string;
  /** When they are made by themselves; null where they are not. */
  readonly schedule: { readonly at: string; readonly keep: number } | null;
  /** Newest first. */
  list(app: string): Promise<BackupFile[]>;
  /** Makes one and reads it back. */
  make(app: string): Promise<BackupFile>;
  /** Reads one back and compares its rows with the declaration. Answers what was found. */
  verify(app: string, name: string): Promise<{ readonly ok: boolean; readonly detail: string }>;
  open(app: string, name: string): Promise<{ readonly path: string; readonly bytes: number }>;
}

/** The server as the operators of one of its apps see it. */
export interface ServerView {
  readonly recent: RecentLines;
  readonly history: MetricsHistory;
  readonly settings: readonly Setting[];
  readonly backups: Backups | undefined;
  /** Whether a line of the log is about the app, or about the server as a whole. */
  isOwn(line: Readonly<Record<string, unknown>>): boolean;
}
