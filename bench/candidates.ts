import type { Candidate } from './candidate.ts';
import { handWritten, handWrittenOnPostgres, rawHttp } from './hand-written.ts';
import { peers } from './peers.ts';
import { trestle } from './trestle.ts';

/** Whose figures the others are divided by, on each store. */
export const LIMIT = { sqlite: 'fastify-sqlite', postgres: 'fastify-postgres' } as const;

const WRITES = ['count', 'patch', 'create'] as const;

/** Every server there is to compare. A new one is a line here. */
export const candidates: readonly Candidate[] = [
  rawHttp(),
  handWritten(
    { name: LIMIT.sqlite, title: 'Fastify + node:sqlite by hand, FULL, group commit (the limit)' },
    { GROUP: '1' },
  ),
  handWritten(
    { name: 'fastify-sqlite-public', title: 'the same, with the log and the headers of a public API' },
    { GROUP: '1', PUBLIC: '1' },
  ),
  handWritten(
    { name: 'fastify-sqlite-alone', title: 'the same, each write with its own commit', times: WRITES },
    {},
  ),
  handWritten(
    {
      name: 'fastify-sqlite-normal',
      title: 'the same, each write alone, synchronous=NORMAL',
      times: WRITES,
    },
    { SYNCHRONOUS: 'NORMAL' },
  ),
  handWrittenOnPostgres(LIMIT.postgres, 'Fastify + pg by hand (the limit)'),
  ...(['sqlite', 'postgres'] as const).flatMap((store) => [
    trestle(store, 'uniform'),
    trestle(store, 'uncounted'),
    trestle(store, 'contract'),
  ]),
  ...peers,
];

/** Those that are measured where none is named. */
export function usual(store: 'sqlite' | 'postgres'): string[] {
  const ours = candidates.filter(({ name }) => name.startsWith('trestle') && name.endsWith(`-${store}`));
  const byHand = ['raw-http', LIMIT.sqlite, 'fastify-sqlite-public', 'fastify-sqlite-alone'];
  const limits = store === 'sqlite' ? byHand : [LIMIT.postgres];
  return [...limits, ...ours.map(({ name }) => name)];
}

/** The candidate of a name. Throws with the names there are. */
export function candidate(name: string): Candidate {
  const found = candidates.find((each) => each.name === name);
  if (found) return found;
  throw new Error(
    `there is no server '${name}'; there are ${candidates.map((each) => each.name).join(', ')}`,
  );
}
