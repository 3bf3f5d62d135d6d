import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { peers } from '../servers/peers/peers.ts';
import type { Footprint } from '../suites/footprint.ts';
import type { Measurement } from '../suites/measure.ts';
import type { MixedMeasurement } from '../suites/mixed.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from '../suites/workload.ts';
import { type Results, readResults } from './results.ts';

/** Writes `bench/RESULTS.md` from the kept results. */
export function writeReport(): void {
  const timed = ['workload', 'pages'].flatMap((suite) => readResults<Measurement>(suite));
  const sections = [
    HEAD,
    ...timed.flatMap((results) => [
      workloadSection(results),
      ...baselineSection(results),
      ...peersSection(results),
    ]),
    ...readResults<Measurement>('workers').map(workloadSection),
    ...readResults<Measurement>('sizes').map(sizesSection),
    ...readResults<MixedMeasurement>('mixed').map(mixedSection),
    ...readResults<Footprint>('footprint').map(footprintSection),
  ];
  writeFileSync(join(import.meta.dirname, '../RESULTS.md'), `${sections.join('\n\n')}\n`);
}

const HEAD = `# Results

Written by \`npm run bench\` from \`bench/results.json\`. Requests a second are medians of several interleaved runs; \`×\` is
the rate divided by the hand-written server's in the same runs. "Processor" is microseconds of the server's processor time for
one request; \`×\` there is the hand-written server's cost divided by it, the figure to rely on where other programs used the
machine. A later run replaces what it measured and leaves the rest, so rates of one table may come from different runs; a ratio
always comes from one. A wide spread (±) shows that the machine was in use. \`docs/performance.md\` describes the method.

${OPERATION_NAMES.map((name) => `- **${name}**: ${OPERATIONS[name]}`).join('\n')}`;

function workloadSection(results: Results<Measurement>): string {
  const operations = OPERATION_NAMES.filter((name) =>
    results.found.some(({ operation }) => operation === name),
  );
  const lines = new Map<string, Measurement[]>();
  for (const each of results.found) lines.set(each.line, [...(lines.get(each.line) ?? []), each]);
  const rowsOf = (cell: (one: Measurement) => string) =>
    [...lines.values()].map((found) => [
      found[0]?.title ?? '',
      ...operations.map((name) => {
        const one = found.find(({ operation }) => operation === name);
        return one ? cell(one) : '–';
      }),
    ]);
  return [
    heading(results),
    table(
      ['requests a second', ...operations],
      rowsOf((one) => `${figure(one.rps)}${times(one.ratio)}`),
    ),
    table(
      ['processor, µs', ...operations],
      rowsOf((one) => `${figure(one.cost)}${times(one.costRatio)}`),
    ),
    table(
      ['p50 / p99 ms, spread', ...operations],
      rowsOf((one) => `${one.p50} / ${one.p99}, ±${Math.round(one.spread * 100)} %${failed(one)}`),
    ),
  ].join('\n\n');
}

function sizesSection(results: Results<Measurement>): string {
  const operations = OPERATION_NAMES.filter((name) =>
    results.found.some(({ operation }) => operation === name),
  );
  const bySize = results.found.toSorted((a, b) => a.rows - b.rows);
  const groups = Map.groupBy(bySize, ({ line, rows }) => `${line} ${rows}`);
  const rows = [...groups.values()].map((found) => [
    found[0]?.title ?? '',
    figure(found[0]?.rows ?? 0),
    ...operations.map((name) => {
      const one = found.find(({ operation }) => operation === name);
      return one ? `${figure(one.cost)}${times(one.costRatio)}` : '–';
    }),
  ]);
  return `${heading(results)}\n\n${table(['processor, µs', 'rows', ...operations], rows)}`;
}

function mixedSection(results: Results<MixedMeasurement>): string {
  const rows = results.found.map(({ title, alone, underWrites, writesPerSecond }) => [
    title,
    `${alone.p50} / ${alone.p99}`,
    `${underWrites.p50} / ${underWrites.p99}`,
    figure(underWrites.rps),
    figure(writesPerSecond),
  ]);
  const head = [
    'reads from 8 connections',
    'alone, p50 / p99 ms',
    'under writes, p50 / p99 ms',
    'reads/s',
    'writes/s',
  ];
  return `${heading(results)}\n\n${table(head, rows)}`;
}

function footprintSection(results: Results<Footprint>): string {
  const rows = results.found.map(({ title, startMs, fresh, idle, loaded, installed }) => [
    title,
    `${startMs} ms`,
    `${figure(fresh)} MB`,
    `${idle} MB`,
    `${loaded} MB`,
    installed ? figure(installed.packages) : '–',
    installed ? `${installed.megabytes} MB` : '–',
  ]);
  const head = [
    '',
    'start',
    'memory then',
    'all asked once',
    'after a load',
    'packages installed',
    'their size',
  ];
  return `${heading(results)}\n\n${table(head, rows)}`;
}

function failed({ failures }: Measurement): string {
  return failures > 0 ? `, ${failures} failed` : '';
}

/** Rates of this version divided by the baseline's, and the baseline's cost divided by this version's. */
function baselineSection(results: Results<Measurement>): string[] {
  const compared = results.found.filter(({ againstBaseline }) => againstBaseline !== undefined);
  if (compared.length === 0) return [];
  const rows = compared.map(({ title, operation, againstBaseline }) => [
    `${title}: ${operation}`,
    againstBaseline?.ratio.toFixed(2) ?? '–',
    againstBaseline?.costRatio.toFixed(2) ?? '–',
  ]);
  const head = heading({ ...results, suite: `this version against the baseline: ${results.suite}` });
  return [`${head}\n\n${table(['', 'rate', 'processor'], rows)}`];
}

const COMPARED = OPERATION_NAMES.filter((name) => name !== 'checked' && name !== 'sign-in');
const PEERS_TEXT = `Trestle's uniform API answers so many times as many requests a second as each of these. Directus runs with
\`synchronous = full\`, its default, the others with \`normal\`, which loses the last commits when power fails. Feathers and
Payload count all rows for every list by default; Directus records more with a write. Directus and Payload are warmed up
longer, and have no atomic counter.`;
const OURS = 'trestle-uniform-sqlite';

/** Trestle's rate divided by each peer's, both relative to the hand-written server in their own run. */
function peersSection(results: Results<Measurement>): string[] {
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
  return [`${head}\n\n${PEERS_TEXT}\n\n${table(['Trestle is', ...operations], rows)}`];
}

/** A section's heading, with the machine and the versions. */
function heading({ suite, store, at, machine, versions, runs, seconds }: Results<unknown>): string {
  return `## ${suite}, ${store}\n\n${at.slice(0, 10)}; ${machine}; ${versions}; ${runs} runs of ${seconds} s.`;
}

/** A Markdown table: names aligned left, figures right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** ` (×0.80)`, or nothing without a ratio. */
function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : ` (×${ratio.toFixed(ratio < 0.1 ? 3 : 2)})`;
}

/** `12,345`, and `0.42` below ten. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');
}
