import { messageOf, Problem } from '../../problems.ts';
import { StartError } from '../../start-error.ts';
import type { Dialect } from '../dialect.ts';
import { dropSearchIndexes } from '../search/search-index.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor, Store } from '../store.ts';
import type { Table } from '../table.ts';
import { rows } from './checks.ts';
import { schemaWords } from './describe.ts';
import { createHistory, recordState } from './history.ts';
import { type Declared, type Inspection, inspect, refuseOlder } from './inspect.ts';
import type { Plan } from './plan.ts';
import { MigrationRefused } from './refusals.ts';
import type { Renames } from './renames.ts';
import { scanValues, stageValues } from './values.ts';

export interface MigrateOptions {
  /** Declared renames (default: none): `renamesOf(resources)`. */
  renames?: Renames;
  /** Which changes are made: those that lose nothing, all, or none, which is then a refusal (default: `additive`). */
  apply?: 'additive' | 'destructive' | 'none';
  /** Take a database back to a declaration that it has left behind (default: false). */
  back?: boolean;
  /** Longest wait for another process that migrates, in ms (default: 60,000). */
  wait?: number;
}

export interface Migrated {
  /** The steps that were applied; empty where the database was as declared. */
  readonly steps: readonly string[];
  /** The copy made before a destructive migration (SQLite). */
  readonly backup: string | undefined;
}

/**
 * Brings a database to the declared tables: all of it or, killed anywhere, nothing. One process at a time.
 * Throws `NewerDatabase` (exit code 3) for a database that is ahead, `MigrationRefused` for changes that were not asked
 * for or that the rows do not allow, `StartError` for one that was changed by hand.
 */
export async function migrate(
  store: Store,
  tables: readonly Table[],
  options: MigrateOptions = {},
): Promise<Migrated> {
  const declared = declaredTables(store, tables, options.renames);
  const first = await inspect(store, declared);
  if (first.current) return { steps: [], backup: undefined };
  refuse(first, options);
  return await store.exclusive(options.wait ?? 60_000, async (transaction) => {
    // Another process may have done it while this one waited.
    const seen = await inspect(transaction, declared);
    if (seen.current) return { steps: [], backup: undefined };
    refuse(seen, options);
    const found = await obstacles(transaction, store.dialect, seen.plan);
    if (found.length > 0)
      throw new MigrationRefused(
        `The rows do not allow this. Nothing was changed.\n  ${found.join('\n  ')}`,
        seen.plan,
      );
    const backup = isDestructive(seen.plan) ? transaction.backup(declared.now) : undefined;
    if (seen.entries.length === 0) await createHistory(store.dialect, transaction);
    if (seen.plan.changed.size > 0) await dropSearchIndexes(transaction, store.dialect, seen.plan.changed);
    for (const scan of seen.plan.scans) await stageValues(transaction, store.dialect, scan);
    await runAll(transaction, store, seen.plan.sql);
    const steps = seen.plan.steps.map((step) => step.line);
    await recordState(store.dialect, transaction, { tables, steps, at: declared.now });
    return { steps, backup };
  });
}

/** How a database stands to the declared tables. */
export interface MigrationStatus extends Inspection {
  /** Descriptions of rows that prevent the plan. */
  readonly obstacles: readonly string[];
}

/** Tells what `migrate` would do, and changes nothing. Throws as it does, but not for a plan or an older declaration. */
export async function migrationStatus(
  store: Executor & Pick<Store, 'dialect'>,
  tables: readonly Table[],
  renames?: Renames,
): Promise<MigrationStatus> {
  const seen = await inspect(store, declaredTables(store, tables, renames));
  return { ...seen, obstacles: seen.current ? [] : await obstacles(store, store.dialect, seen.plan) };
}

function declaredTables(
  { dialect }: Pick<Store, 'dialect'>,
  tables: readonly Table[],
  renames: Renames = new Map(),
): Declared {
  return { dialect, tables, renames, now: new Date().toISOString() };
}

/** Whether a plan loses something. */
export function isDestructive(plan: Plan): boolean {
  return plan.steps.some((step) => step.risk === 'destructive');
}

function refuse(seen: Inspection, { apply = 'additive', back = false }: MigrateOptions): void {
  if (!back) refuseOlder(seen);
  if (apply === 'none')
    throw new MigrationRefused(
      'The database is not as declared, and migrating at start is off. To make these changes, run: trestle migrate apply',
      seen.plan,
    );
  if (apply === 'additive' && isDestructive(seen.plan))
    throw new MigrationRefused(
      'These changes lose data, and nobody asked for that: nothing was changed. A field or resource that was renamed ' +
        "is declared with was: 'old_name'. To make the changes, run: trestle migrate apply --destructive",
      seen.plan,
    );
}

async function obstacles(executor: Executor, dialect: Dialect, { checks, scans }: Plan): Promise<string[]> {
  const all: string[] = [];
  for (const { query, sample, message } of checks) {
    const [row] = await executor.all(query, []);
    const found = Number(row?.found);
    if (found === 0 || !row) continue;
    const ids = sample ? await executor.all(sample, []) : [];
    all.push(
      message(
        found,
        ids.map(({ id }) => id),
      ),
    );
  }
  for (const scan of scans) {
    const { found, ids } = await scanValues(executor, dialect, scan);
    if (found > 0)
      all.push(
        `${
          scan.from.kind === scan.to.kind
            ? `${scan.name} holds what its declaration does not allow (${schemaWords(scan.from.schema, scan.to.schema)})`
            : `${scan.name} holds what is no ${scan.to.schema === undefined ? scan.to.kind : scan.to.type?.name}`
        } in ${rows(found, ids)}: correct that first`,
      );
  }
  return all;
}

async function runAll(transaction: Executor, { dialect }: Store, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    try {
      await transaction.all(statement(dialect, sql.raw(text)), []);
    } catch (error) {
      const why = error instanceof Problem ? error.detail : messageOf(error);
      throw new StartError(`The migration failed and nothing was changed: ${why}\n  in: ${text}`, {
        cause: error,
      });
    }
  }
}
