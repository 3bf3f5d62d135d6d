import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteOptions,
} from 'fastify';
import type { Authenticator } from '../../accounts/authenticator.ts';
import { admission as admissionBy } from '../../rows/policy.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Answer, CredentialPlace, Route, RouteRequest } from '../../schema/contract.ts';
import type { Rule } from '../../schema/rules.ts';
import { callerOf, placesFor } from '../requests/credentials.ts';
import { HandledRequest } from '../requests/handled-request.ts';
import { contractInput, type InputReader, uniformInput } from '../requests/route-input.ts';
import { Turn } from '../server/response-batch.ts';
import { sendAnswer } from './send-answer.ts';

/** Routes that stand under one path and read their requests in one way. */
export interface RouteTable {
  readonly style: 'contract' | 'uniform';
  /** Below the app's base: `` or `/v1`. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly places: readonly CredentialPlace[];
}

/** What a client may also name that asks for another media type than JSON: failures come in these. */
const FAILURES = {
  contract: ['application/json'],
  uniform: ['application/json', 'application/problem+json'],
} as const;

type Handle = (request: RouteRequest<unknown, unknown, unknown>) => Promise<Answer> | Answer;

/** Puts every route of a table on the server. */
export function addRoutes(
  fastify: FastifyInstance,
  authenticate: Authenticator,
  base: string,
  table: RouteTable,
): void {
  for (const route of table.routes) {
    const options = routeOptions(route, table, authenticate, base);
    for (const url of urlsOf(base, table, route.path)) fastify.route({ ...options, url });
  }
}

/**
 * Contract routes stand with and without a trailing slash, uniform ones without; their verbs after a colon stand after a
 * slash too, for proxies that object to the colon.
 */
function urlsOf(base: string, { prefix, style }: RouteTable, path: string): string[] {
  const url = `${base}${prefix}${path.replace(/\/$/, '')}`;
  if (style === 'contract') return url === '' ? ['/'] : [url, `${url}/`];
  return url.includes('::') ? [url, url.replace(/(?:\([^)]*\))?::/, '/')] : [url];
}

function routeOptions(
  route: Route,
  table: RouteTable,
  authenticate: Authenticator,
  base: string,
): Omit<RouteOptions, 'url'> {
  // A route's checks are compiled when it is first asked for: all of them at once would double the time of a start.
  let read: InputReader | undefined;
  // A route's types were checked where it was declared; here its input is what its schemas let through.
  const handle = route.handle as Handle;
  const { produces } = route.options;
  return {
    method: route.method,
    config: { route, ...(produces && { produces: [produces, ...FAILURES[table.style]] }) },
    ...(route.options.changes && { exposeHeadRoute: false }),
    ...admission(authenticate, table, route.options.can),
    handler: async (request, reply) => {
      const turn = Turn.ofRequest();
      read ??= table.style === 'contract' ? contractInput(route) : uniformInput(route);
      const answer = await handle(new HandledRequest(request, reply, base, read(request)));
      const rest = turn.rest();
      if (rest) await rest;
      // A reply is a thenable: handed back without need, it would be waited for once more.
      return sendAnswer(reply, answer) ? undefined : reply;
    },
  };
}

/**
 * Credentials and the route's rule come before anything else of a request, its body included, so that nobody makes the
 * server work who may not; only where a contract takes tokens in the body is that read first.
 */
function admission(authenticate: Authenticator, table: RouteTable, rule: Rule | undefined) {
  if (!rule) return {};
  const places = table.style === 'contract' ? placesFor(table.places, rule) : table.places;
  const authorize = admissionBy(rule);
  const enter = (caller: Caller, request: FastifyRequest, reply: FastifyReply) => {
    request.caller = caller;
    if (caller.kind === 'key') recordUse(authenticate, caller, request, reply);
    authorize(caller);
  };
  // Most callers are known without waiting; a promise would cost every request more than all the rest of this.
  const admit: onRequestHookHandler = (request, reply, done) => {
    const caller = callerOf(request, places, authenticate);
    if (caller instanceof Promise) {
      caller.then((known) => enter(known, request, reply)).then(() => done(), done);
    } else {
      enter(caller, request, reply);
      done();
    }
  };
  return places.some((place) => place.in === 'body') ? { preHandler: admit } : { onRequest: admit };
}

/** Notes the use of a key once its answer is out, whatever that was. */
function recordUse(
  authenticate: Authenticator,
  caller: Caller,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { method, ip } = request;
  const route = request.routeOptions.url ?? '';
  reply.raw.once('close', () => {
    const use = { at: new Date().toISOString(), method, route, status: reply.statusCode, source: ip };
    authenticate.used(caller, use);
  });
}
