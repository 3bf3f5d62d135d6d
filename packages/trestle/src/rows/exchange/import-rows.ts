import { sql } from '../../database/sql.ts';
import { bind, param, statement } from '../../database/statement.ts';
import type { Executor, Store } from '../../database/store.ts';
import type { Table } from '../../database/table.ts';
import { tableName } from '../../database/tables.ts';
import { continueAfter, lastGivenId } from '../../database/transfer/id-sequences.ts';
import { type FieldError, Problem } from '../../problems.ts';
import type { Versioned } from '../../schema/services/row-service.ts';
import type { ChangeRecorder } from '../change-recorder.ts';
import type { Model, Row } from '../model.ts';
import { exclusionsOf } from '../relations/exclusions.ts';
import { linkWriter } from '../relations/links.ts';
import { searchWriter } from '../search/search-writer.ts';
import { OpenTransaction } from '../transaction.ts';
import { bulkInsertOf } from '../write-statements.ts';
import { type Candidate, candidates, SERVER } from './candidate.ts';
import { neighbourChecks } from './cross-row-checks.ts';
import type { Entry } from './entries.ts';

/** Rows that are looked at together. */
const BATCH = 500;
/** Refused rows that are kept for being shown; the rest is counted. */
const MAX_SHOWN = 100;

interface Refused {
  readonly line: number;
  readonly errors: readonly FieldError[];
}

/** The result of an import: all rows written, or rejections and nothing written. */
export interface Imported {
  readonly rows: number;
  /** The first hundred. */
  readonly refused: readonly Refused[];
  /** How many rows were refused in all. */
  readonly refusals: number;
  /** Names in the file that were passed over, because the server sets them. */
  readonly ignored: readonly string[];
}

export interface ImportOptions {
  /** Take ids, authors, instants, counters and states from the file (default: false, they are set as for a new row). */
  keep?: boolean;
  /** Only check (default: false). */
  checkOnly?: boolean;
  /** Called in the transaction once all rows are written (default: nothing is). */
  written?: (transaction: Executor) => Promise<void>;
  /** Told of each row in the transaction (default: nobody is). */
  recorder?: ChangeRecorder | undefined;
}

/**
 * Writes the rows of a file, all in one transaction, after every one of them passed what a body must pass. Callers' rules are
 * not asked: this is for whoever runs the server. Throws `Problem` for a file that cannot be read, and `conflict` where
 * somebody else took a value between the check and the write; nothing is written then.
 * @param entries the rows of the file; read twice.
 */
export async function importRows(
  store: Store,
  model: Model,
  entries: () => Iterable<Entry>,
  options: ImportOptions = {},
): Promise<Imported> {
  const { keep = false, checkOnly = false, written, recorder } = options;
  const ignored = new Set<string>();
  const initial = await initialStates(store, model);
  const candidate = candidates(model, keep, initial, (name) => ignored.add(name));
  const read = () => batches(entries(), candidate);
  const { rows, refused, refusals } = await checkAll(store, model, read());
  if (refusals === 0 && !checkOnly) {
    // In one transaction that waits for nothing but its own statements: the file is read as they go.
    const insert = insertOf(model, keep, recorder?.records(model) ? recorder : undefined);
    const exclusions = exclusionsOf(model);
    const write = async (transaction: Executor) => {
      if (exclusions) await lockTable(transaction, model);
      for (const batch of read()) {
        if (batch.some(({ errors }) => errors.length > 0))
          throw new Problem('conflict', { detail: 'The file was changed while it was being read.' });
        await insert(
          transaction,
          batch.map(({ values }) => values),
        );
      }
      await exclusions?.checkAll(transaction);
      await written?.(transaction);
    };
    await store.write(write, { patient: true });
  }
  return { rows: refusals === 0 ? rows : 0, refused, refusals, ignored: [...ignored] };
}

type Rows = readonly Candidate['values'][];

function insertOf(
  model: Model,
  keep: boolean,
  recorder: ChangeRecorder | undefined,
): (transaction: Executor, rows: Rows) => Promise<void> {
  const [withIds, withoutIds] = [bulkInsertOf(model, true), bulkInsertOf(model, false)];
  const links = linkWriter(model);
  const search = searchWriter(model);
  return async (transaction, rows) => {
    const given = rows.filter(hasId);
    const counted = rows.filter((row) => !hasId(row));
    await withIds(transaction, given);
    if (keep) await goOn(transaction, model);
    if (!links && !search && !recorder) {
      await withoutIds(transaction, counted);
      return;
    }
    // Links, words and history need the ids of their rows, so those that count up are given here, and nobody else gives any meanwhile.
    await lockTable(transaction, model);
    const last = counted.length > 0 ? await lastGivenId(transaction, model.dialect, countingTable(model)) : 0;
    const numbered = counted.map((row, at) => ({ ...row, id: last + 1 + at }));
    await withIds(transaction, numbered);
    await goOn(transaction, model);
    const all = [...given, ...numbered];
    await links?.insert(transaction, all);
    await search?.put(transaction, all);
    // They have been checked as bodies, and completed: they are whole rows.
    const changes = all.map((row) => ({ model, caller: SERVER, after: row as Versioned<Row> }));
    if (recorder) await recorder.record(new OpenTransaction(transaction), changes);
  };
}

async function lockTable(transaction: Executor, { dialect, name, resource }: Model): Promise<void> {
  for (const lock of dialect.lockTables([tableName(name, resource)]))
    await transaction.all(statement(dialect, lock), []);
}

function* batches(entries: Iterable<Entry>, candidate: (entry: Entry) => Candidate): Generator<Candidate[]> {
  let batch: Candidate[] = [];
  for (const entry of entries) {
    batch.push(candidate(entry));
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function checkAll(store: Store, model: Model, read: Iterable<Candidate[]>) {
  const look = neighbourChecks(model);
  const refused: Refused[] = [];
  let [rows, refusals] = [0, 0];
  for (const batch of read) {
    const found = await look(store, batch);
    for (const candidate of batch) {
      const errors = [...candidate.errors, ...(found.get(candidate) ?? [])];
      if (errors.length === 0) rows += 1;
      else if (++refusals <= MAX_SHOWN) refused.push({ line: candidate.line, errors });
    }
  }
  return { rows, refused, refusals };
}

function hasId({ id }: Candidate['values']): boolean {
  return id !== undefined;
}

/** New ids go on after those that were taken from the file: also before the next rows of the same file that have none. */
async function goOn(transaction: Executor, model: Model): Promise<void> {
  if (model.idKind !== 'integer') return;
  const table = countingTable(model);
  const last = await lastGivenId(transaction, model.dialect, table);
  await continueAfter(transaction, model.dialect, table, last);
}

function countingTable(model: Model): Table {
  const id = { name: 'id', kind: model.idKind, nullable: false, key: 'counting' } as const;
  return { name: tableName(model.name, model.resource), columns: [id], indexes: [] };
}

/** The ids of the states that new rows begin in. */
async function initialStates(store: Store, model: Model): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const { name, type } of model.fields) {
    if (!type.state || !type.reference) continue;
    const { by, initial } = type.state;
    const select = statement(
      model.dialect,
      sql`select ${sql.ref('id')} from ${sql.table(type.reference.target)} where ${sql.ref(by)} = ${param('initial')}`,
    );
    const [row] = await store.all(select, bind(select, { initial }));
    if (row) found.set(name, row.id);
  }
  return found;
}
