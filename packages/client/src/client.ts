import type { App, BodyOf, IdOf, PatchOf, Resources, RowOf } from 'trestle';
import type { Account, AccountPatch, SignUpBody } from 'trestle/contract';
import type { Result } from './problems.ts';
import { type RowClient, UntypedRows } from './rows.ts';
import { type RequestOptions, type Tokens, Transport, type TransportOptions, tokensOf } from './transport.ts';

/** Options of a client. */
export interface ClientOptions extends TransportOptions {}

type ResourcesOf<A> = A extends App<infer Rs> ? Rs : Resources;
type AccountOf<A> = A extends App<infer _Rs, infer _Js, infer F> ? Account<F> : Account;
type SignUpOf<A> = A extends App<infer _Rs, infer _Js, infer F> ? SignUpBody<F> : Credentials;
type PatchOfAccount<A> =
  A extends App<infer _Rs, infer _Js, infer F> ? AccountPatch<F> : { username?: string };

interface Credentials {
  username: string;
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
      ResourcesOf<A>,
      K
    >;
  };
  /** The tokens of the session; undefined where nobody is signed in. */
  readonly tokens: Tokens | undefined;
  /** Makes an account, with its own fields. */
  signUp(body: SignUpOf<A>, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  signIn(credentials: Credentials, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /** Ends the session on the server, and forgets its tokens whatever the server says. */
  signOut(options?: RequestOptions): Promise<Result<undefined>>;
  /** The account that is signed in. */
  me(options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /** Changes the name and the own fields of the account that is signed in. */
  updateMe(patch: PatchOfAccount<A>, options?: RequestOptions): Promise<Result<AccountOf<A>>>;
  /**
   * Any other route of the app, such as one of its contract, with the credentials, refreshes and retries of the rest.
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
export function createClient<A extends App<Resources>>(options: ClientOptions): Client<A> {
  const transport = new Transport(options);
  const known = new Map<string, UntypedRows>();
  const rows = new Proxy(Object.freeze({}), {
    get(_target, name) {
      // A promise that resolves to this object asks whether it is one itself.
      if (typeof name !== 'string' || name === 'then') return undefined;
      const made = known.get(name) ?? new UntypedRows(transport, name);
      known.set(name, made);
      return made;
    },
  });
  const bodyOf = async <Value>(sending: Parameters<Transport['send']>[0]): Promise<Result<Value>> => {
    const result = await transport.send(sending);
    // What the routes answer is what the server's own tests hold.
    return result.ok ? { ok: true, value: result.value.body as Value } : result;
  };
  return {
    // The names of resources are those of the declaration's type; at run time any name has its verbs.
    rows: rows as unknown as Client<A>['rows'],
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
