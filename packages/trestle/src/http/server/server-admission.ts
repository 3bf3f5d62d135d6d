import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import type { Route } from '../../schema/contract.ts';
import type { RouteTally } from '../metrics/metrics.ts';
import { accepts } from '../requests/accept.ts';
import { allowOrigin, answerPreflight } from '../requests/cors.ts';
import { pathOf } from '../requests/errors.ts';
import { METHODS, whyNoRoute } from '../routes/not-found.ts';
import { refuse } from './guard.ts';
import type { Parts } from './server.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request, once that is known: for the log. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** The contract's or the uniform API's route behind this one. */
    route?: Route;
    /** The media types it answers with (default: JSON). */
    produces?: readonly string[];
    /** A route of the server itself: its errors are problems, whatever app stands at the root. */
    ours?: boolean;
    /** Answered also while the server sheds load. */
    vital?: boolean;
    tally?: RouteTally;
  }
}

/** API answers are data for one caller: not to be cached, guessed at, framed or run. Pages set their own. */
const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
} as const;

/** Adds what happens to every request before its route: headers, refusals, 404, 405, 406, and its log line at the end. */
export function admitRequests(fastify: FastifyInstance, parts: Parts): void {
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRoute', (route) => {
    const tally = parts.metrics.tally([route.method].flat().join('|'), route.url);
    route.config = { ...route.config, tally };
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const { config } = request.routeOptions;
    begin(request, reply, parts, config.tally);
    allowOrigin(request, reply, parts.settings.origins);
    const refusal = refuse(request.raw) ?? refuseExpectation(request);
    if (refusal) reply.header('connection', 'close');
    if (refusal) return done(refusal);
    if (config.url === undefined || parts.paths.isAnother(request.method, request.url))
      return withoutRoute(request, reply, parts, done);
    if (parts.load.isTooMuch && !config.vital) return done(tooBusy());
    if (!accepts(request.headers.accept, config.produces)) return done(new Problem('not_acceptable'));
    done();
  });
}

/** What every answer says whatever becomes of it. */
export function begin(request: FastifyRequest, reply: FastifyReply, parts: Parts, tally?: RouteTally): void {
  watch(request, reply, tally ?? parts.metrics.unmatched, parts);
  reply.headers(API_HEADERS);
  reply.header('x-request-id', request.id);
  if (parts.lifecycle.closing) reply.header('connection', 'close');
}

/** Counts and logs a request when its connection is done with it, whether it was answered or not. */
function watch(request: FastifyRequest, reply: FastifyReply, tally: RouteTally, parts: Parts): void {
  const start = performance.now();
  parts.lifecycle.begin(reply.raw);
  reply.raw.on('close', () => {
    parts.lifecycle.end(reply.raw);
    const status = reply.raw.statusCode;
    const milliseconds = performance.now() - start;
    tally.count(status, milliseconds / 1000);
    parts.log.request({
      method: request.method,
      route: tally.route === '' ? null : tally.route,
      status,
      milliseconds,
      id: request.id,
      aborted: !reply.raw.writableFinished,
      caller: request.caller,
    });
  });
}

function withoutRoute(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
  done: (error?: Error) => void,
): void {
  const allowed = parts.paths.allowed(pathOf(request));
  if (request.method === 'OPTIONS' && (allowed.length > 0 || request.url === '*')) {
    answerPreflight(request, reply, allowed);
    reply
      .code(204)
      .header('allow', (allowed.length > 0 ? allowed : METHODS).join(', '))
      .send();
    return;
  }
  done(whyNoRoute(request.method, allowed));
}

/** The only expectation there is is 100-continue (RFC 9110, 10.1.1). */
function refuseExpectation(request: FastifyRequest): Problem | undefined {
  const expected = request.headers.expect;
  if (expected === undefined || expected.toLowerCase() === '100-continue') return undefined;
  return new Problem('malformed', { detail: 'The Expect header may only say 100-continue.' });
}

function tooBusy(): Problem {
  return new Problem('unavailable', {
    detail: 'The server has too much to do just now.',
    headers: { 'retry-after': '1' },
  });
}
