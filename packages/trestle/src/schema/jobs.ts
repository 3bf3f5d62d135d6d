import type { Accounts } from './accounts.ts';
import type { Context } from './caller.ts';
import { isField } from './checks/field-options.ts';
import { aCount, aFunction, aString, expects, membersOf, optionsOf, withMistakes } from './checks/options.ts';
import type { Duration } from './duration.ts';
import type { JsonValue } from './field.ts';
import type { Fields, Resource } from './resource.ts';
import type { Readable, Writable } from './row-types.ts';
import type { AccountService } from './services/account-service.ts';
import type { MailService } from './services/mail-service.ts';
import type { ServiceOf } from './services/row-service.ts';

/**
 * The service of a resource of this app, or of its accounts, by its declaration. Throws a `TypeError` for what the app does not
 * have.
 */
export interface FindService {
  <R extends Resource>(resource: R): ServiceOf<R, unknown>;
  <F extends Fields>(accounts: Accounts<F>): AccountService<F>;
}

/** The context of a running job. Verbs that are given it act as the app's own code: no rule is asked. */
export interface JobContext extends Context {
  /** The job's id: the same in every attempt. */
  readonly job: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts when the job's time is up, its lease is lost, or the server stops. */
  readonly signal: AbortSignal;
  /** The app's own folder for files. */
  readonly data: string;
  /** How far the job is, from 0 to 1, and in what. Stored a few times a second at the most. */
  progress(fraction: number, message?: string): void;
  /** The service of a resource: `context.service(notes)`. */
  readonly service: FindService;
  /** Sends mail: `context.mail.send(context, mail)`. */
  readonly mail: MailService;
  /** Enqueues a job of this app by its name, as `jobs.NAME.enqueue` does. */
  enqueue(name: string, input: unknown, options?: EnqueueOptions): Promise<string>;
}

/** When a job runs, and beside which others. */
export interface EnqueueOptions {
  /** Not before this instant (default: at once). */
  readonly at?: Date | string;
  /** Of jobs with one name and key only one waits or runs at a time; at most 200 characters (default: none). */
  readonly key?: string;
}

/** Options of a declared job. */
export interface JobOptions<F extends Fields> {
  /** Its input, declared as the fields of a resource are, and checked when it is enqueued (default: nothing). */
  readonly input?: F;
  /** Runs again and again, with this time between the beginnings, at least a second (default: it has no schedule). */
  readonly every?: Duration;
  /** Runs whenever this expression of five fields (minute, hour, day, month, weekday; crontab(5)) matches (default: it has no schedule). */
  readonly cron?: string;
  /** The IANA time zone of `cron` (default: `'UTC'`). */
  readonly timeZone?: string;
  /** Attempts after one that failed, with growing pauses (default: 4). */
  readonly retries?: number;
  /** Maximum time of one attempt (default: `'1h'`). */
  readonly timeout?: Duration;
  /**
   * Runs at least once, also after a crash: what it does must be safe to do twice. What it returns is kept with the job.
   * Throws `OperationError` for what should be read there; anything else is logged.
   */
  run(context: JobContext, input: Readable<F>): Promise<JsonValue | undefined> | Promise<void>;
}

/**
 * A declared job.
 *
 * @internal
 */
export interface Job<F extends Fields = Fields> {
  readonly input: Fields;
  readonly every: Duration | undefined;
  readonly cron: string | undefined;
  readonly timeZone: string;
  readonly retries: number | undefined;
  readonly timeout: Duration | undefined;
  readonly run: (context: JobContext, input: never) => Promise<JsonValue | undefined> | Promise<void>;
  /** A type only; there is nothing here at run time. @internal */
  readonly $types?: { readonly input: Writable<F> };
}

/** The jobs of an app, by name. */
export type Jobs = { readonly [name: string]: Job };

/** Enqueues one declared job. */
export interface JobService<Input> {
  /**
   * Enqueues a job in the transaction of the context, else in one of its own: it runs once that is committed, and never
   * where it is undone. Answers its id; where one with the key waits or runs already, the id of that.
   * Throws `invalid` and `unknown_field` for a wrong input.
   *
   * @example
   * await jobs.remind.enqueue(request, { loan: loan.id }, { at: loan.due, key: `loan ${loan.id}` });
   */
  enqueue(context: Context, input: Input, options?: EnqueueOptions): Promise<string>;
}

type InputOf<J> = J extends { readonly $types?: infer T }
  ? NonNullable<T> extends { readonly input: infer I }
    ? I
    : never
  : never;

/** Enqueues the jobs of an app, by name. */
export type JobServices<Js extends Jobs> = { readonly [K in keyof Js]: JobService<InputOf<Js[K]>> };

/**
 * Declares a job: named code that is run in the background, on a schedule or when it is enqueued, and again after a crash.
 *
 * @throws {TypeError} from `app()`, with the path and the remedy, where an option, the schedule or the input is wrong.
 * @example
 * const remind = job({
 *   input: { note: reference('notes') },
 *   retries: 8,
 *   run: async (context, { note }) => {
 *     const { title } = await context.service(notes).peek(context, String(note));
 *     await fetch('https://mail.example', { method: 'POST', body: title, signal: context.signal });
 *   },
 * });
 * const cleanUp = job({ cron: '0 3 * * *', timeZone: 'Europe/Berlin', run: async () => {} });
 * export default app({ name: 'notes', resources: { notes }, jobs: { remind, cleanUp } });
 */
export function job<const F extends Fields = Record<never, never>>(options: JobOptions<F>): Job<F> {
  const { input = {}, every, cron, timeZone = 'UTC', retries, timeout, run } = options;
  const declared = Object.freeze({ input, every, cron, timeZone, retries, timeout, run });
  return withMistakes(declared, checkOptions(options));
}

const aDuration = expects(
  "a duration such as '45m'",
  (value) => typeof value === 'string' || typeof value === 'number',
);

const checkOptions = optionsOf<JobOptions<Fields>>('job()', {
  input: membersOf('an object of fields', expects('a field such as text()', isField)),
  every: aDuration,
  cron: aString,
  timeZone: aString,
  retries: aCount,
  timeout: aDuration,
  run: aFunction,
});
