import type { Static, TSchema } from 'typebox';
import type { Problem, ProblemCode } from '../../problems.ts';
import type { Caller, Origin, Transaction } from '../caller.ts';
import type { Rule } from '../rules.ts';
import type { ByteContent } from './bytes.ts';

/** A method that routes have. HEAD and OPTIONS are answered without a route of their own. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Where a contract takes credentials from, beside the Bearer header, which is always taken: under another scheme of the
 * Authorization header (`Token eyJ...`), in a header, a cookie, or a member of the query or the body. Cookies count in requests of
 * pages of this origin alone, where a request changes something.
 *
 * @example
 * const credentials: CredentialPlace[] = [{ in: 'authorization', scheme: 'Token', for: 'token' }];
 */
export type CredentialPlace =
  | ((
      | {
          readonly in: 'authorization';
          /** The scheme before the credential, such as `Token`. */
          readonly scheme: string;
        }
      | {
          /** The part of the request. */
          readonly in: 'header' | 'cookie' | 'query' | 'body';
          /** The name of the header, cookie, parameter or member. */
          readonly name: string;
        }
    ) & {
      /** An access token or an API key; an API key alone; the administrator's secret. */
      readonly for: 'token' | 'key' | 'administrator';
    })
  /** A ticket of `POST /v1/tickets`. Every GET that `produces` something other than JSON takes one from `ticket`. */
  | {
      readonly in: 'query';
      /** The name of the parameter. */
      readonly name: string;
      readonly for: 'ticket';
    }
  /** The session of an operator, of `POST /v1/admin/session`: taken by the uniform API where nothing else is presented. */
  | {
      readonly in: 'cookie';
      /** The name of the cookie. */
      readonly name: string;
      readonly for: 'session';
    };

/** The compile-time types of a request: of its path, its query string and its body. */
export interface RouteTypes {
  /** Of the path's parameters. */
  params: unknown;
  /** Of the query parameters. */
  query: unknown;
  /** Of the body. */
  body: unknown;
}

/** The request that a route's handler is called with. It is a `Context` for the services. */
export interface RouteRequest<T extends RouteTypes = RouteTypes> {
  /** Who makes the request. */
  caller: Caller;
  /** The path's parameters. */
  params: T['params'];
  /** The query parameters. */
  query: T['query'];
  /** The body. */
  body: T['body'];
  /** Where it came from. */
  origin: Origin;
  /** The transaction that verbs join which are given the request: where it has an Idempotency-Key. */
  transaction?: Transaction;
  /** Writes an operator's act down in the transaction of what it changed. @internal */
  recordAct?: (transaction: Transaction, answer: Answer) => Promise<void>;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Aborts when the client goes away. */
  signal: AbortSignal;
  /** The path this contract is reached under: '' alone, `/messages` with others, after the prefix of a proxy. */
  base: string;
  /** The request's own target as the client sees it, for Link headers. */
  url: string;
  /** `HEAD` runs the code of its GET; what a read does beside reading (counting) is left out then: `peek` in place of `read`. */
  method: string;
}

/** The answer of a route: `answer()`, `bytes()` and `file()` make one. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** Sent as JSON; undefined for none. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly bytes?: ByteContent;
  /** Response headers beside those of the body (default: none). */
  readonly headers?: Readonly<Record<string, string>>;
}

type AnswerSchemas = Readonly<Record<number, TSchema | null>>;

/** The schemas of a route, as `RouteOptions` takes them. */
interface RouteSchemas {
  params?: TSchema | undefined;
  query?: TSchema | undefined;
  body?: TSchema | undefined;
  answers?: AnswerSchemas;
}

type StaticOf<S> = S extends TSchema ? Static<S> : Record<string, never>;

/**
 * The types that follow from a route's schemas: exported, because the declarations of users' routes name it.
 *
 * @internal
 */
export type RouteTypesOf<S extends RouteSchemas> = { [K in keyof RouteTypes]: StaticOf<S[K]> };

