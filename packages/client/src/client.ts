import type {
  App,
  BodyOf,
  Field,
  IdOf,
  PatchOf,
  Resource,
  Resources,
  RowId,
  RowOf,
  ServerSet,
} from 'trestle';
import type { Account, AccountPatch, Route, SignUpBody } from 'trestle/contract';
import { type BatchResults, type BatchRows, type BatchValues, membersOf, sendBatch } from './batch.ts';
import type { Result } from './problems.ts';
import { type RouteClient, untypedRoutes } from './routes.ts';
import { type RowClient, UntypedRows } from './rows.ts';
import { type ClientOptions, type RequestOptions, type Tokens, Transport, tokensOf } from './transport.ts';

type ResourcesOf<A> = A extends { readonly resources: infer Rs extends Resources } ? Rs : Resources;
type OwnFields<A> = A extends App<infer _Rs, infer _Js, infer F> ? F : Record<never, never>;
/** The resources that relations lead to: those of the app, and its accounts. */
type Reachable<A> = ResourcesOf<A> & {
  readonly accounts: Resource<{
    fields: OwnFields<A> & { username: Field<ServerSet<string>>; created_at: Field<ServerSet<string>> };
    id: RowId;
  }>;
};
type ContractOf<A> =
  A extends App<infer _Rs, infer _Js, infer _F, infer C extends Route, infer _R extends Route> ? C : Route;
type RoutesOf<A> =
  A extends App<infer _Rs, infer _Js, infer _F, infer _C extends Route, infer R extends Route> ? R : Route;
type AccountOf<A> = A extends App<infer _Rs, infer _Js, infer F> ? Account<F> : Account;
type SignUpOf<A> = A extends App<infer _Rs, infer _Js, infer F> ? SignUpBody<F> : Credentials;
type PatchOfAccount<A> =
  A extends App<infer _Rs, infer _Js, infer F> ? AccountPatch<F> : { username?: string };

/** A name and a password to sign in with. */
export interface Credentials {
  /** The user name, or a value of a field that `signInBy` names. */
  username: string;
  /** The password. */
  password: string;
}

