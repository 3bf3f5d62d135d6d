import type { TSchema, TUnsafe } from 'typebox';
import type { Problem } from '../../problems.ts';
import type { RunTransaction } from '../caller.ts';
import type { JobServices, Jobs } from '../jobs.ts';
import type { Fields, Resource } from '../resource.ts';
import type { BodyOf, PatchOf, Resources, RowOf } from '../row-types.ts';
import type { Rules } from '../rules.ts';
import type { AccountService, KeyService } from '../services/account-service.ts';
import type { MailService } from '../services/mail-service.ts';
import type { OperationService } from '../services/operation-service.ts';
import type { Services } from '../services/row-service.ts';
import type { CredentialPlace, Route } from './route.ts';

/** An error in a contract's own words. */
export interface ErrorAnswer {
  /** The HTTP status. */
  status: number;
  /** Sent as JSON. */
  body: unknown;
  /** Response headers (default: none). */
  headers?: Readonly<Record<string, string>>;
}

/** A failed request. `route` is undefined where no route was found. */
export interface FailedRequest {
  /** The method of the request. */
  method: string;
  /** Without the query, which may hold a key. */
  path: string;
  /** The prefix that a proxy has removed from the path: `` or `/api`. */
  prefix: string;
  /** The route that was called; undefined where no route was found. */
  route: Route | undefined;
  /** The values of the path's parameters. */
  params: Readonly<Record<string, string>>;
  /** The id in the answer's `X-Request-Id` and in the log. */
  requestId: string;
}

/** An app's documented routes: thin adapters over services, and its own error shape. */
export interface Contract<R extends Route = Route> {
  /** The routes, made by `route()`. */
  readonly routes: readonly R[];
  /** Puts a failed request into the contract's own words. */
  readonly errors: (problem: Problem, request: FailedRequest) => ErrorAnswer;
  /** The shape of what `errors` answers, for the documentation (default: any). */
  readonly errorShape?: TSchema;
  /** Places of credentials beside the Bearer header (default: none). */
  readonly credentials?: readonly CredentialPlace[];
  /** Descriptions of the tags of its routes, for the documentation (default: none). */
  readonly tags?: Readonly<Record<string, string>>;
  /** Whether routes that do not say so themselves take `multipart/form-data` bodies (default: false). */
  readonly multipart?: boolean;
  /** Whether routes that do not say so themselves take numbers and booleans of JSON bodies as strings (default: false). */
  readonly coerce?: boolean;
  /** Paths of the documentation pages; Swagger UI is at `/docs` in any case. */
  readonly pages?: {
    /** Path of Swagger UI (default: `/docs`). */
    readonly swagger?: string;
    /** Path of ReDoc (default: `/redoc`). */
    readonly redoc?: string;
  };
}

/** JSON Schemas of one resource, typed by its declaration. */
export interface ResourceSchemas<R extends Resource, Rs> {
  /** Of a row, as it is read. */
  readonly row: TUnsafe<RowOf<R, Rs>>;
  /** Of POST and PUT. */
  readonly body: TUnsafe<BodyOf<R, Rs>>;
  /** Of PATCH. */
  readonly patch: TUnsafe<PatchOf<R, Rs>>;
}

/** The input of a contract: the services, rules and schemas of its app. */
export interface ContractContext<
  Rs extends Resources,
  Js extends Jobs = Jobs,
  F extends Fields = Record<never, never>,
> {
  /** The declared rules, so that a route names its own and never repeats it: `can: rules.notes.create`. */
  rules: { readonly [K in keyof Rs]: Required<Rules> };
  /** The schemas of rows and bodies as declared, so that a contract says once more only what it says differently. */
  schemas: { readonly [K in keyof Rs]: ResourceSchemas<Rs[K], Rs> };
  /** The schema of what somebody signs up with, as declared. */
  credentials: TSchema;
  /** The verbs of each resource: `services.notes.create(request, body)`. */
  services: Services<Rs>;
  /** Sign-up, sign-in, accounts and sessions. */
  accounts: AccountService<F>;
  /** API keys. */
  keys: KeyService;
  /** Operations of lifecycles, and moves of states. */
  operations: OperationService;
  /** Enqueues each declared job: `jobs.remind.enqueue(request, input, { at, key })`. */
  jobs: JobServices<Js>;
  /** Sends mail: `mail.send(request, { to, subject, text })`. */
  mail: MailService;
  /** Runs verbs of several services in one commit. */
  transaction: RunTransaction;
}

/**
 * Copies limits into a contract's schema for the documentation: those of the members of the same name in another schema, which
 * the service checks after the route, with the contract's own messages. It changes no check.
 *
 * @param limits such as `schemas.notes.body` or `credentials` of the context.
 * @example
 * const NewNote = Type.Object({ title: Type.String() });
 * const options = { summary: 'Create', body: limitedBy(NewNote, schemas.notes.body), answers: { 201: schemas.notes.row } };
 */
export function limitedBy<S extends TSchema>(schema: S, limits: TSchema): S {
  const own = propertiesOf(schema);
  const given = propertiesOf(limits);
  const members = Object.entries(own).map(([name, member]) => {
    const { anyOf = [], ...plain } = given[name] ?? {};
    // Of a nullable member, the limits are those of its values.
    const { type: _type, ...words } = Object.assign({}, plain, ...[anyOf].flat());
    return [name, { ...member, 'x-limits': words }];
  });
  return { ...schema, properties: Object.fromEntries(members) };
}

function propertiesOf(schema: TSchema): Record<string, Record<string, unknown>> {
  return 'properties' in schema ? (schema.properties as Record<string, Record<string, unknown>>) : {};
}
