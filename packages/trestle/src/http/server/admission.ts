import type { ServerResponse } from 'node:http';
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import { isObject } from '../../rows/validate.ts';
import type { Caller, Origin } from '../../schema/caller.ts';
import type { Route } from '../../schema/routes/route.ts';
import { type TraceContext, traceOf } from '../logging/trace-context.ts';
import type { RouteTally } from '../metrics/metrics.ts';
import { answerPreflight, corsHeaders, isPreflight } from '../requests/cors.ts';
import { accepts } from '../requests/negotiation.ts';
import { prefixOf } from '../requests/proxies.ts';
import { pathOf } from './errors.ts';
import { refuse } from './listener.ts';
import type { ServerState } from './server.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it came from. Read as it comes in: the connection may be gone at its end. */
    origin: Origin;
    /** Who makes the request, once that is known: for the log. */
    caller: Caller | null;
    /** The administrator who looks through the account that is the caller. */
    viewedBy: Caller | null;
    /** The trace that the request is a part of, where its caller says so. */
    trace: TraceContext | null;
    /** The prefix that a proxy has removed from the path. */
    prefix: string;
    /** Bytes of a streamed body that are sent so far; null where the body is sent whole. */
    bytesSent: number | null;
  }
  interface FastifyContextConfig {
    /** The contract's or the uniform API's route behind this one. */
    route?: Route;
    /** The media types it answers with (default: JSON); `*` for one without a body, which no client can object to. */
    produces?: readonly string[] | '*';
    /** Whether it takes multipart bodies. */
    multipart?: boolean;
    /** A route of the server itself: its errors are problems, whatever app stands at the root. */
    isServerRoute?: boolean;
    /** Answered also while the server sheds load. */
    isExemptFromShedding?: boolean;
    tally?: RouteTally;
    /** The path parameter that is a row's id, for the log. */
    rowParameter?: string;
    /** Takes what is in a place of its path, and so also what was meant for another path. */
    takesAny?: boolean;
  }
}

/** API answers are data for one caller: not to be cached, guessed at, framed or run. Pages set their own. */
const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** Adds what happens to every request before its route: headers, refusals, 404, 405, 406, and its log line at the end. */
export function admitRequests(fastify: FastifyInstance, server: ServerState): void {
  fastify.decorateRequest('origin');
  fastify.decorateRequest('caller', null);
  fastify.decorateRequest('viewedBy', null);
  fastify.decorateRequest('audited', null);
  fastify.decorateRequest('trace', null);
  fastify.decorateRequest('prefix', '');
  fastify.decorateRequest('bytesSent', null);
  fastify.addHook('onRoute', (route) => {
    const tally = server.metrics.tally([route.method].flat().join('|'), route.url);
    const rowParameter = /:(id|\w+_id)\b/.exec(route.url)?.[1];
    // A verb after a colon is what was asked for, whatever stands before it.
    const takesAny = !route.url.includes('::') && /[:*]/.test(route.url);
    route.config = { ...route.config, tally, takesAny, ...(rowParameter && { rowParameter }) };
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    // Fastify makes these options anew each time they are asked for.
    const { config } = request.routeOptions;
    begin(request, reply, server, config);
    const refusal = refuse(request.raw);
    if (refusal) {
      reply.header('connection', 'close');
      return done(refusal);
    }
    const isAnother = config.takesAny && server.paths.isAnother(request.method, request.url);
    if (config.url === undefined || isAnother) return withoutRoute(request, reply, server, done);
    if (server.load.isTooHigh && !config.isExemptFromShedding)
      return done(
        new Problem('unavailable', {
          detail: 'The server is overloaded.',
          headers: { 'retry-after': '1' },
        }),
      );
    // Most clients take anything.
    const { accept } = request.headers;
    const { produces } = config;
    const isTaken = accept === undefined || accept === '*/*' || produces === '*' || accepts(accept, produces);
    done(isTaken ? undefined : new Problem('not_acceptable'));
  });
}