/** The client of one app. */
export interface Client<A> {
  /** The verbs of each resource. */
  readonly rows: {
    readonly [K in keyof ResourcesOf<A>]: RowClient<
      RowOf<ResourcesOf<A>[K], ResourcesOf<A>>,
      BodyOf<ResourcesOf<A>[K], ResourcesOf<A>>,
      PatchOf<ResourcesOf<A>[K], ResourcesOf<A>>,
      IdOf<ResourcesOf<A>[K]>,
      Reachable<A>,
      K
    >;
  };
  /** The documented routes of the app's contract: `contract.get('/projects/{id}', { params: { id: 7 } })`. */
  readonly contract: RouteClient<ContractOf<A>>;
  /** The app's own routes beside the uniform API. */
  readonly routes: RouteClient<RoutesOf<A>>;
  /** The tokens of the session; undefined where nobody is signed in. */
  readonly tokens: Tokens | undefined;
  /** Makes an account, with its own fields. */
  signUp(body: SignUpOf<A>, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /** Signs in, and keeps the tokens. */
  signIn(credentials: Credentials, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /** Ends the session on the server, and forgets its tokens whatever the server says. */
  signOut(options?: RequestOptions): Promise<Result<undefined>>;
  /** The account that is signed in. */
  me(options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /** Changes the name and the own fields of the account that is signed in. */
  updateMe(patch: PatchOfAccount<A>, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /**
   * Up to 100 reads and writes of rows in one request: all or none of them, or, with `atomic: false`, each by itself. Later items
   * refer to the answers of earlier ones.
   *
   * @param build calls verbs, and gives the items whose answers it wants, in any form.
   * @example
   * const result = await client.batch(({ orders, lines }) => {
   *   const order = orders.create({ customer: 7 });
   *   return { order, line: lines.create({ order: order.id, sku: 'a1' }) };
   * });
   */
  batch<const T>(
    build: (rows: BatchRows<ResourcesOf<A>>) => T,
    options: RequestOptions & { atomic: false },
  ): Promise<Result<BatchResults<T>>>;
  batch<const T>(
    build: (rows: BatchRows<ResourcesOf<A>>) => T,
    options?: RequestOptions & { atomic?: true },
  ): Promise<Result<BatchValues<T>>>;
  /**
   * Any other route of the app, with the credentials, refreshes and retries of the rest.
   *
   * @param path below the app's URL, with its query.
   */
  request(
    method: string,
    path: string,
    options?: RequestOptions & { body?: unknown; headers?: Readonly<Record<string, string>> },
  ): Promise<Result<unknown>>;
}

/**
 * A client of an app, typed by its declaration; nothing of the app is in the client's code.
 *
 * Calls answer results, `{ ok: true, value }` or `{ ok: false, problem }`, and throw nothing. Access tokens are refreshed when
 * the server refuses them, once for all requests that wait; reads that fail on the way are tried again with growing, random
 * delays. Writes name the version that was read last, so that nobody's edit is overwritten unseen.
 *
 * @example
 * import type app from './app.ts';
 * const client = createClient<typeof app>({ url: 'https://example.com' });
 * await client.signIn({ username: 'ada', password });
 * const result = await client.rows.projects.patch(7, { active: false });
 * if (!result.ok && result.problem.code === 'precondition_failed') merge(result.problem.mine, result.problem.theirs);
 * for await (const project of client.rows.projects.all({ filter: { title: { icontains: 'log' } } })) show(project);
 */
export function createClient<A extends Pick<App, 'resources'>>(options: ClientOptions): Client<A> {
  const transport = new Transport(options);
  const known = new Map<string, UntypedRows>();
  const rowsOf = (name: string) => {
    const made = known.get(name) ?? new UntypedRows(transport, name);
    known.set(name, made);
    return made;
  };
  // What the routes of an app are follows from its type; at run time any path has its verbs.
  const routes = untypedRoutes(transport) as unknown as Client<A>['contract'] & Client<A>['routes'];
  const bodyOf = async <Value>(sending: Parameters<Transport['send']>[0]): Promise<Result<Value>> => {
    const result = await transport.send(sending);
    // What the routes answer is what the server's own tests hold.
    return result.ok ? { ok: true, value: result.value.body as Value } : result;
  };
  return {
    // The names of resources are those of the declaration's type; at run time any name has its verbs.
    rows: membersOf(rowsOf) as unknown as Client<A>['rows'],
    contract: routes,
    routes,
    // The answers of a batch have the form that its types say.
    batch: ((build, own) => sendBatch(transport, rowsOf, build, own)) as Client<A>['batch'],
    get tokens() {
      return transport.tokens;
    },
    signUp: (body, own) => bodyOf({ method: 'POST', path: '/v1/accounts', body, ...own }),
    async signIn(body, own) {
      const sending = { method: 'POST', path: '/v1/sessions', body, isPublic: true, ...own };
      const result = await bodyOf<{ account: AccountOf<A> }>(sending);
      if (!result.ok) return result;
      known.clear();
      transport.keep(tokensOf(result.value));
      return { ok: true, value: result.value.account };
    },
    async signOut(own) {
      const session = transport.tokens?.session;
      if (session === undefined) return { ok: true, value: undefined };
      const path = `/v1/sessions/${encodeURIComponent(session)}`;
      const result = await bodyOf<undefined>({ method: 'DELETE', path, ...own });
      known.clear();
      transport.keep(undefined);
      return result;
    },
    me: (own) => bodyOf({ method: 'GET', path: '/v1/me', ...own }),
    updateMe: (body, own) => bodyOf({ method: 'PATCH', path: '/v1/me', body, ...own }),
    request: (method, path, own) => bodyOf({ method, path, ...own }),
  };
}
