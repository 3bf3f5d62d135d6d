import { type Accounts, accounts, withAccounts } from './accounts.ts';
import { checkApp } from './checks/check-app.ts';
import { checkJobs } from './checks/check-jobs.ts';
import {
  aBoolean,
  aFunction,
  anything,
  aString,
  below,
  expects,
  isObject,
  optionsOf,
} from './checks/options.ts';
import type { Field } from './field.ts';
import type { Jobs } from './jobs.ts';
import { type ProcessHooks, processHooks } from './own-code/process-hooks.ts';
import type { Fields } from './resource.ts';
import type { Contract, ContractContext } from './routes/app-contract.ts';
import type { Route } from './routes/route.ts';
import type { FieldsOf, Resources } from './row-types.ts';
import {
  checkWebhooks,
  declareWebhooks,
  type WebhookOptions,
  type Webhooks,
} from './webhooks/declare-webhooks.ts';

type TargetOf<F> = F extends Field<infer T> ? (T extends { target: infer Name } ? Name : never) : never;
type Targets<R> = { [K in keyof FieldsOf<R>]: TargetOf<FieldsOf<R>[K]> }[keyof FieldsOf<R>];

/** Each resource itself; or, where it refers to one that is not declared, a type whose text says what to do. */
type Checked<Rs extends Resources> = {
  [K in keyof Rs]: Exclude<Targets<Rs[K]>, keyof Rs | 'accounts'> extends never
    ? Rs[K]
    : `reference('${Exclude<Targets<Rs[K]>, keyof Rs | 'accounts'> & string}'): declare that resource in app({ resources })`;
};

/** The declaration of an app. */
export interface AppOptions<
  Rs extends Resources,
  Js extends Jobs = Jobs,
  F extends Fields = Record<never, never>,
  C extends Route = Route,
  R extends Route = Route,
> {
  /** Lower-case letters, digits and dashes: names the database, the path and the tokens' issuer. */
  name: string;
  /** One line for the documentation (default: none). */
  description?: string;
  /** Who signs up and signs in, as `accounts()` declares it (default: `accounts()`). */
  accounts?: Accounts<F>;
  /** The resources, by the names that paths and references have. */
  resources: Rs & Checked<Rs>;
  /** Code that is run in the background, on a schedule or when it is enqueued (default: none). */
  jobs?: Js;
  /** Addresses that users register, and that are told of changes: `/v1/webhooks` (default: there are none). */
  webhooks?: WebhookOptions<keyof Rs & string>;
  /**
   * Mail of the app's own code, `context.mail.send`, with its sender where `--mail-from` names none (default: no mail, unless
   * `accounts({ email })` needs it).
   */
  mail?: AppMail;
  /** Settings where neither an option nor a variable of the engine says otherwise (default: none). */
  defaults?: AppDefaults;
  /** The app's documented routes (default: none, the uniform API alone). */
  contract?: (context: ContractContext<Rs, Js, F>) => Contract<C>;
  /**
   * Routes of the app's own beside the uniform API, with its errors and its strictness, in the OpenAPI document (default: none).
   * Their paths stand as they are written, under the app's own.
   */
  routes?: (context: ContractContext<Rs, Js, F>) => readonly R[];
  /** Code that runs before a process serves requests; what it throws ends the start (default: none). */
  start?: ProcessHooks<ContractContext<Rs, Js, F>>;
  /** Code that runs when a process has served its last request; what it throws is logged (default: none). */
  stop?: ProcessHooks<ContractContext<Rs, Js, F>>;
  /** Whether the uniform API is served under `/v1` (default: true). Without, the contract alone is. */
  uniform?: boolean;
}

/** Settings of an installation that an app knows by its own variables; a change needs a start. */
export interface AppDefaults {
  /** A `postgres://` URL (default: none, SQLite in the data folder). */
  readonly database?: string | undefined;
  /** The administrator's secret (default: one is generated at the first start). */
  readonly administratorSecret?: string | undefined;
}

