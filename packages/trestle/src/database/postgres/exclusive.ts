import { sql } from '../sql.ts';
import { statement } from '../statement.ts';
import type { ExclusiveTransaction } from '../store.ts';
import type { PostgresStore } from './postgres-store.ts';

/** One transaction under an advisory lock of the schema, which ends with the transaction whatever becomes of this process. */
export function exclusive<T>(
  store: PostgresStore,
  wait: number,
  write: (transaction: ExclusiveTransaction) => Promise<T>,
): Promise<T> {
  const { dialect } = store;
  const timeout = statement(dialect, sql`set local lock_timeout to ${sql.raw(String(wait))}`);
  const key = sql.lit(`trestle migrate ${store.schema}`);
  const lock = statement(
    dialect,
    sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0)) is null as locked`,
  );
  return store.write(
    async (transaction) => {
      await transaction.all(timeout, []);
      await transaction.all(lock, []);
      return await write({
        all: (statement, values) => transaction.all(statement, values),
        backup: () => undefined,
      });
    },
    { patient: true },
  );
}