/** Schemas, rule and documentation of a route. */
export interface RouteOptions<S extends RouteSchemas = RouteSchemas> {
  /** One line for the documentation. */
  summary: string;
  /** More than the line, in CommonMark (default: who may call it). */
  description?: string;
  /** The name that generated clients call it by (default: method and path, `getProjectsId`). */
  operationId?: string;
  /** The heading under which the documentation lists it (default: the first segment of its path). */
  tag?: string;
  /**
   * The rule of the declaration that this route stands under: asked before anything else, so that a 401 comes first.
   * Left out, the route looks at no credentials at all and its caller is anonymous: sign-up and sign-in, which a client
   * with an expired token must be able to use (default: none).
   */
  can?: Rule;
  /** The schema of the path's parameters; texts become what it says (default: none). */
  params?: S['params'];
  /** Query parameters; texts become what the schema says. Unknown ones are ignored, as the originals did (default: none). */
  query?: S['query'];
  /** Query parameters are checked before the route runs (default), or the route reads the texts itself. */
  checkQuery?: boolean;
  /** The body, JSON or form; members it does not name are ignored, never applied (default: none). */
  body?: S['body'];
  /**
   * Bodies that fail their schema become `invalid` problems before the route runs (default), or the route checks the members
   * itself; what is no object where the schema says one is `invalid` in any case.
   */
  checkBody?: boolean;
  /** Also takes `multipart/form-data` bodies, whose files are `UploadedFile`s (default: the contract's). */
  multipart?: boolean;
  /** Takes numbers and booleans of JSON bodies also as strings, `"7"` for 7 (default: the contract's). */
  coerce?: boolean;
  /**
   * Takes `Idempotency-Key` (default: true for the uniform routes that write rows, else false): a repetition within 24 hours is
   * answered with the first answer, and writes nothing. Its code then gives the request to every verb that writes, and waits
   * for nothing but services: `services.notes.create(request, request.body)`.
   */
  idempotent?: boolean;
  /**
   * Its code gives the request to every verb that writes, and waits for nothing but services, so that an operator's change and its
   * entry in the audit are one transaction (default: as `idempotent`; else the entry follows the change).
   */
  transactional?: boolean;
  /** Maximum bytes of the body (default: 1 MiB). */
  maxBody?: number;
  /**
   * Refuses a request without a body (default: true; false for DELETE in a contract). A contract's missing body is an empty one
   * where the schema refuses that, so that errors name the members that are missing.
   */
  bodyRequired?: boolean;
  /** Names of request header fields that the route goes by, for the documentation (default: none). */
  headers?: readonly string[];
  /** Names of response header fields of its answers, for the documentation (default: none). */
  sends?: readonly string[];
  /**
   * Problems that its code raises beside those that follow from its schemas and its rule, for the documentation (default: none);
   * a `Problem` where the contract's words depend on more than the code.
   */
  raises?: readonly (ProblemCode | Problem)[];
  /** The media type of what it answers where it does not fail (default: `application/json`). */
  produces?: string;
  /** Schemas of the answers by status; null for an answer without a body. */
  answers: S['answers'] & AnswerSchemas;
  /** A GET that changes something, as some originals have it: HEAD does not run it (405). Default: false. */
  changes?: boolean;
  /**
   * Changes no rows, so that callers who may read alone may call it, though it is no GET (default: false): the end of the
   * caller's own session.
   */
  readOnly?: boolean;
  /**
   * Safe in the sense of RFC 9110, section 9.2.1, though it is no GET: it reads alone, by a query in its body. So it is `readOnly`, and
   * an administrator may look by it as another account (default: false).
   */
  safe?: boolean;
  /** For the documentation: the OAuth2 password form of this route signs Swagger UI in (default: false). */
  signsIn?: boolean;
}

/** A route as a typed client calls it. A type only. */
export interface RouteCall extends RouteTypes {
  /** The method. */
  method: Method;
  /** The path as it is declared: `/projects/:id`. */
  path: string;
  /** The body of an answer that is no failure. */
  answer: unknown;
}

type Answered<A> = {
  [K in keyof A & number]: `${K}` extends `2${string}`
    ? A[K] extends TSchema
      ? Static<A[K]>
      : undefined
    : never;
}[keyof A & number];

/** One documented route of a contract. */
export interface Route<C extends RouteCall = RouteCall> {
  /** The method it answers. */
  readonly method: Method;
  /** Fastify's form: `/projects/:id`. Stands with and without a trailing slash. */
  readonly path: string;
  /** Schemas, rule and documentation. */
  readonly options: RouteOptions;
  /** Answers a request. */
  readonly handle: (
    request: RouteRequest<{ params: never; query: never; body: never }>,
  ) => Promise<Answer> | Answer;
  /** A type only. @internal */
  readonly $call?: C;
}

/**
 * Declares one route of a contract. The types of `params`, `query` and `body` follow from their schemas; method,
 * path and answers are part of its type, so that a typed client can call it.
 *
 * @throws what the handler throws: a `Problem` becomes the contract's error answer, any other error `internal` (500).
 * @example
 * const Id = Type.Object({ id: Type.String() });
 * route('GET', '/notes/:id', { summary: 'Read', can: rules.notes.read, params: Id, answers: { 200: schemas.notes.row } },
 *   async (request) => answer(200, await services.notes.read(request, request.params.id)));
 */
export function route<
  const M extends Method,
  const Path extends string,
  const P extends TSchema | undefined = undefined,
  const Q extends TSchema | undefined = undefined,
  const B extends TSchema | undefined = undefined,
  const A extends AnswerSchemas = AnswerSchemas,
>(
  method: M,
  path: Path,
  options: RouteOptions<{ params: P; query: Q; body: B; answers: A }>,
  handle: (request: RouteRequest<RouteTypesOf<{ params: P; query: Q; body: B }>>) => Promise<Answer> | Answer,
): Route<RouteTypesOf<{ params: P; query: Q; body: B }> & { method: M; path: Path; answer: Answered<A> }> {
  return { method, path, options, handle };
}

/**
 * An answer with a JSON body.
 *
 * @example
 * answer(201, { id: 7 }, { location: '/notes/7' });
 */
export function answer(status: number, body?: unknown, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body, ...(headers && { headers }) };
}
