import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Footprint } from './footprint.ts';
import type { Measurement } from './measurement.ts';
import type { MixedMeasurement } from './mixed.ts';
import { figure } from './numbers.ts';
import { peersSection } from './report-peers.ts';
import { heading, table, times } from './report-tables.ts';
import { type Results, readResults } from './results.ts';
import { OPERATION_NAMES, OPERATIONS } from './workload.ts';

/** Makes `bench/RESULTS.md` of all the results that are kept. */
export function writeReport(): void {
  const sections = [
    HEAD,
    ...readResults<Measurement>('{workload,pages}-*').flatMap((results) => [
      workloadSection(results),
      ...peersSection(results),
    ]),
    ...readResults<Measurement>('workers-*').map(workloadSection),
    ...readResults<Measurement>('sizes-*').map(sizesSection),
    ...readResults<MixedMeasurement>('mixed-*').map(mixedSection),
    ...readResults<Footprint>('footprint-*').map(footprintSection),
  ];
  writeFileSync(join(import.meta.dirname, 'RESULTS.md'), `${sections.join('\n\n')}\n`);
}

const HEAD = `# Results

Made by \`npm run bench\` of what is kept in \`bench/results/\`. Requests a second, medians of several interleaved runs; \`×\` is
the part of the hand-written server's rate in the same runs. "Processor" is microseconds of the server's processor time for
one request, and \`×\` there the hand-written server's cost divided by it: the figure to trust where others used the machine.
A later run replaces what it measured and leaves the rest, so rates of one table may be of different runs; a ratio is always of
one. A wide spread (±) says that others used the machine. \`docs/performance.md\` says how it was measured and what it means.

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