/** Starts the headers that every answer has, and counts and logs the request once its connection is done with it. */
export function begin(
  request: FastifyRequest,
  reply: FastifyReply,
  server: ServerState,
  { tally = server.metrics.unmatched, rowParameter }: FastifyContextConfig,
): void {
  const { settings, lifecycle, log } = server;
  const { headers } = request;
  const start = performance.now();
  // Of a connection that was reset while its request was read, Node knows no address.
  const origin = { address: request.ip ?? 'unknown', requestId: request.id };
  request.origin = origin;
  if (headers.traceparent !== undefined) request.trace = traceOf(headers.traceparent);
  request.prefix =
    settings.trustedProxies.length > 0
      ? prefixOf(request.raw, settings.basePath, settings.trustsPeer)
      : settings.basePath;
  // A type of no content says nothing; many clients send one with every request (RFC 9110, 8.3).
  if (
    headers['content-type'] !== undefined &&
    (headers['content-length'] ?? '0') === '0' &&
    headers['transfer-encoding'] === undefined
  )
    // Not deleted: V8 would make a dictionary of all headers.
    headers['content-type'] = undefined;
  reply.headers(API_HEADERS);
  reply.header('x-request-id', origin.requestId);
  if (headers.origin !== undefined || settings.origins !== '*')
    reply.headers(corsHeaders(headers.origin, settings.origins));
  if (lifecycle.closing) reply.header('connection', 'close');

  const { raw } = reply;
  lifecycle.open.push(raw);
  raw.on('close', () => {
    lifecycle.end(raw);
    const { statusCode, writableFinished } = raw;
    const { params } = request;
    const id = rowParameter !== undefined && isObject(params) ? params[rowParameter] : undefined;
    const milliseconds = performance.now() - start;
    tally.count(statusCode, milliseconds / 1000);
    log.request({
      method: request.method,
      route: tally.route === '' ? null : tally.route,
      status: statusCode,
      milliseconds,
      bytes:
        request.bytesSent ?? (request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0)),
      id: origin.requestId,
      trace: request.trace,
      aborted: !writableFinished,
      caller: request.viewedBy ?? request.caller,
      address: origin.address,
      agent: headers['user-agent'],
      row: typeof id === 'string' && ROW_ID.test(id) ? id : undefined,
    });
  });
}

/** Integers and UUIDs, which ids of rows are; anything else in their place might be a key that was put there by mistake. */
export const ROW_ID = /^(?:-?\d{1,19}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;

function withoutRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  server: ServerState,
  done: (error?: Error) => void,
): void {
  const allowed = server.paths.allowed(pathOf(request));
  const methods = allowed.length > 0 ? allowed : METHODS;
  // Leave is given for paths that do not exist, too: without it browser code could not read the 404.
  if (isPreflight(request)) answerPreflight(request, reply, methods);
  if (isPreflight(request) || (request.method === 'OPTIONS' && (allowed.length > 0 || request.url === '*'))) {
    reply.code(204).header('allow', methods.join(', ')).send();
    return;
  }
  const { method } = request;
  // A method that nobody registered is 501, as Node's parser refuses it.
  done(
    allowed.length === 0
      ? new Problem('not_found')
      : new Problem('method_not_allowed', {
          detail: `This path takes ${allowed.join(', ')}, not ${method}.`,
          headers: { allow: allowed.join(', ') },
          data: { method, allowed },
        }),
  );
}

/** How far a server is on its way out, and how many requests it still answers. */
export class ServerLifecycle {
  /** Once true, `/readyz` says no. */
  stopping = false;
  /** Once true, every answer says `Connection: close`: the listener is gone, and so will be this connection. */
  closing = false;
  /**
   * Responses that are not out yet. Not a Set: V8 links the table that a Set has outgrown to the one that follows it, so that once one of them is old, all
   * that was in flight since stays until the next full collection (scavenges of 13 ms in place of 0.5).
   */
  readonly open: ServerResponse[] = [];
  #whenIdle: (() => void) | undefined;

  get inFlight(): number {
    return this.open.length;
  }

  end(response: ServerResponse): void {
    // From the end: what takes long is at the front.
    const at = this.open.lastIndexOf(response);
    const last = this.open.pop();
    if (last && at < this.open.length) this.open[at] = last;
    if (this.open.length === 0) this.#whenIdle?.();
  }

