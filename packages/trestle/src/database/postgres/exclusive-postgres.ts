import type { Exclusive } from '../migrations/exclusive.ts';
import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { Executor, Store } from '../store.ts';

/** One transaction under an advisory lock of the schema, which goes with the transaction whatever becomes of us. */
export function exclusivePostgres(store: Store, wait: number): Exclusive {
  const { dialect } = store;
  const patience = statement(dialect, sql`set local lock_timeout to ${sql.raw(String(wait))}`);
  const lock = statement(
    dialect,
    sql`select pg_advisory_xact_lock(hashtextextended('trestle migrate ' || current_schema(), 0)) is null as locked`,
  );
  return {
    run: (work) =>
      store.write(
        async (transaction: Executor) => {
          await transaction.all(patience, []);
          await transaction.all(lock, []);
          return await work(transaction);
        },
        { patient: true },
      ),
    backup: () => undefined,
  };
}