/** The mail of an app. */
export interface AppMail {
  /** `The practice <desk@example.org>` (default: `app@localhost`). */
  readonly from?: string;
}

/**
 * One declared backend. `C` are the routes of its contract, `R` its own: as typed clients call them.
 *
 * @internal
 */
export interface App<
  Rs extends Resources = Resources,
  Js extends Jobs = Jobs,
  F extends Fields = Fields,
  C extends Route = Route,
  R extends Route = Route,
> {
  readonly name: string;
  readonly description: string;
  readonly accounts: Accounts<F>;
  readonly resources: Rs;
  readonly jobs: Js;
  readonly webhooks: Webhooks | undefined;
  readonly mail: AppMail | undefined;
  readonly defaults: AppDefaults;
  readonly contract: Make<Rs, Js, F, Contract<C>> | undefined;
  readonly routes: Make<Rs, Js, F, readonly R[]> | undefined;
  readonly start: { readonly [K in keyof ProcessHooks<never>]: Make<Rs, Js, F, Promise<void>> };
  readonly stop: { readonly [K in keyof ProcessHooks<never>]: Make<Rs, Js, F, Promise<void>> };
  readonly uniform: boolean;
}

/** A method's type, which lets every app stand where some app is asked for: an engine gives each its own context. */
type Make<Rs extends Resources, Js extends Jobs, F extends Fields, T> = {
  make(context: ContractContext<Rs, Js, F>): T;
}['make'];

/**
 * Declares a backend: its resources, accounts and, optionally, its contract.
 *
 * @throws {TypeError} with the path and the remedy (`forum.articles.author: ...`) where the declaration is wrong.
 * @example
 * const notes = resource({ fields: { title: text() }, can: { read: anyone, create: signedIn } });
 * export default app({ name: 'notes', accounts: accounts(), resources: { notes } });
 */
export function app<
  const Rs extends Resources,
  const Js extends Jobs = Record<never, never>,
  const F extends Fields = Record<never, never>,
  C extends Route = never,
  R extends Route = never,
>(options: AppOptions<Rs, Js, F, C, R>): App<Rs, Js, F, C, R> {
  const { webhooks, tables } = declareWebhooks(options.webhooks, options.resources);
  const declared: App<Rs, Js, F, C, R> = {
    name: options.name,
    description: options.description ?? '',
    // Without own fields there are none: what `F` is by default.
    accounts: options.accounts ?? (accounts() as unknown as Accounts<F>),
    // Those of webhooks are the engine's own: no service of the app's code has their types.
    resources: webhooks ? { ...options.resources, ...tables } : options.resources,
    // Without jobs there are none: what `Js` is by default.
    jobs: options.jobs ?? ({} as Js),
    webhooks,
    mail: options.mail ?? (options.accounts?.email === undefined ? undefined : {}),
    defaults: options.defaults ?? {},
    contract: options.contract,
    routes: options.routes,
    start: options.start ?? {},
    stop: options.stop ?? {},
    uniform: options.uniform ?? true,
  };
  const mistakes = [
    ...checkOptions(options),
    ...(options.webhooks === undefined
      ? []
      : below('.webhooks', checkWebhooks(options.resources, options.webhooks))),
  ];
  checkApp(declared.name, declared.resources, declared.accounts, mistakes);
  checkJobs(declared.name, declared.jobs, withAccounts(declared.resources, declared.accounts));
  return Object.freeze(declared);
}

const checkOptions = optionsOf<AppOptions<Resources>>('app()', {
  name: anything,
  description: aString,
  accounts: expects('accounts({ ... })', (value) => isObject(value) && isObject(value.id)),
  resources: expects('an object of resources', isObject),
  jobs: expects('an object of jobs', isObject),
  mail: optionsOf<AppMail>('mail', { from: aString }),
  defaults: optionsOf<AppDefaults>('defaults', { database: aString, administratorSecret: aString }),
  webhooks: anything,
  uniform: aBoolean,
  contract: aFunction,
  routes: aFunction,
  start: processHooks('start'),
  stop: processHooks('stop'),
});
