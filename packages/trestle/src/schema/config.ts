/**
 * Settings of the command line, by the names of its options (`docs/configuration.md`). The command line and the environment go
 * before them. Times are seconds.
 */
export interface Config {
  /** The port; 0: any free one (default: 4000). */
  port?: number;
  /** The address to listen on (default: 127.0.0.1). */
  host?: string;
  /** The folder of databases, secrets and artifacts (default: ./data). */
  data?: string;
  /** A postgres:// URL (default: SQLite in the data folder). */
  database?: string;
  /** Processes that serve together, each on a core of its own (default: 1). */
  workers?: number;
  /** The part of this process: of serve, work and schedule (default: all). */
  roles?: readonly ('serve' | 'work' | 'schedule')[];
  /** Other processes serve the same data (default: false). */
  shared?: boolean;
  /** False: refuse to start where the database is not as declared (default: true). */
  migrate?: boolean;
  /** Serve /metrics without credentials there (default: none). */
  metricsPort?: number;
  /** Addresses or networks whose X-Forwarded-... fields are believed (default: none). */
  trustedProxies?: readonly string[];
  /** The path of this server behind a proxy, such as /api (default: none). */
  basePath?: string;
  /** Origins that browsers may call from, such as https://app.example (default: any). */
  origins?: readonly string[];
  /** Close connections that are idle for so long: longer than a proxy's own, such as 65 (default: 5). */
  keepAlive?: number;
  /** Answer 503 while the event loop runs this late; 0: never (default: 0). */
  shedAbove?: number;
  /** Serve on for this long after SIGTERM, no longer ready (default: 3). */
  readinessDelay?: number;
  /** Finish requests for this long when stopping (default: 5). */
  drain?: number;
  /** Operations and jobs that this process runs at once (default: 8). */
  operations?: number;
  /** Connections to PostgreSQL of each app and process (default: 10). */
  connections?: number;
  /** Wait so long for a free connection before 503 (default: 2). */
  connectionWait?: number;
  /** Maximum time of a statement of PostgreSQL; 0: no limit (default: 5). */
  statementTimeout?: number;
  /** Wait so long for PostgreSQL at start (default: 30). */
  startTimeout?: number;
  /** Make backups there: a folder, or s3://BUCKET/PREFIX (default: none). */
  backupTo?: string;
  /** When backups are made, in the machine's time zone (default: every night at three). */
  backupAt?: string;
  /** Backups of each app that are kept (default: 14). */
  backupKeep?: number;
  /** Write the log there (default: standard error). */
  log?: string;
  /** Mail server, smtps://user:password@host (default: mails are files in the data folder). */
  smtp?: string;
  /** The sender of mails (default: the app's own). */
  mailFrom?: string;
  /** Where people reach this server: links in mails begin with it (default: http://HOST:PORT). */
  publicUrl?: string;
}

/**
 * The settings of `trestle.config.ts`, which the command line reads in the folder that it runs in.
 *
 * @example
 * export default defineConfig({ port: 8080, data: '/srv/trestle', backupTo: '/mnt/backups' });
 */
export function defineConfig(config: Config): Config {
  return config;
}
