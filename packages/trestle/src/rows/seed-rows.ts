import { sql } from '../database/sql.ts';
import { statement } from '../database/statement.ts';
import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { anonymous } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import { StartError } from '../start-error.ts';
import { rowsWith } from './read.ts';
import { inTransaction } from './transaction.ts';
import { checkedBody, completeRow, requireConsistent } from './validate.ts';
import type { RowWriter } from './write.ts';

interface Seed {
  readonly writer: RowWriter;
  readonly row: Readonly<Record<string, unknown>>;
  /** `statuses.rows[0]` */
  readonly path: string;
}

/**
 * Inserts the declared rows that are missing, matched by their unique fields, or by all fields where they give none. Safe
 * while other processes do the same. Throws `StartError` for a row that is no body of its resource.
 */
export async function seedRows(writers: ReadonlyMap<string, RowWriter>, store: Store): Promise<void> {
  let seeds: readonly Seed[] = [...writers].flatMap(([name, writer]) =>
    writer.model.resource.rows.map((row, at) => ({ writer, row, path: `${name}.rows[${at}]` })),
  );
  // A row may refer to one that is declared after it: what fails for that is tried again once the others are there.
  while (seeds.length > 0) {
    const refused: { seed: Seed; error: unknown }[] = [];
    for (const seed of seeds)
      await insertMissing(seed, store).catch((error) => refused.push({ seed, error }));
    const [first] = refused;
    const isFinal = refused.length === seeds.length || refused.some(({ error }) => !misses(error));
    if (first && isFinal) {
      const { seed, error } = refused.find(({ error: each }) => !misses(each)) ?? first;
      throw error instanceof Problem ? new StartError(`${seed.path}: ${error.detail}`) : error;
    }
    seeds = refused.map(({ seed }) => seed);
  }
}

/** Derives fields of rows that are older than these. */
export async function fillDerived(writers: ReadonlyMap<string, RowWriter>, store: Store): Promise<void> {
  for (const writer of writers.values())
    for (const { name } of writer.model.fields.filter(({ type }) => type.derived)) {
      const select = statement(
        store.dialect,
        sql`select ${sql.ref('id')} from ${writer.model.table} where ${sql.ref(name)} is null order by ${sql.ref('id')} limit 500`,
      );
      for (;;) {
        const rows = await store.all(select, []);
        if (rows.length === 0) break;
        await inTransaction(store, { caller: anonymous }, async (transaction) => {
          for (const { id } of rows) {
            const write = { verb: 'update', merge: true, id: id as RowId, body: {}, trusted: true } as const;
            await writer.write({ caller: anonymous, transaction }, write);
          }
        });
      }
    }
}

async function insertMissing({ writer, row }: Seed, store: Store): Promise<void> {
  const { model } = writer;
  const context = { caller: anonymous };
  const body = checkedBody(model, row, model.checkBody);
  const kept = completeRow(model, anonymous, body);
  requireConsistent(model, kept);
  const given = Object.keys(row).filter((name) => !model.byName.get(name)?.links);
  const unique = given.filter((name) => model.byName.get(name)?.field.unique);
  const key = Object.fromEntries((unique.length > 0 ? unique : given).map((name) => [name, kept[name]]));
  const insert = inTransaction(store, context, async (transaction) => {
    if ((await rowsWith(model, transaction, key)).length > 0) return;
    await writer.write({ ...context, transaction }, { verb: 'create', body, trusted: true });
  });
  // Another process was quicker.
  await insert.catch((error: unknown) => {
    if (!(error instanceof Problem && error.data.constraint === 'unique')) throw error;
  });
}

/** Whether a row that is referred to is not there. */
function misses(error: unknown): boolean {
  return error instanceof Problem && error.data.constraint === 'reference';
}
