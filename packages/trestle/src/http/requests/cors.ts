import type { FastifyReply, FastifyRequest } from 'fastify';

/** Response headers a browser's code may read beside the few it always may. */
const EXPOSED =
  'ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, X-Request-Id';
const DAY = '86400';

/** Which origins browsers may call from: any, or these. */
export type Origins = '*' | readonly string[];

/**
 * Lets browser code of other origins read answers (Fetch standard, 3.3). Credentials are tokens in a header and never
 * cookies, so that any origin may be let in by default: a foreign page can send nothing it does not hold itself.
 */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: Origins): void {
  const origin = request.headers.origin;
  if (origins !== '*') reply.header('vary', 'Origin');
  if (origin === undefined) return;
  if (origins !== '*' && !origins.includes(origin)) return;
  reply.header('access-control-allow-origin', origins === '*' ? '*' : origin);
  reply.header('access-control-expose-headers', EXPOSED);
}

/** The answer to a preflight, which any OPTIONS with Access-Control-Request-Method is. */
export function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  allowed: readonly string[],
): void {
  if (request.headers['access-control-request-method'] === undefined) return;
  reply.header('access-control-allow-methods', allowed.join(', '));
  reply.header('access-control-max-age', DAY);
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined && /^[\w\-, ]+$/.test(headers))
    reply.header('access-control-allow-headers', headers);
}
