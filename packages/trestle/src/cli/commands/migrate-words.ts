import { isDestructive, type Migrated, type MigrationStatus } from '../../database/migrations/migrate.ts';
import { scanWords } from '../../database/migrations/values.ts';

/** A plan for people: what would be changed, what stands in the way, and how to go on. */
export function planWords(place: string, status: MigrationStatus, withSql: boolean): string {
  const { plan, obstacles } = status;
  if (status.current) return `${place}: as declared, nothing to do`;
  const lines = [
    `${place}: ${count(plan.steps.length, 'change')}`,
    ...plan.steps.map((step) => `  ${step.line}`),
  ];
  lines.push(...obstacles.map((obstacle) => `  cannot: ${obstacle}`));
  if (withSql)
    lines.push(
      '',
      ...plan.scans.map((scan) => `  ${scanWords(scan)}`),
      ...plan.sql.map((text) => `  ${text};`),
      '',
    );
  lines.push(`  ${nextStep(status)}`);
  return lines.join('\n');
}

function nextStep(status: MigrationStatus): string {
  const flag = isDestructive(status.plan) ? ' --destructive' : '';
  if (status.older)
    return `${olderWords(status)}; to take the database back: trestle migrate apply --back${flag}`;
  if (status.obstacles.length > 0) return 'not to be made while the rows are as they are';
  if (isDestructive(status.plan))
    return 'loses data (lines with !); to make it: trestle migrate apply --destructive';
  return 'made at the next start, or now: trestle migrate apply';
}

/** Describes applied migrations. */
export function appliedWords(place: string, { steps, backup }: Migrated): string {
  if (steps.length === 0) return `${place}: as declared, nothing to do`;
  const lines = [`${place}: ${count(steps.length, 'change')} made`, ...steps.map((line) => `  ${line}`)];
  if (backup) lines.push(`  the database as it was before: ${backup}`);
  return lines.join('\n');
}

/** The states of a database, oldest first. */
export function statusWords(place: string, status: MigrationStatus, checked: boolean): string {
  const behind = `${count(status.plan.steps.length, 'change')} behind the declaration, see: trestle migrate plan`;
  const state = status.current
    ? 'as declared'
    : status.older
      ? olderWords(status)
      : status.entries.length === 0
        ? 'empty'
        : behind;
  const lines = [`${place}: ${state}`];
  for (const { sequence, appliedAt, digest, steps } of status.entries)
    lines.push(
      `  ${String(sequence).padStart(3)}  ${appliedAt}  ${digest}  ${count(steps.length, 'change')}`,
    );
  if (checked) lines.push('  every page was read and is whole');
  return lines.join('\n');
}

function olderWords({ older, entries }: MigrationStatus): string {
  return `newer than this declaration, which was state ${older?.sequence} of ${entries.length}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
