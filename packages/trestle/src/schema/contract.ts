import type { Static, TSchema, TUnsafe } from 'typebox';
import type { Problem } from '../problems.ts';
import type { Caller } from './caller.ts';
import type { Resource } from './resource.ts';
import type { BodyOf, PatchOf, Resources, RowOf } from './row-types.ts';
import type { Rule, Rules } from './rules.ts';
import type { AccountService, KeyService, Origin } from './services/account-service.ts';
import type { OperationService } from './services/operation-service.ts';
import type { Services } from './services/row-service.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Where a contract takes credentials from. A Bearer header is always taken. */
export type CredentialPlace =
  | { readonly in: 'header' | 'query'; readonly name: string; readonly for: 'key' | 'administrator' }
  | { readonly in: 'body'; readonly name: string; readonly for: 'token' };

/** What a route's code is given. */
export interface RouteRequest<P, Q, B> {
  caller: Caller;
  params: P;
  query: Q;
  body: B;
  origin: Origin;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Aborts when the client goes away. */
  signal: AbortSignal;
  /** The path this contract stands under: '' alone, `/messages` with others. */
  base: string;
  /** The request's own target, for Link headers. */
  url: string;
  /** `HEAD` runs the code of its GET; what a read does beside reading (counting) is left out then: `peek` in place of `read`. */
  method: string;
}

/** A body to send in parts as it is made, so that memory stays flat. */
export interface Streamed {
  readonly stream: AsyncIterable<string>;
  readonly type: string;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; undefined for none. */
  readonly body?: unknown;
  readonly streamed?: Streamed;
  readonly headers?: Readonly<Record<string, string>>;
}

type StaticOf<S> = S extends TSchema ? Static<S> : Record<string, never>;

export interface RouteOptions<P, Q, B> {
  /** One line for the documentation. */
  summary: string;
  tag?: string;
  /**
   * The rule of the declaration that this route stands under: asked before anything else, so that a 401 comes first.
   * Left out, the route looks at no credentials at all and its caller is anonymous: sign-up and sign-in, which a client
   * with an expired token must be able to use.
   */
  can?: Rule;
  params?: P;
  /** Query parameters; texts become what the schema says. Unknown ones are ignored, as the originals did. */
  query?: Q;
  /** Query parameters are checked before the route runs (default), or the route reads the texts itself. */
  checkQuery?: boolean;
  /** The body, JSON or form; members it does not name are ignored, never applied. */
  body?: B;
  /** Bodies that fail their schema become `invalid` problems before the route runs (default), or the route checks itself. */
  checkBody?: boolean;
  /** Names of request header fields that the route goes by, for the documentation (default: none). */
  headers?: readonly string[];
  /** The media type of what it answers where it does not fail (default: `application/json`). */
  produces?: string;
  /** Schemas of the answers by status; null for an answer without a body. */
  answers: Readonly<Record<number, TSchema | null>>;
  /** A GET that changes something, as some originals have it: HEAD does not run it (405). Default: false. */
  changes?: boolean;
  /** For the documentation: the OAuth2 password form of this route signs Swagger UI in. */
  signsIn?: boolean;
}

/** One documented route of a contract. */
export interface Route {
  readonly method: Method;
  /** Fastify's form: `/projects/:id`. Stands with and without a trailing slash. */
  readonly path: string;
  readonly options: RouteOptions<TSchema | undefined, TSchema | undefined, TSchema | undefined>;
  readonly handle: (request: RouteRequest<never, never, never>) => Promise<Answer> | Answer;
}

/** An error in a contract's own words. */
export interface ErrorAnswer {
  status: number;
  body: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** What is known of a request that failed. `route` is undefined where no route was found. */
export interface FailedRequest {
  method: string;
  path: string;
  route: Route | undefined;
  params: Readonly<Record<string, string>>;
  /** What the answer's `X-Request-Id` and the log line say. */
  requestId: string;
}

/** An app's documented routes: thin adapters over services, and its own error shape. */
export interface Contract {
  readonly routes: readonly Route[];
  readonly errors: (problem: Problem, request: FailedRequest) => ErrorAnswer;
  /** The shape of what `errors` answers, for the documentation (default: any). */
  readonly errorShape?: TSchema;
  readonly credentials?: readonly CredentialPlace[];
  /** Where Swagger UI and ReDoc stand (default: `/docs` and `/redoc`); Swagger UI stands at `/docs` in any case. */
  readonly pages?: { readonly swagger?: string; readonly redoc?: string };
}

/** JSON Schemas of one resource, typed by its declaration. */
export interface ResourceSchemas<R extends Resource, Rs> {
  readonly row: TUnsafe<RowOf<R, Rs>>;
  /** Of POST and PUT. */
  readonly body: TUnsafe<BodyOf<R, Rs>>;
  /** Of PATCH. */
  readonly patch: TUnsafe<PatchOf<R, Rs>>;
}

/** What a contract is built over: the services of its app. */
export interface ContractContext<Rs extends Resources> {
  /** The declared rules, so that a route names its own and never repeats it: `can: rules.notes.create`. */
  rules: { readonly [K in keyof Rs]: Required<Rules> };
  /** The schemas of rows and bodies as declared, so that a contract says once more only what it says differently. */
  schemas: { readonly [K in keyof Rs]: ResourceSchemas<Rs[K], Rs> };
  services: Services<Rs>;
  accounts: AccountService;
  keys: KeyService;
  operations: OperationService;
}

/** Declares one route. The types of `params`, `query` and `body` follow from their schemas. */
export function route<
  const P extends TSchema | undefined = undefined,
  const Q extends TSchema | undefined = undefined,
  const B extends TSchema | undefined = undefined,
>(
  method: Method,
  path: string,
  options: RouteOptions<P, Q, B>,
  handle: (request: RouteRequest<StaticOf<P>, StaticOf<Q>, StaticOf<B>>) => Promise<Answer> | Answer,
): Route {
  return { method, path, options, handle };
}

/** An answer with a JSON body. */
export function answer(status: number, body?: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body, ...(headers && { headers }) };
}
