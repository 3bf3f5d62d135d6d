import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { anonymous } from '../schema/caller.ts';
import { rowsWith } from './read.ts';
import { inTransaction } from './transaction.ts';
import type { RowWriter } from './write.ts';

/**
 * Inserts the declared rows that are missing, matched by their unique fields, or by all fields where they give none. Safe
 * while other processes do the same.
 */
export async function seedRows(writers: ReadonlyMap<string, RowWriter>, store: Store): Promise<void> {
  const context = { caller: anonymous };
  for (const writer of writers.values()) {
    const { model } = writer;
    for (const row of model.resource.rows) {
      const given = Object.entries(row);
      const unique = given.filter(([name]) => model.byName.get(name)?.field.unique);
      const key = Object.fromEntries(unique.length > 0 ? unique : given);
      const seed = inTransaction(store, context, async (transaction) => {
        if ((await rowsWith(model, transaction, key)).length > 0) return;
        const write = { verb: 'create', body: row, trusted: true } as const;
        await writer.write({ ...context, transaction }, write);
      });
      await seed.catch(ignoreConflict);
    }
  }
}

/** Another process was quicker. */
function ignoreConflict(error: unknown): void {
  if (!(error instanceof Problem && error.code === 'conflict')) throw error;
}
