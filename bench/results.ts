import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeGround, type Ground } from './machine.ts';

const FOLDER = join(import.meta.dirname, 'results');

/** What one suite found on one store, kept as a file. */
export interface Results<T> extends Ground {
  readonly suite: string;
  readonly store: string;
  readonly seconds: number;
  readonly runs: number;
  /** When its newest figure was taken, RFC 3339. */
  readonly at: string;
  readonly found: readonly T[];
}

type Taken = Pick<Results<unknown>, 'suite' | 'store' | 'seconds' | 'runs'>;

/** Begins a suite's results anew. */
export function forgetResults({ suite, store }: Pick<Taken, 'suite' | 'store'>): void {
  rmSync(join(FOLDER, `${suite}-${store}.json`), { force: true });
}

/** Keeps figures beside those that are there already; of the same thing (`nameOf`) the newest stay. */
export function keepResults<T>(taken: Taken, found: readonly T[], nameOf: (one: T) => string): void {
  const { suite, store, seconds, runs } = taken;
  const name = `${suite}-${store}`;
  const older = readResults<T>(name)[0]?.found ?? [];
  const renewed = new Set(found.map(nameOf));
  const all = [...older.filter((one) => !renewed.has(nameOf(one))), ...found];
  const at = new Date().toISOString();
  const results: Results<T> = { suite, store, seconds, runs, at, ...describeGround(), found: all };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(results, null, 1)}\n`);
}

/** The kept results whose file's name matches. */
export function readResults<T>(pattern: string): Results<T>[] {
  return globSync(`${pattern}.json`, { cwd: FOLDER })
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')));
}
