/**
 * Settings of the command line, by the names of its options (`docs/configuration.md`). The command line and the environment go
 * before them. Times are seconds.
 */
export interface Config {
  port?: number;
  host?: string;
  data?: string;
  database?: string;
  workers?: number;
  roles?: readonly ('serve' | 'work' | 'schedule')[];
  shared?: boolean;
  /** False refuses to start where the database is not as declared (default: true). */
  migrate?: boolean;
  metricsPort?: number;
  trustedProxies?: readonly string[];
  basePath?: string;
  origins?: readonly string[];
  keepAlive?: number;
  shedAbove?: number;
  readinessDelay?: number;
  drain?: number;
  operations?: number;
  connections?: number;
  connectionWait?: number;
  statementTimeout?: number;
  startTimeout?: number;
  backupTo?: string;
  backupAt?: string;
  backupKeep?: number;
  log?: string;
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
