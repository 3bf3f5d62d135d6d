import { readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { writeJsonFile } from '../../database/leftovers.ts';
import type { BackupSettings, BackupSettingsChange } from '../../http/server/administration.ts';
import { messageOf, Problem } from '../../problems.ts';
import { parseCron } from '../../schema/checks/cron.ts';
import { openS3 } from './s3-bucket.ts';

/** Says that operators of the app have set a value. */
const BY_OPERATORS = 'operators';
/** The folder of the data folder that backups go to where nothing else is said. */
const DEFAULT_FOLDER = 'backups';

/** Settings that a server was started with, and where each value comes from. */
export interface BackupDefaults {
  readonly data: string;
  readonly to: { readonly value: string | undefined; readonly source: string };
  readonly at: { readonly value: string; readonly source: string };
  readonly keep: { readonly value: number; readonly source: string };
}

/** Settings of operators, as they are kept. */
interface Kept {
  readonly to?: string;
  /** A cron expression, or `never`. */
  readonly at?: string;
  readonly keep?: number;
}

/** How backups of an app are made: as its operators have set in the data folder, else as the server was started. */
export function readBackupSettings(app: string, defaults: BackupDefaults): BackupSettings {
  const { to, at, keep } = readKept(app, defaults);
  const own = <T>(value: T) => ({ value, source: BY_OPERATORS });
  const folder = { value: join(defaults.data, DEFAULT_FOLDER), source: 'default' };
  const target = defaults.to.value === undefined ? folder : { ...defaults.to, value: defaults.to.value };
  const scheduled = defaults.to.value === undefined ? { value: null, source: 'default' } : defaults.at;
  return {
    to: to === undefined ? target : own(to),
    at: at === undefined ? scheduled : own(at === 'never' ? null : at),
    keep: keep === undefined ? defaults.keep : own(keep),
  };
}

/**
 * Changes what operators have set; null is what the server was started with again. Throws `invalid` for what is no schedule, and for
 * a folder that is neither in the data folder nor where the server was told to keep backups: others are for whoever runs the machine.
 */
export function changeBackupSettings(
  app: string,
  defaults: BackupDefaults,
  change: BackupSettingsChange,
): BackupSettings {
  const { at, to } = change;
  if (typeof at === 'string' && at !== 'never') requireValid('/at', () => parseCron(at));
  if (typeof to === 'string') requireAllowedTarget(to, defaults);
  const merged = Object.entries({ ...readKept(app, defaults), ...change });
  const kept = Object.fromEntries(merged.filter(([, value]) => value !== null && value !== undefined));
  writeJsonFile(fileOf(app, defaults), kept);
  return readBackupSettings(app, defaults);
}

function requireAllowedTarget(to: string, { data, to: { value: own } }: BackupDefaults): void {
  if (to.startsWith('s3://')) {
    requireValid('/to', () => openS3(to));
    return;
  }
  const roots = [join(data, DEFAULT_FOLDER), ...(own === undefined || own.startsWith('s3://') ? [] : [own])];
  const path = `${resolve(to)}${sep}`;
  if (roots.some((root) => path.startsWith(`${resolve(root)}${sep}`))) return;
  requireValid('/to', () => {
    throw new Error(`expected s3://BUCKET/PREFIX, or a folder in ${roots.join(' or ')}`);
  });
}

/** Throws what is wrong with a value as `invalid`. */
function requireValid(pointer: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    const message = messageOf(error);
    throw new Problem('invalid', { detail: message, errors: [{ pointer, code: 'format', message }] });
  }
}

function fileOf(app: string, { data }: BackupDefaults): string {
  return join(data, `${app}.backups.json`);
}

function readKept(app: string, defaults: BackupDefaults): Kept {
  try {
    return JSON.parse(readFileSync(fileOf(app, defaults), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
