import { StartError } from '../../start-error.ts';
import type { Dialect } from '../dialect.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor, Store } from '../store.ts';
import type { Table } from '../table.ts';
import { TableDigest } from './digest.ts';
import { continueAfter, lastGivenId } from './id-sequences.ts';
import { countRows, readTable } from './read-table.ts';
import { rowWriter } from './write-rows.ts';

/** A table that was moved: its rows and their digest are the same in both databases. */
export interface Moved {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 in hexadecimal, over one line of JSON a row, in the order of their keys. */
  readonly digest: string;
}

/** How far a transfer is. */
export interface Progress {
  readonly table: string;
  /** `reading back`: everything is written, and compared with what was read. */
  readonly step: 'copying' | 'reading back';
  readonly done: number;
  readonly total: number;
}

interface TransferOptions {
  /** Told of every part (default: nobody is). */
  progress?: (progress: Progress) => void;
  /** Longest wait for whoever writes to the target, in ms (default: 10,000). */
  wait?: number;
  /** Removes the rows that the target has, in the same transaction (default: they are refused). */
  replace?: boolean;
}

/**
 * Moves every row of these tables from one database into another that has the same tables, all of them empty: ids are kept,
 * and new ones go on after the highest ever given. What is read is one snapshot; what is written is one transaction, which
 * is read back and compared before it is committed, so a target has all of it or nothing.
 * Throws `StartError` for a target that is not empty and not to be replaced, and where something arrived differently.
 */
export async function transfer(
  source: Store,
  target: Store,
  tables: readonly Table[],
  options: TransferOptions = {},
): Promise<Moved[]> {
  const { progress = () => {}, wait = 10_000, replace = false } = options;
  return await source.snapshot((reader) =>
    target.exclusive(wait, async (writer) => {
      const move = { reader, from: source.dialect, writer, to: target.dialect, progress };
      const names = tables.map(({ name }) => name);
      if (!replace) {
        // Nobody else may write to the target from here on: what is compared is what was copied.
        for (const lock of target.dialect.lockTables(names))
          await writer.all(statement(target.dialect, lock), []);
        for (const name of names) {
          const any = statement(target.dialect, sql`select 1 from ${sql.table(name)} limit 1`);
          const found = await writer.all(any, []);
          if (found.length > 0) throw new StartError(`the table ${name} of the target has rows already`);
        }
      }
      const moved = await target.dialect.withoutReferences(writer, async () => {
        const emptying = replace ? target.dialect.emptyTables(names) : [];
        for (const step of emptying) await writer.all(statement(target.dialect, step), []);
        const all: MovedTable[] = [];
        for (const table of tables) all.push(await moveTable(move, table));
        return all;
      });
      for (const one of moved) await compare(move, one);
      return moved.map(({ table, rows, digest }) => ({ table: table.name, rows, digest }));
    }),
  );
}

interface Move {
  readonly reader: Executor;
  readonly from: Dialect;
  readonly writer: Executor;
  readonly to: Dialect;
  readonly progress: (progress: Progress) => void;
}

interface MovedTable {
  readonly table: Table;
  readonly rows: number;
  readonly digest: string;
}

async function moveTable(move: Move, table: Table): Promise<MovedTable> {
  const { reader, from, writer, to, progress } = move;
  const write = rowWriter(to, table.name, table.columns);
  const total = await countRows(reader, from, table);
  const digest = new TableDigest();
  const told = { table: table.name, step: 'copying', total } as const;
  progress({ ...told, done: 0 });
  for await (const { rows, lines } of readTable(reader, from, table)) {
    await write(writer, rows);
    digest.add(lines);
    progress({ ...told, done: digest.rows });
  }
  await continueAfter(writer, to, table, await lastGivenId(reader, from, table));
  for (const step of to.analyze(table.name)) await writer.all(statement(to, step), []);
  return { table, rows: digest.rows, digest: digest.end() };
}

async function compare({ writer, to, progress }: Move, { table, rows, digest }: MovedTable): Promise<void> {
  const found = new TableDigest();
  const told = { table: table.name, step: 'reading back', total: rows } as const;
  for await (const { lines } of readTable(writer, to, table)) {
    found.add(lines);
    progress({ ...told, done: found.rows });
  }
  if (found.rows !== rows)
    throw new StartError(`${table.name}: ${rows} rows were copied and ${found.rows} arrived`);
  const arrived = found.end();
  if (arrived !== digest)
    throw new StartError(
      `${table.name}: what arrived differs from what was copied (${digest.slice(0, 12)}, ${arrived.slice(0, 12)})`,
    );
}
