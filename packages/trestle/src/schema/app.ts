import type { Accounts } from './accounts.ts';
import type { Field } from './field.ts';
import type { Jobs } from './jobs.ts';
import type { Contract, ContractContext } from './route.ts';
import type { FieldsOf, Resources } from './row-types.ts';

type TargetOf<F> = F extends Field<infer T> ? (T extends { target: infer Name } ? Name : never) : never;
type Targets<R> = { [K in keyof FieldsOf<R>]: TargetOf<FieldsOf<R>[K]> }[keyof FieldsOf<R>];

/** Each resource itself; or, where it refers to one that is not declared, a type whose text says what to do. */
type Checked<Rs extends Resources> = {
  [K in keyof Rs]: Exclude<Targets<Rs[K]>, keyof Rs> extends never
    ? Rs[K]
    : `reference('${Exclude<Targets<Rs[K]>, keyof Rs> & string}'): declare that resource in app({ resources })`;
};

/** What an app is declared with. */
export interface AppOptions<Rs extends Resources, Js extends Jobs = Jobs> {
  /** Lower-case letters, digits and dashes: names the database, the path and the tokens' issuer. */
  name: string;
  /** One line for the documentation. */
  description?: string;
  accounts?: Accounts;
  resources: Rs & Checked<Rs>;
  /** Code that is run in the background, on a schedule or when it is enqueued (default: none). */
  jobs?: Js;
  /** The app's documented routes (default: none, the uniform API alone). */
  contract?: (context: ContractContext<Rs, Js>) => Contract;
}

/** One declared backend. */
export interface App<Rs extends Resources = Resources, Js extends Jobs = Jobs> {
  readonly name: string;
  readonly description: string;
  readonly accounts: Accounts;
  readonly resources: Rs;
  readonly jobs: Js;
  readonly contract: MakeContract<Rs, Js> | undefined;
}

/** A method's type, which lets every app stand where some app is asked for: an engine gives each contract its own context. */
type MakeContract<Rs extends Resources, Js extends Jobs> = {
  make(context: ContractContext<Rs, Js>): Contract;
}['make'];
