import type { Results } from './results.ts';

/** A section's title, with what its figures were taken on. */
export function heading({ suite, store, at, machine, versions, runs, seconds }: Results<unknown>): string {
  return `## ${suite}, ${store}\n\n${at.slice(0, 10)}; ${machine}; ${versions}; ${runs} runs of ${seconds} s.`;
}

/** A table in Markdown: names to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** ` (×0.80)`, and nothing where there is nothing to compare with. */
export function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : ` (×${ratio.toFixed(ratio < 0.1 ? 3 : 2)})`;
}
