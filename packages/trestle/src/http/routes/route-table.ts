import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteOptions,
} from 'fastify';
import type { Authenticator } from '../../accounts/authenticator.ts';
import type { Audit } from '../../accounts/operators/audit.ts';
import type { Store } from '../../database/store.ts';
import type { IdempotencyKeys } from '../../rows/idempotency/idempotency-keys.ts';
import { standings } from '../../rows/policy.ts';
import { refuse } from '../../rows/rules/caller-class.ts';
import type { Origin } from '../../schema/caller.ts';
import { anonymous, type Caller, type Transaction } from '../../schema/caller.ts';
import type { Answer, CredentialPlace, Route, RouteRequest } from '../../schema/routes/route.ts';
import type { AccountService } from '../../schema/services/account-service.ts';
import { contractInput, type Input, type InputReader, uniformInput } from '../requests/input.ts';
import { callerOf, placesOf, splitPlaces } from '../requests/presented-credential.ts';
import type { ResponseStreams } from '../server/response-streams.ts';
import { AuditedRoute } from './audited-requests.ts';
import { answerOnce } from './idempotency.ts';
import { ResponseBatch, sendAnswer } from './send-answer.ts';
import { isDry } from './uniform/write-routes.ts';
import { VIEW_AS, viewedAs } from './view-as.ts';

/** Routes under one path that read their requests in one way. */
export interface RouteTable {
  readonly style: 'contract' | 'uniform';
  /** Below the app's base: `` or `/v1`. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly places: readonly CredentialPlace[];
}

/** Of the app whose routes they are, and of the server. */
interface RouteContext {
  readonly authenticate: Authenticator;
  readonly idempotency: IdempotencyKeys;
  readonly audit: Audit;
  readonly store: Store;
  readonly accounts: AccountService;
  readonly base: string;
  readonly streams: ResponseStreams;
}

type Handle = (request: RouteRequest) => Promise<Answer> | Answer;

/**
 * Puts every route of a table on the server. Contract routes stand with and without a trailing slash, uniform ones without;
 * their verbs after a colon stand after a slash too, for proxies that object to the colon.
 */
export function addRoutes(fastify: FastifyInstance, table: RouteTable, context: RouteContext): void {
  for (const route of table.routes) {
    const url = `${context.base}${table.prefix}${route.path.replace(/\/$/, '')}`;
    const isContract = table.style === 'contract';
    const second = isContract ? `${url}/` : url.replace(/(?:\([^)]*\))?::/, '/');
    const options = routeOptions(route, table, context, url);
    for (const each of new Set(url === '' ? ['/'] : [url, second])) fastify.route({ ...options, url: each });
  }
}

function routeOptions(
  route: Route,
  table: RouteTable,
  context: RouteContext,
  url: string,
): Omit<RouteOptions, 'url'> {
  const { idempotency, base, streams } = context;
  // A route's checks are compiled when it is first asked for: all of them at once would double the time of a start.
  let read: InputReader | undefined;
  // A route's types were checked where it was declared; here its input is what its schemas let through.
  const handle = route.handle as Handle;
  const { produces, answers, changes, multipart, maxBody, can, idempotent, readOnly, safe } = route.options;
  const reads = safe ?? readOnly ?? (route.method === 'GET' && !changes);
  const audited = new AuditedRoute(context.audit, context.store, route, url);
  const hasBody = produces !== undefined || Object.values(answers).some((schema) => schema !== null);
  return {
    method: route.method,
    config: {
      route,
      // Failures are JSON still.
      ...(produces && { produces: [produces, 'application/json'] }),
      ...(!hasBody && { produces: '*' }),
      ...(multipart && { multipart }),
    },
    ...(maxBody !== undefined && { bodyLimit: maxBody }),
    ...(changes && { exposeHeadRoute: false }),
    ...(can &&
      admission(context, placesOf(table, route), { standingOf: standings(can, reads), audited, reads })),
    handler: async (request, reply) => {
      const batch = ResponseBatch.ofRequest();
      read ??= table.style === 'contract' ? contractInput(route) : uniformInput(route);
      const handled = new HandledRequest(request, reply, base, read(request));
      const isAudited = request.audited === 'due';
      const hasKey = request.headers['idempotency-key'] !== undefined;
      const isDryRun = idempotent && (isAudited || hasKey) && isDry(handled.query);
      const isKeyed = idempotent && hasKey && !isDryRun;
      // What is not committed is no act.
      if (isDryRun) request.audited = 'written';
      const answer =
        isAudited && !isDryRun
          ? await audited.answer(request, handled, {
              once: (run) => (isKeyed ? answerOnce(idempotency, handled, run) : run(handled)),
              handle,
            })
          : await (isKeyed ? answerOnce(idempotency, handled, handle) : handle(handled));
      if (batch.held) await batch.held;
      // A reply is a thenable: handed back without need, it would be waited for once more.
      const sending = sendAnswer(reply, answer, streams);
      if (sending) await sending;
    },
  };
}

