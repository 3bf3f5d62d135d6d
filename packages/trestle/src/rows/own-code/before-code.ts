import type { Columns } from '../../database/store.ts';
import type { Context } from '../../schema/caller.ts';
import type { Model } from '../model.ts';
import { beforeWriteWith } from '../transaction.ts';
import { checkedBody, isObject, mergeNested } from '../validate.ts';
import type { RowWrite } from '../write.ts';
import type { BeforeWrite, OwnCode } from './own-code.ts';

/** An error of one of several writes, with its place among them. */
export type Placed = (error: unknown, at: number) => unknown;

/** The row of a write, once the caller may make it. */
type Load = (context: Context, write: RowWrite) => Promise<Columns | undefined>;

/**
 * The app's own code before the writes of one resource. It may look elsewhere, change the body or refuse the write, outside of its
 * transaction; the row that it is given is that of the transaction.
 */
export class BeforeCode {
  readonly #model: Model;
  readonly #ownCode: OwnCode | undefined;
  readonly #load: Load;

  constructor(model: Model, ownCode: OwnCode | undefined, load: Load) {
    this.#model = model;
    this.#ownCode = ownCode;
    this.#load = load;
  }

  isFor({ verb, trusted = false, isPrepared = false }: RowWrite): boolean {
    return this.#model.resource.before[verb] !== undefined && !trusted && !isPrepared;
  }

  /** The write with the body that the code answers. */
  run(context: Context, write: RowWrite): Promise<RowWrite> {
    return beforeWriteWith(
      context,
      (inside) => this.#look(inside, write),
      (outside, seen) => this.#answer(outside, write, seen),
    );
  }

  /**
   * The same for several writes of one verb. The code runs for all of them before their transaction: one by one would undo that
   * for each row, and write those before it again.
   */
  async runEach(context: Context, writes: readonly RowWrite[], placed: Placed): Promise<readonly RowWrite[]> {
    const [first] = writes;
    if (!first || !this.isFor(first)) return writes;
    const each = async <T>(done: (write: RowWrite, at: number) => Promise<T>) => {
      const all: T[] = [];
      for (const [at, write] of writes.entries())
        all.push(
          await done(write, at).catch((error) => {
            throw placed(error, at);
          }),
        );
      return all;
    };
    return beforeWriteWith(
      context,
      (inside) => each((write) => this.#look(inside, write)),
      (outside, seen) => each((write, at) => this.#answer(outside, write, seen[at] ?? {})),
    );
  }

  /** The row and the body that the code is given, once the caller may make the write. */
  async #look(context: Context, write: RowWrite): Promise<BeforeWrite> {
    const { verb, action = verb, merge = false, body } = write;
    const { policy } = this.#model;
    policy.admit(context.caller, action);
    const found = await this.#load(context, write);
    const row = found && this.#model.decodeVersioned(found);
    if (verb === 'delete') return { row };
    const whole = row && merge && isObject(body) ? mergeNested(this.#model, row, body) : body;
    const fields = policy.fields(context.caller, verb, write.id);
    return {
      row,
      body: checkedBody(this.#model, whole, merge ? fields.checkPatch : fields.checkBody, fields),
    };
  }

  async #answer(context: Context, write: RowWrite, seen: BeforeWrite): Promise<RowWrite> {
    const own = await this.#ownCode?.before(context, this.#model, write.verb, seen);
    const isSame = own === undefined || write.verb === 'delete';
    return { ...write, isPrepared: true, ...(!isSame && { body: own, own: true }) };
  }
}
