import { type Statement, statement } from '../database/statement.ts';
import { type Columns, type Executor, type Store, type Value, waitedElsewhere } from '../database/store.ts';
import { tableName } from '../database/tables.ts';
import { Problem } from '../problems.ts';
import { type Context, type RunTransaction, TRANSACTION, type Transaction } from '../schema/caller.ts';
import type { Model } from './model.ts';

/** Calls of own code inside one another; code that calls itself without end is stopped there. */
const MAX_DEPTH = 16;
/** How often a transaction is run that lost a race which is won by another try. */
const MAX_ATTEMPTS = 5;

/** A transaction as services use it: the statements that run in it, and what is to be done once it is committed. */
export class OpenTransaction implements Transaction, Executor {
  readonly [TRANSACTION] = true;
  readonly #executor: Executor;
  /** Runs in the transaction when all else in it is done. */
  readonly beforeCommit: (() => Promise<void>)[] = [];
  /** Runs after the commit, not where the transaction is undone. They must not throw: the rows are on disk by then. */
  readonly afterCommit: (() => void)[] = [];
  /** Names of the app's code that runs in it, the outermost first. */
  readonly running: string[] = [];
  /** The first failure of the app's code in it, which undoes the transaction also where it was caught. */
  failure: { readonly reason: unknown } | undefined;
  /** How often it has been run, this time included. */
  readonly attempt: number;
  /** Set where it failed and another try may succeed. */
  isRepeatable = false;
  /** Where it is repeated for code that runs before it: what it has come to of that; undefined where such code runs in it. */
  readonly before: CodeBefore | undefined;

  constructor(executor: Executor, attempt = 1, known?: Repeated) {
    this.#executor = executor;
    this.attempt = attempt;
    this.before = known && { known, step: 0, used: 0, created: 0, found: undefined, own: undefined };
  }

  /** Begins one of the steps of which the transaction is made, each time in this order. */
  startStep(step: number): void {
    if (this.before) Object.assign(this.before, { step, used: 0 });
  }

  /** A row that is about to be created. It has an id where it was created already when the transaction was run before. */
  newRow(model: Model): NewRow | undefined {
    if (!this.before) return undefined;
    const { rows, spare } = this.before.known;
    const at = this.before.created++;
    const known = rows[at];
    // An id that is not reserved may be that of another row by now.
    if (known?.model === model && known.isReserved) return known;
    const id = spare.get(model)?.shift();
    const row = { model, id, isReserved: id !== undefined };
    rows[at] = row;
    return row;
  }

  all(statement: Statement, values: readonly Value[]): Columns[] | Promise<Columns[]> {
    return this.#executor.all(statement, values);
  }

  /** Runs code of the app as a part of the transaction. */
  async run(name: string, code: () => Promise<unknown>): Promise<void> {
    this.running.push(name);
    try {
      if (this.running.length > MAX_DEPTH)
        throw new Problem('internal', {
          cause: new Error(`own code calls itself without end: ${this.running.slice(-3).join(', ')}`),
        });
      await code();
      this.running.pop();
    } catch (reason) {
      this.failure ??= { reason };
      throw reason;
    }
  }
}

/** A row that a transaction creates. */
export interface NewRow {
  readonly model: Model;
  id: Value | undefined;
  /** No other row is given its id, though its insertion is undone. */
  isReserved: boolean;
}

/** Code that a transaction has come to need before it. */
interface NeededCode {
  /** The place of its result. */
  readonly key: string;
  run(): Promise<unknown>;
}

/** How far a transaction has come with the code that runs before it. */
interface CodeBefore {
  readonly known: Repeated;
  step: number;
  /** Results that were used in the step. */
  used: number;
  created: number;
  /** While a step is looked through: the code that is needed, and the transaction, in which rows are read for it. */
  found: NeededCode[] | undefined;
  own: OpenTransaction | undefined;
}

/** Results and ids of a transaction, kept while it is repeated so that each time comes to the same: its writes come in the same order. */
interface Repeated {
  /** Of the code that ran before it. */
  readonly results: Map<string, unknown>;
  /** The steps were looked through for such code. */
  isLookedThrough: boolean;
  readonly rows: NewRow[];
  /** Reserved ids of rows to come. */
  readonly spare: Map<Model, Value[]>;
}

/** Code that is to run before a transaction that came to need it. */
class RunBefore extends Error {
  readonly needed: readonly NeededCode[];

  constructor(needed: readonly NeededCode[]) {
    super('a transaction is undone for code that runs before it');
    this.needed = needed;
  }
}

/**
 * Runs a write in the transaction of its context, else in one of its own.
 *
 * @param options `before`: `before` code of the app runs before the transaction, though that was opened for several writes
 * (default: in it, under the rules of `within`).
 */
