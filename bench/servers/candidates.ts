import type { Candidate } from './candidate.ts';
import { handWritten, handWrittenOnPostgres, rawHttp } from './hand-written.ts';
import { peers } from './peers/peers.ts';
import { TRESTLE_APIS, trestle, trestleBaseline } from './trestle.ts';

/** The hand-written servers by whose figures the others are divided. */
export const REFERENCE = { sqlite: 'fastify-sqlite', postgres: 'fastify-postgres' } as const;

const WRITES = ['count', 'patch', 'create'] as const;
const STORES = ['sqlite', 'postgres'] as const;

const candidates: readonly Candidate[] = [
  rawHttp(),
  handWritten(
    { name: REFERENCE.sqlite, title: 'Fastify + node:sqlite by hand, FULL, group commit (the reference)' },
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
  handWrittenOnPostgres(REFERENCE.postgres, 'Fastify + pg by hand (the reference)'),
  ...STORES.flatMap((store) => TRESTLE_APIS.map((api) => trestle(store, api))),
  ...peers,
];

/** Names of all servers. */
export const SERVER_NAMES: readonly string[] = candidates.map(({ name }) => name);

/** Names of the servers that are measured where none is named. */
export function defaultServers(store: 'sqlite' | 'postgres'): string[] {
  const byHand = ['raw-http', REFERENCE.sqlite, 'fastify-sqlite-public', 'fastify-sqlite-alone'];
  const references = store === 'sqlite' ? byHand : [REFERENCE.postgres];
  return [...references, ...TRESTLE_APIS.map((api) => `trestle-${api}-${store}`)];
}

/**
 * The servers of some names; with a baseline's folder, each Trestle server follows the same one of that checkout. Throws
 * where a name is unknown.
 */
export function candidatesNamed(names: readonly string[], baseline: string | undefined): Candidate[] {
  return names.flatMap((name) => {
    const found = candidates.find((each) => each.name === name);
    if (!found)
      throw new Error(
        `there is no server '${name}'; there are ${candidates.map((each) => each.name).join(', ')}`,
      );
    const earlier = baseline === undefined ? undefined : trestleBaseline(baseline, name);
    return earlier ? [earlier, { ...found, baseline: earlier.name }] : [found];
  });
}
