import type { Caller } from '../schema/caller.ts';
import type { Versioned } from '../schema/services/row-service.ts';
import type { Model, Row } from './model.ts';
import type { OpenTransaction } from './transaction.ts';

/** One row that was written: `before` is missing where it was created, `after` where it was deleted. */
export interface RowChange {
  readonly model: Model;
  readonly caller: Caller;
  readonly before?: Versioned<Row> | undefined;
  readonly after?: Versioned<Row> | undefined;
  /** It was deleted softly, and is back. */
  readonly restored?: boolean | undefined;
}

/** Told of every change of a row, in the transaction that makes it. A resource that it does not record costs nothing. */
export interface ChangeRecorder {
  /** Whether it records the changes of a resource. Asked once, at start. */
  records(model: Model): boolean;
  /** May write in the transaction, wait for nothing but that, and leave what is to be done after the commit. */
  record(transaction: OpenTransaction, changes: readonly RowChange[]): Promise<void>;
}

/** Several recorders as one, in their order. */
export function allRecorders(recorders: readonly ChangeRecorder[]): ChangeRecorder {
  return {
    records: (model) => recorders.some((each) => each.records(model)),
    async record(transaction, changes) {
      for (const recorder of recorders) {
        const recorded = changes.filter(({ model }) => recorder.records(model));
        if (recorded.length > 0) await recorder.record(transaction, recorded);
      }
    },
  };
}
