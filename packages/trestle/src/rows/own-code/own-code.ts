import { type Context, system } from '../../schema/caller.ts';
import { type HookContext, WRITE_VERBS, type WriteVerb } from '../../schema/own-code/hooks.ts';
import type { ChangeRecorder, RowChange } from '../change-recorder.ts';
import type { Model, Row } from '../model.ts';
import type { OpenTransaction } from '../transaction.ts';

/** The rest of the app, as own code reaches it. */
export interface AppReach {
  readonly service: HookContext['service'];
  readonly mail: HookContext['mail'];
  enqueue(context: Context, ...job: Parameters<HookContext['enqueue']>): Promise<string>;
  /** Adds the job that runs the `after` code of a verb, within the transaction of its write. */
  enqueueAfter(transaction: OpenTransaction, verb: WriteVerb, change: RowChange): Promise<void>;
}

/** A hook, whose rows and bodies are of the resource that it was declared in. */
type Hook = (context: HookContext, write: unknown) => Promise<unknown>;

/**
 * The app's own code around writes. It hears of every change as a recorder does, cascades included. Until it is opened nothing
 * runs: seeds and derived fields of a start are nobody's writes.
 */
export class OwnCode implements ChangeRecorder {
  #reach: AppReach | undefined;

  open(reach: AppReach): void {
    this.#reach = reach;
  }

  records({ resource: { within, after } }: Model): boolean {
    return WRITE_VERBS.some((verb) => within[verb] ?? after[verb]);
  }

  async record(transaction: OpenTransaction, changes: readonly RowChange[]): Promise<void> {
    const reach = this.#reach;
    if (!reach) return;
    for (const change of changes) {
      const { model, caller, before, after } = change;
      const verb = before ? (after ? 'update' : 'delete') : 'create';
      // The row has the type of the declaration that this code was declared in.
      const within = model.resource.within[verb] as Hook | undefined;
      if (within)
        await transaction.run(`within.${verb} of ${model.name}`, () =>
          within(contextOf({ caller, transaction }, reach), writeOf(change)),
        );
      if (model.resource.after[verb]) await reach.enqueueAfter(transaction, verb, change);
    }
  }

  /** The body that `before` code answers; undefined where the write goes on as it came. */
  async before(context: Context, model: Model, verb: WriteVerb, write: BeforeWrite): Promise<unknown> {
    // Row and body have the types of the declaration that this code was declared in.
    const before = model.resource.before[verb] as Hook | undefined;
    return this.#reach && before?.(contextOf(context, this.#reach), write);
  }
}

/** A write as `before` code is given it. */
export interface BeforeWrite {
  readonly row?: Row | undefined;
  readonly body?: unknown;
}

/** A change as `within` and `after` code are given it. */
export function writeOf({ before, after }: Pick<RowChange, 'before' | 'after'>) {
  return before && after ? { row: after, before } : { row: after ?? before };
}

function contextOf(context: Context, { service, mail, enqueue }: AppReach): HookContext {
  const { caller: writer, transaction } = context;
  const own = system({ onBehalfOf: writer, ...(transaction && { transaction }) });
  return {
    ...own,
    writer,
    service,
    mail,
    enqueue: (name, input, options) => enqueue(own, name, input, options),
  };
}
