import { StartError } from '../../start-error.ts';
import type { Dialect } from '../dialect.ts';
import { statement } from '../statement.ts';
import type { Executor } from '../store.ts';
import type { Table } from '../table.ts';
import { ENGINE_SCHEMA, type Entry, HISTORY, readHistory } from './history.ts';
import { type Plan, plan } from './plan.ts';
import { NewerDatabase } from './refusals.ts';
import type { Renames } from './renames.ts';
import { digestOf, haveSameSchemas } from './snapshot.ts';

/** The declared state of a database. */
export interface Declared {
  readonly dialect: Dialect;
  readonly tables: readonly Table[];
  readonly renames: Renames;
  /** RFC 3339. */
  readonly now: string;
}

/** How a database stands to a declaration. */
export interface Inspection {
  readonly entries: readonly Entry[];
  /** Nothing is to be done. */
  readonly current: boolean;
  /** Set where the declaration is a state that the database has left behind. */
  readonly older: Entry | undefined;
  readonly plan: Plan;
}

/** The columns of each table that is really there, by table. */
type ActualTables = Map<string, Set<string>>;

const NOTHING: Plan = { steps: [], checks: [], scans: [], changed: new Set(), sql: [] };

/**
 * Compares the declared tables with those written down, and these with the database itself.
 * Throws `NewerDatabase` for one of a newer engine, and `StartError` for one that is not ours or was changed by hand.
 */
export async function inspect(executor: Executor, declared: Declared): Promise<Inspection> {
  const { dialect, tables, renames, now } = declared;
  const actual: ActualTables = new Map();
  for (const { table, column } of await executor.all(statement(dialect, dialect.actualColumns), [])) {
    const columns = actual.get(String(table)) ?? new Set();
    actual.set(String(table), columns.add(String(column)));
  }
  const history = actual.has(HISTORY.name) ? await readHistory(dialect, executor) : undefined;
  const entries = history?.entries ?? [];
  const engine = entries.at(-1)?.engine ?? 0;
  if (engine > ENGINE_SCHEMA)
    throw new NewerDatabase(
      `This database was written by a newer Trestle (schema version ${engine}; this one knows ${ENGINE_SCHEMA}). ` +
        'Nothing was changed. Install that version again, or restore a backup made before the upgrade.',
    );
  const from = history?.tables ?? [];
  checkActual(from, tables, actual);
  // The states that led to the last one. Where the database was taken back to a state, those after it are left out.
  const branch: Entry[] = [];
  for (const entry of entries) {
    const before = branch.findIndex((state) => state.digest === entry.digest);
    if (before !== -1) branch.length = before;
    branch.push(entry);
  }
  const digest = digestOf(tables);
  const isSameStructure = entries.at(-1)?.digest === digest;
  const current = isSameStructure && haveSameSchemas(from, tables);
  return {
    entries,
    current,
    older: isSameStructure ? undefined : branch.find((entry) => entry.digest === digest),
    plan: current ? NOTHING : plan(from, tables, { dialect, renames, now }),
  };
}

function checkActual(from: readonly Table[], to: readonly Table[], actual: ActualTables): void {
  for (const table of from) {
    const columns = actual.get(table.name);
    if (!columns) throw changedByHand(`the table ${table.name}`);
    for (const { name } of table.columns)
      if (!columns.has(name)) throw changedByHand(`the column ${table.name}.${name}`);
  }
  for (const { name } of to)
    if (actual.has(name) && !from.some((table) => table.name === name))
      throw new StartError(
        `The database has a table '${name}' that Trestle did not make. Nothing was changed. ` +
          'Give this app a database of its own, or rename that table.',
      );
}

function changedByHand(what: string): StartError {
  return new StartError(
    `The database was changed by hand or is not whole: ${what} is written down in ${HISTORY.name}, but is not there. ` +
      'Nothing was changed. Restore a backup, or put back what is missing.',
  );
}

/** Refuses a declaration that the database has left behind. */
export function refuseOlder({ older, entries }: Inspection): void {
  const last = entries.at(-1);
  if (!older || !last) return;
  throw new NewerDatabase(
    `The database is newer than this declaration: it is in state ${last.sequence} since ${last.appliedAt}, and this ` +
      `declaration was its state ${older.sequence}. Nothing was changed. Run the newer version of the app; ` +
      'to take the database back on purpose, run: trestle migrate apply --back',
  );
}