interface Admission {
  readonly standingOf: ReturnType<typeof standings>;
  readonly audited: AuditedRoute;
  readonly reads: boolean;
}

/**
 * Credentials and the route's rule come before anything else of a request, its body included, so that nobody makes the
 * server work who may not; only where a contract takes tokens in the body is that read first.
 */
function admission(
  { authenticate, accounts }: RouteContext,
  places: readonly CredentialPlace[],
  { standingOf, audited, reads }: Admission,
) {
  const enter = (caller: Caller, request: FastifyRequest, reply: FastifyReply) => {
    request.caller = caller;
    if (caller.kind === 'key') {
      // Records the use of a key once its answer is out, whatever that was.
      const { key } = caller;
      const { method } = request;
      const source = request.origin.address;
      const route = request.routeOptions.url ?? '';
      reply.raw.once('close', () => {
        const use = { at: new Date().toISOString(), method, route, status: reply.statusCode, source };
        authenticate.used(key, use);
      });
    }
    const { decision, isOperator } = standingOf(caller);
    if (isOperator && !reads) audited.watch(request, reply, caller);
    if (decision !== 'allow') refuse(decision);
  };
  const split = splitPlaces(places);
  // Most callers are known without waiting; a promise would cost every request more than all the rest of this.
  const admit: onRequestHookHandler = (request, reply, done) => {
    const own = callerOf(request, split, authenticate);
    const caller =
      request.headers[VIEW_AS] === undefined ? own : viewedAs(own, { request, reply, accounts, audited });
    if (caller instanceof Promise) {
      caller.then((known) => enter(known, request, reply)).then(() => done(), done);
    } else {
      enter(caller, request, reply);
      done();
    }
  };
  return places.some((place) => place.in === 'body') ? { preHandler: admit } : { onRequest: admit };
}

/** A request as a route's code sees it. What is seldom asked for is made when it is. */
class HandledRequest implements RouteRequest {
  readonly caller: Caller;
  readonly origin: Origin;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly base: string;
  readonly url: string;
  readonly method: string;
  readonly headers: RouteRequest['headers'];
  transaction?: Transaction;
  readonly #reply: FastifyReply;
  #signal: AbortSignal | undefined;

  constructor(request: FastifyRequest, reply: FastifyReply, base: string, { params, query, body }: Input) {
    this.caller = request.caller ?? anonymous;
    this.origin = request.origin;
    this.params = params;
    this.query = query;
    this.body = body;
    this.base = `${request.prefix}${base}`;
    this.url = `${request.prefix}${request.url}`;
    this.method = request.method;
    this.headers = request.headers;
    this.#reply = reply;
  }

  /** Aborts when the connection closes before the answer is out. */
  get signal(): AbortSignal {
    if (this.#signal) return this.#signal;
    const controller = new AbortController();
    const { raw } = this.#reply;
    raw.once('close', () => {
      if (!raw.writableFinished) controller.abort(new Error('the client went away'));
    });
    this.#signal = controller.signal;
    return this.#signal;
  }
}
