import { type LifecycleOperation, OperationError, type RunContext } from '../../schema/lifecycle.ts';
import type { JobHandler } from '../worker.ts';
import { type AppRows, accountIdOf, actorOf, effectRows, rowFinder } from './effect-rows.ts';
import { type CompiledLifecycle, startsFrom } from './lifecycles.ts';
import { moveRow } from './move-row.ts';
import { rowIdOf } from './operations.ts';

/**
 * The job of an operation: runs its code, then commits the effect and the row's move together with the job's end. Fails for
 * good where the row was deleted, or has left the state the operation started from.
 */
export function operationHandler(
  rows: AppRows,
  lifecycle: CompiledLifecycle,
  declared: LifecycleOperation<never>,
  data: string,
): JobHandler {
  return {
    async run({ record, signal, progress }) {
      const id = rowIdOf(lifecycle, record);
      const found = await lifecycle.peek(rows.store, id);
      if (!found) throw new OperationError('The row was deleted meanwhile.', { retry: false });
      const context: RunContext<unknown> = {
        row: found,
        operation: record.id,
        fence: record.fence,
        attempt: record.attempts,
        signal,
        data,
        progress,
        find: rowFinder(rows, rows.store),
      };
      // The row has the type of the declaration this code was declared in.
      const outcome = (await declared.run(context as RunContext<never>)) ?? {};
      return {
        result: outcome.result,
        async commit(transaction) {
          if (!(await lifecycle.lock(transaction, id)))
            throw new OperationError('The row was deleted meanwhile.', { retry: false });
          const account = accountIdOf(rows, record.account);
          const mover = { caller: actorOf(account), account, operation: record.id };
          await moveRow(lifecycle, transaction, mover, {
            id,
            trusted: true,
            async to(from) {
              if (!startsFrom(declared, from.name))
                throw new OperationError(`The row has become ${from.name} meanwhile.`, { retry: false });
              const to = await lifecycle.stateNamed(transaction, declared.to);
              if (to) return to;
              throw new OperationError(`There is no state ${declared.to} any more.`, { retry: false });
            },
          });
          await outcome.effect?.(effectRows(rows, transaction, mover));
        },
      };
    },
  };
}