  /** From now on every answer closes its connection, also those that are under way (RFC 9112, 9.6). */
  beginClosing(): void {
    this.closing = true;
    for (const response of this.open) if (!response.headersSent) response.setHeader('connection', 'close');
  }

  /** Ends event streams, which would go on for ever: their clients connect again, elsewhere, from the last event on. */
  endStreams(): void {
    for (const response of this.open)
      if (String(response.getHeader('content-type')).startsWith('text/event-stream')) response.end();
  }

  /** Resolves when no request is in flight. */
  async idle(): Promise<void> {
    if (this.open.length > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
  }
}

/** How often the event loop is sampled, in milliseconds, and the weight of the newest sample: about a second's memory. */
const INTERVAL = 100;
const WEIGHT = 0.25;

/** How late the event loop runs, on average over about a second: one long pause is no overload, a row of them is. */
export class EventLoopLoad {
  /** Milliseconds. */
  lateness = 0;
  /** Whether requests are shed. */
  isTooHigh = false;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param bound the lateness beyond which requests are shed; 0: never. */
  constructor(bound: number) {
    if (bound === 0) return;
    let due = performance.now() + INTERVAL;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.lateness += WEIGHT * (Math.max(0, now - due) - this.lateness);
      due = now + INTERVAL;
      this.isTooHigh = this.lateness > bound;
    }, INTERVAL).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The methods this server knows, in the order Allow shows them. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

interface KnownPath {
  readonly matches: RegExp;
  /** Has no parameters: a request for it is never one for a row with an odd id. */
  readonly isLiteral: boolean;
  /** Ends in `:verb`, which a path whose last segment is a parameter would match as well. */
  readonly isVerb: boolean;
  readonly methods: Set<string>;
}

/** Every path that has a route, with its methods: for 405 with an exact Allow, for OPTIONS, and for CORS. */
export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>();
  /** Codes of the characters that paths without parameters end with: no id of another end has to be looked up among them. */
  readonly #ends = new Set<number>();

  /** Takes note of each route that is added from now on. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ method, url }) => {
      const known = this.#paths.get(url) ?? {
        matches: compile(url),
        isLiteral: !/:|\*/.test(url),
        isVerb: url.includes('::'),
        methods: new Set<string>(),
      };
      this.#paths.set(url, known);
      if (known.isLiteral) this.#ends.add(url.charCodeAt(url.length - 1));
      for (const each of [method].flat()) known.methods.add(each.toUpperCase());
    });
  }

  /** The methods a path takes, in order; empty where there is no such path. */
  allowed(path: string): string[] {
    const decoded = decodeURI(path);
    const matching = [...this.#paths.values()].filter(({ matches }) => matches.test(decoded));
    const exact = matching.filter(({ isLiteral, isVerb }) => isLiteral || isVerb);
    const methods = new Set((exact.length > 0 ? exact : matching).flatMap((known) => [...known.methods]));
    if (methods.size > 0) methods.add('OPTIONS');
    return METHODS.filter((method) => methods.has(method));
  }

  /**
   * Whether a request that a route took for a row with an odd id was meant for another path, with a method that takes
   * none: `GET /v1/keys/7:roll`, `GET /articles/new`, or `PUT /api/messages/`, where the id would be empty.
   */
  isAnother(method: string, target: string): boolean {
    const query = target.indexOf('?');
    const path = query === -1 ? target : target.slice(0, query);
    const known = this.#ends.has(path.charCodeAt(path.length - 1)) ? this.#paths.get(path) : undefined;
    if (known?.isLiteral) return !known.methods.has(method);
    return path.includes(':') && !this.allowed(path).includes(method);
  }
}

/** A Fastify path pattern as a regular expression over the decoded path: `:name` is one segment, `*` the rest, `::` a colon. */
function compile(pattern: string): RegExp {
  const source = pattern.replace(/::|:\w+(?:\([^)]*\))?|\*|[.+?^${}()|[\]\\]/g, (piece) => {
    if (piece === '::') return ':';
    if (piece === '*') return '[^]*';
    return piece.startsWith(':') ? '[^/]+' : `\\${piece}`;
  });
  return new RegExp(`^${source}$`);
}
