import type { Command } from 'commander';
import { type RuleLine, ruleMatrix } from '../rows/declaration/rule-matrix.ts';
import { findApps } from './find-apps.ts';

/** `trestle rules [APP...]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'apps by folder or name (default: all)')
    .option('--json', 'print JSON')
    .action(async (names: string[], { json = false }: { json?: boolean }) => {
      const lines = (await findApps(names)).flatMap(ruleMatrix);
      process.stdout.write(json ? `${JSON.stringify(lines, null, 2)}\n` : tables(lines));
    });
}

/** One table for each resource: `all` rows, `some` by the rule, `-` for none. */
function tables(lines: readonly RuleLine[]): string {
  return [...Map.groupBy(lines, ({ app, resource }) => `${app}.${resource}`)]
    .map(([title, group]) => {
      const callers = Object.keys(group[0]?.callers ?? {});
      const cells = [
        [title, ...callers, 'rule'],
        ...group.map(({ action, rule, callers: of }) => [
          action,
          ...callers.map((caller) => (of[caller] === 'none' ? '-' : String(of[caller]))),
          rule,
        ]),
      ];
      const widths = cells[0]?.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0))) ?? [];
      return cells
        .map((row) =>
          row
            .map((cell, at) => cell.padEnd(widths[at] ?? 0))
            .join('  ')
            .trimEnd(),
        )
        .join('\n');
    })
    .join('\n\n')
    .concat('\n');
}