export async function inTransaction<T>(
  store: Store,
  context: Context,
  write: (transaction: OpenTransaction) => Promise<T>,
  options: { before?: boolean } = {},
): Promise<T> {
  if (context.transaction) return write(opened(context.transaction));
  // A store may run the write again where the database undid it because of another: each time it is a new transaction.
  const before: Repeated | undefined = options.before
    ? { results: new Map(), isLookedThrough: false, rows: [], spare: new Map() }
    : undefined;
  for (let attempt = 1; ; attempt += 1) {
    let own: OpenTransaction | undefined;
    try {
      const result = await store.write(async (executor) => {
        own = new OpenTransaction(executor, attempt, before);
        const value = await write(own);
        if (own.failure) throw own.failure.reason;
        for (const step of own.beforeCommit) await step();
        return value;
      });
      for (const effect of own?.afterCommit ?? []) effect();
      return result;
    } catch (error) {
      if (error instanceof RunBefore && before) {
        attempt -= 1;
        await runOnce(store, error, before);
        continue;
      }
      // Code that has neither come to its end nor failed was given up.
      if (own && own.running.length > 0 && !own.failure) throw waitedElsewhere(own.running.join(', '), error);
      if (!own?.isRepeatable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Runs code that a transaction came to need. It is given the ids that rows will have: where these change, it is run the next time. */
async function runOnce(store: Store, { needed }: RunBefore, known: Repeated): Promise<void> {
  if (await reserveIds(store, known)) return;
  for (const { key, run } of needed) known.results.set(key, await run());
}

/** Runs code that comes before a write: outside of its transaction, though that is open already where it is of several writes. */
export function beforeWrite<T>(context: Context, run: (context: Context) => Promise<T>): Promise<T> {
  return beforeWriteWith(context, async () => undefined, run);
}

/** The same, with what the code is to be given, which `look` reads in the transaction. */
export async function beforeWriteWith<L, T>(
  context: Context,
  look: (context: Context) => Promise<L>,
  run: (context: Context, seen: L) => Promise<T>,
): Promise<T> {
  const before = context.transaction && opened(context.transaction).before;
  if (!before) return run(context, await look(context));
  const { caller, origin } = context;
  const key = `${before.step} ${before.used++}`;
  const { results } = before.known;
  if (results.has(key)) return results.get(key) as T;
  const seen = await look(before.own ? { ...context, transaction: before.own } : context);
  const needed = [{ key, run: () => run({ caller, ...(origin && { origin }) }, seen) }];
  before.found?.push(...needed);
  throw new RunBefore(needed);
}

/**
 * Looks through steps of a transaction that depend on none of the others, and runs the code that comes before them for all at once:
 * one by one would undo the transaction for each, and write those before it again.
 *
 * @param steps by their number; each ends where it would write.
 */
export async function runBeforeSteps(
  own: OpenTransaction,
  steps: ReadonlyMap<number, (transaction: Transaction) => Promise<unknown>>,
): Promise<void> {
  const known = own.before?.known;
  if (!known || known.isLookedThrough) return;
  known.isLookedThrough = true;
  const found: NeededCode[] = [];
  let hasFailed = false;
  for (const [number, step] of steps) {
    const trial = new OpenTransaction({ all: nothingMore }, 1, { ...known, rows: [] });
    if (trial.before) Object.assign(trial.before, { step: number, found, own });
    await step(trial).catch((error: unknown) => {
      // It is told in its turn.
      hasFailed ||= !(error instanceof RunBefore);
    });
  }
  // A statement that fails ends a transaction of PostgreSQL.
  if (found.length > 0 || hasFailed) throw new RunBefore(found);
}

function nothingMore(): never {
  throw new RunBefore([]);
}

/** Keeps the ids of new rows from others. Answers whether some of them are others now. */
async function reserveIds(store: Store, { rows, spare }: Repeated): Promise<boolean> {
  const { dialect } = store;
  const undone = rows.filter(({ model, isReserved }) => !isReserved && model.resource.id.kind === 'integer');
  for (const row of rows) row.isReserved = true;
  if (undone.length === 0 || !dialect.givesUndoneIds) return false;
  await store.write(async (executor) => {
    for (const [model, some] of Map.groupBy(undone, (row) => row.model)) {
      const table = tableName(model.name, model.resource);
      const [found] = await executor.all(statement(dialect, dialect.lastGivenId(table, 'id')), []);
      const next = Number(found?.last ?? 0) + 1;
      for (const [at, row] of some.entries()) row.id = next + at;
      // As many more as there are, so that few times are for ids alone.
      const all = rows.filter((row) => row.model === model).length;
      const left = Array.from({ length: all - 1 }, (_, at) => next + some.length + at);
      spare.set(model, left);
      for (const step of dialect.continueAfter(table, 'id', next + some.length + left.length - 1))
        await executor.all(statement(dialect, step), []);
    }
  });
  return true;
}

/** Compiles what runs verbs of several services in one transaction. */
export function transactionRunner(store: Store): RunTransaction {
  return (context, write) =>
    inTransaction(
      store,
      context,
      (transaction) => write({ caller: context.caller, origin: context.origin, transaction }),
      { before: true },
    );
}

/** The executor of a context's reads: its transaction's, which sees what it has written, else the store. */
export function readerOf(store: Store, { transaction }: Context): Executor {
  return transaction ? opened(transaction) : store;
}

/** A row that is about to be created in the transaction of a context, where that is repeated. */
export function newRowOf({ transaction }: Context, model: Model): NewRow | undefined {
  return transaction && opened(transaction).newRow(model);
}

function opened(transaction: Transaction): OpenTransaction {
  if (transaction instanceof OpenTransaction) return transaction;
  throw new TypeError('the context holds a transaction that no service has opened');
}
