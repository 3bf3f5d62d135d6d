import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine, type MachineDescription } from './machine.ts';

const FILE = join(import.meta.dirname, '../results.json');

/** The last figures of one suite on one database. */
export interface Results<T> extends MachineDescription {
  readonly suite: string;
  readonly store: string;
  readonly seconds: number;
  readonly runs: number;
  /** Time of its newest figure, RFC 3339. */
  readonly at: string;
  readonly found: readonly T[];
}

type RunOptions = Pick<Results<unknown>, 'suite' | 'store' | 'seconds' | 'runs'>;

/** Removes a suite's results. */
export function forgetResults({ suite, store }: Pick<RunOptions, 'suite' | 'store'>): void {
  writeAll(readAll().filter((each) => each.suite !== suite || each.store !== store));
}

/** Adds figures to a suite's results; figures of the same thing (`nameOf`) are replaced. */
export function keepResults<T>(options: RunOptions, found: readonly T[], nameOf: (one: T) => string): void {
  const { suite, store, seconds, runs } = options;
  const older = readResults<T>(suite).find((each) => each.store === store)?.found ?? [];
  const renewed = new Set(found.map(nameOf));
  const all = [...older.filter((one) => !renewed.has(nameOf(one))), ...found];
  const results = {
    ...{ suite, store, seconds, runs },
    ...{ at: new Date().toISOString(), ...describeMachine(), found: all },
  };
  forgetResults(options);
  writeAll([...readAll(), results]);
}

/** The kept results of a suite, one for each database. */
export function readResults<T>(suite: string): Results<T>[] {
  return readAll<T>().filter((each) => each.suite === suite);
}

function readAll<T>(): Results<T>[] {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Writes one line for each measurement, so that a change can be read in a diff. */
function writeAll(all: readonly Results<unknown>[]): void {
  const sorted = all.toSorted((a, b) => `${a.suite} ${a.store}`.localeCompare(`${b.suite} ${b.store}`));
  const text = sorted.map(({ found, ...head }) => {
    const measurements = found.map((one) => JSON.stringify(one)).join(',\n');
    return `${JSON.stringify(head).slice(0, -1)},"found":[\n${measurements}\n]}`;
  });
  writeFileSync(FILE, `[\n${text.join(',\n')}\n]\n`);
}
