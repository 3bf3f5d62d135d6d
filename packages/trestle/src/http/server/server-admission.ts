import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Route } from '../../schema/contract.ts';
import { type TraceContext, traceOf } from '../logging/trace-context.ts';
import type { RouteTally } from '../metrics/metrics.ts';
import { accepts } from '../requests/accept.ts';
import { answerPreflight, corsHeaders, isPreflight } from '../requests/cors.ts';
import { prefixOf } from '../requests/proxies.ts';
import { METHODS, whyNoRoute } from '../routes/not-found.ts';
import { pathOf } from './errors.ts';
import { refuse } from './guard.ts';
import type { ServerState } from './server.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request, once that is known: for the log. */
    caller: Caller | null;
    /** The trace that the request is a part of, where its caller says so. */
    trace: TraceContext | null;
    /** What a proxy in front has taken off the path. */
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
  fastify.decorateRequest('caller', null);
  fastify.decorateRequest('trace', null);
  fastify.decorateRequest('prefix', '');
  fastify.decorateRequest('bytesSent', null);
  fastify.addHook('onRoute', (route) => {
    const tally = server.metrics.tally([route.method].flat().join('|'), route.url);
    const rowParameter = /:(id|\w+_id)\b/.exec(route.url)?.[1];
    route.config = { ...route.config, tally, ...(rowParameter && { rowParameter }) };
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, server);
    const refusal = refuse(request.raw);
    if (refusal) {
      reply.header('connection', 'close');
      return done(refusal);
    }
    const { config } = request.routeOptions;
    if (config.url === undefined || server.paths.isAnother(request.method, request.url))
      return withoutRoute(request, reply, server, done);
    if (server.load.isTooHigh && !config.isExemptFromShedding)
      return done(
        new Problem('unavailable', {
          detail: 'The server is overloaded.',
          headers: { 'retry-after': '1' },
        }),
      );
    if (config.produces !== '*' && !accepts(request.headers.accept, config.produces))
      return done(new Problem('not_acceptable'));
    done();
  });
}

/** Starts the headers that every answer has, and counts and logs the request once its connection is done with it. */
export function begin(request: FastifyRequest, reply: FastifyReply, server: ServerState): void {
  const { settings, lifecycle, metrics, log } = server;
  const { headers } = request;
  const start = performance.now();
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
    delete headers['content-type'];
  reply.headers(API_HEADERS);
  reply.header('x-request-id', request.id);
  if (headers.origin !== undefined || settings.origins !== '*')
    reply.headers(corsHeaders(headers.origin, settings.origins));
  if (lifecycle.closing) reply.header('connection', 'close');

  const { tally = metrics.unmatched, rowParameter } = request.routeOptions.config;
  const { raw } = reply;
  // Read now: the connection may be gone at the end.
  const { ip } = request;
  lifecycle.begin(raw);
  raw.on('close', () => {
    lifecycle.end(raw);
    const { statusCode, writableFinished } = raw;
    const milliseconds = performance.now() - start;
    tally.count(statusCode, milliseconds / 1000);
    log.request({
      method: request.method,
      route: tally.route === '' ? null : tally.route,
      status: statusCode,
      milliseconds,
      bytes:
        request.bytesSent ?? (request.method === 'HEAD' ? 0 : Number(reply.getHeader('content-length') ?? 0)),
      id: request.id,
      trace: request.trace,
      aborted: !writableFinished,
      caller: request.caller,
      address: ip,
      agent: headers['user-agent'],
      row: rowParameter === undefined ? undefined : rowIn(request, rowParameter),
    });
  });
}

/** Integers and UUIDs, which ids of rows are; anything else in their place might be a key that was put there by mistake. */
const ROW_ID = /^(?:-?\d{1,19}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;

function rowIn({ params }: FastifyRequest, name: string): string | undefined {
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' && ROW_ID.test(value) ? value : undefined;
}

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
  done(whyNoRoute(request.method, allowed));
}
