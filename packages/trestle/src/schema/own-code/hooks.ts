import type { Caller, Context, Transaction } from '../caller.ts';
import { aFunction, optionsOf } from '../checks/options.ts';
import type { RowId } from '../id.ts';
import type { EnqueueOptions, FindService, JobContext } from '../jobs.ts';
import type { Fields } from '../resource.ts';
import type { Flat, Readable, Writable } from '../row-types.ts';
import type { MailService } from '../services/mail-service.ts';

/**
 * The context of an app's own code around a write. Verbs that are given it act for the caller of that write: no rule is asked,
 * and authors name the caller's account. `{ caller: context.writer }` asks the rules of whoever writes.
 */
export interface HookContext extends Context {
  /** Who makes the write. */
  readonly writer: Caller;
  /** The service of a resource: `context.service(notes)`. */
  readonly service: FindService;
  /** Sends mail, once the write is committed: `context.mail.send(context, mail)`. */
  readonly mail: MailService;
  /** Enqueues a job of this app by its name, as `jobs.NAME.enqueue` does. */
  enqueue(name: string, input: unknown, options?: EnqueueOptions): Promise<string>;
}

/** The context of code within the transaction of a write: what it writes is committed with that, or not at all. */
export interface WithinContext extends HookContext {
  /** The transaction of the write. Verbs that are given the context join it. */
  readonly transaction: Transaction;
}

/** The context of code after the commit: that of a job. */
export interface AfterContext extends JobContext {
  /** Who made the write: the account as it was stored, with no session or key; else `anonymous`. */
  readonly writer: Caller;
}

type HookRow<F extends Fields, I extends RowId> = Readonly<Flat<{ id: I } & Readable<F>>>;
type Body<F extends Fields> = Readonly<Writable<F>>;
type Patch<F extends Fields> = Readonly<Partial<Writable<F>>>;
type Answered<T> = Promise<T | undefined> | Promise<void>;

/** An app's own code around the writes of a resource, one function for each verb. */
export interface Hooks<F extends Fields, I extends RowId> {
  /**
   * Runs before a write, once its caller is admitted and its body is checked, outside of the write's transaction: it may wait
   * for anything. Answers the body to write in place of the given one, which may set fields that no caller may (default: the
   * body as it came). Throws a `Problem` to refuse the write. `update` is called for PUT, PATCH and transitions.
   */
  readonly before?: {
    /** Before a row is created. */
    readonly create?: (context: HookContext, write: { readonly body: Body<F> }) => Answered<Writable<F>>;
    /** Before a row is changed: by PUT, PATCH or a transition. `row` is the row as it is, `body` the change. */
    readonly update?: (
      context: HookContext,
      write: { readonly row: HookRow<F, I>; readonly body: Patch<F> },
    ) => Answered<Partial<Writable<F>>>;
    /** Before a row is deleted. */
    readonly delete?: (context: HookContext, write: { readonly row: HookRow<F, I> }) => Promise<void>;
  };
  /**
   * Runs in the transaction of a write, after the row was written, also where a cascade writes it. What it throws undoes the
   * write. It may wait for verbs that are given its context, and for nothing else: SQLite shares a commit among writes, and
   * one that waits for anything else fails.
   */
  readonly within?: Effects<F, I, WithinContext>;
  /**
   * Runs after the commit, at least once, also after a crash: recorded in the transaction of the write and run as a job, so
   * what it does must be safe to do twice. It is given the row as that write left it.
   */
  readonly after?: Effects<F, I, AfterContext>;
}

/** Code for each verb, after a row was written. */
export interface Effects<F extends Fields, I extends RowId, C> {
  /** A row that was created. */
  readonly create?: (context: C, write: { readonly row: HookRow<F, I> }) => Promise<void>;
  /** A row that was changed, and what it was before. */
  readonly update?: (
    context: C,
    write: { readonly row: HookRow<F, I>; readonly before: HookRow<F, I> },
  ) => Promise<void>;
  /** `row` is the row as it last was. */
  readonly delete?: (context: C, write: { readonly row: HookRow<F, I> }) => Promise<void>;
}

/** The verbs around which an app's own code runs. */
export const WRITE_VERBS = ['create', 'update', 'delete'] as const;
export type WriteVerb = (typeof WRITE_VERBS)[number];

/** Hooks of one time, as a resource keeps them; their rows and bodies have the types of its declaration. */
export type HooksByVerb = {
  readonly [V in WriteVerb]?: ((context: never, write: never) => Promise<unknown>) | undefined;
};

const verbs = (owner: string) =>
  optionsOf<HooksByVerb>(owner, { create: aFunction, update: aFunction, delete: aFunction });

export const hookChecks = { before: verbs('before'), within: verbs('within'), after: verbs('after') };
