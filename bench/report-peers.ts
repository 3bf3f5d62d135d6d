import type { Measurement } from './measurement.ts';
import { figure } from './numbers.ts';
import { peers } from './peers.ts';
import { heading, table } from './report-tables.ts';
import type { Results } from './results.ts';
import { OPERATION_NAMES, type Operation } from './workload.ts';

const COMPARED = OPERATION_NAMES.filter((name) => name !== 'checked' && name !== 'sign-in');
const TEXT = `Trestle's uniform API answers so many times as many requests a second as each of these. Directus runs with
\`synchronous = full\` as it ships, the others with \`normal\`, which loses the last moments when power fails. Feathers, Payload
and Strapi count all rows for every list, as they do by themselves; Directus and Strapi record more of a write. Directus, Payload
and Strapi are warmed up longer, and have no atomic counter.`;
const OURS = 'trestle-uniform-sqlite';

/** How many times the peers' rates Trestle has, each taken as a part of the hand-written server's in its own run. */
export function peersSection(results: Results<Measurement>): string[] {
  const ratioOf = (line: string, operation: Operation) =>
    results.found.find((one) => one.line === line && one.operation === operation)?.ratio;
  const operations = COMPARED.filter((operation) => ratioOf(OURS, operation) !== undefined);
  const rows = peers
    .filter(({ name }) => results.found.some(({ line }) => line === name))
    .map(({ name, title }) => [
      title,
      ...operations.map((operation) => {
        const [ours, theirs] = [ratioOf(OURS, operation), ratioOf(name, operation)];
        return ours && theirs ? `${figure(ours / theirs)} times` : '–';
      }),
    ]);
  if (rows.length === 0) return [];
  const head = heading({ ...results, suite: `Trestle against the peers: ${results.suite}` });
  return [`${head}\n\n${TEXT}\n\n${table(['Trestle is', ...operations], rows)}`];
}
