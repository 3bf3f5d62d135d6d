import type { Accounts } from './accounts.ts';
import type { Field } from './field.ts';
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
export interface AppOptions<Rs extends Resources> {
  /** Lower-case letters, digits and dashes: names the database, the path and the tokens' issuer. */
  name: string;
  /** One line for the documentation. */
  description?: string;
  accounts?: Accounts;
  resources: Rs & Checked<Rs>;
  /** The app's documented routes (default: none, the uniform API alone). */
  contract?: (context: ContractContext<Rs>) => Contract;
}

/** One declared backend. */
export interface App<Rs extends Resources = Resources> {
  readonly name: string;
  readonly description: string;
  readonly accounts: Accounts;
  readonly resources: Rs;
  readonly contract: MakeContract<Rs> | undefined;
}

/** A method's type, which lets every app stand where some app is asked for: an engine gives each contract its own context. */
type MakeContract<Rs extends Resources> = { make(context: ContractContext<Rs>): Contract }['make'];
