import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PAGE, type Requests } from '../../suites/workload.ts';

/** The account of the products. */
export const CREDENTIALS = { email: 'reader@example.com', password: 'a password of the benchmark' } as const;

/** Seconds of warm-up: after 20 seconds of single reads these were a third faster than in the first 6. */
export const WARM_UP = 8;

/** A folder within a product's own that is made once, by `make`, and copied for every start. */
export async function preparedOnce(
  home: string,
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(home, name);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}-unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  await make(unfinished);
  renameSync(unfinished, folder);
  return folder;
}

/** Puts the files of `bench/servers/peers` beside the packages they use. */
export function placeApp(name: string, home: string): void {
  cpSync(join(import.meta.dirname, name), home, { recursive: true });
}

/** Paths of a product's reads; those after `list` are appended to it. */
interface Reads {
  readonly one: string;
  readonly list: string;
  readonly filtered: string;
  readonly equal: string;
  readonly thousandth: string;
}

/** The requests that differ in nothing but their paths. */
export function readRequests(
  reads: Reads,
  headers: Readonly<Record<string, string>>,
  rows: number,
): Requests {
  const get = (path: string) => ({ method: 'GET', path }) as const;
  return {
    read: get(reads.one),
    checked: { ...get(reads.one), headers },
    list: get(reads.list),
    filtered: get(reads.list + reads.filtered),
    equal: get(reads.list + reads.equal),
    'page-1': get(reads.list),
    ...(rows > 1000 * PAGE && { 'page-1000': get(reads.list + reads.thousandth) }),
  };
}

/** Posts JSON and returns the JSON of the answer. Throws where it is not a success. */
export async function post(url: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Reads a member of an answer, or the answer itself where it has none of that name. */
export function within(name: string): (answer: unknown) => unknown {
  return (answer) => {
    const members = new Map(typeof answer === 'object' && answer ? Object.entries(answer) : []);
    return members.get(name) ?? answer;
  };
}
