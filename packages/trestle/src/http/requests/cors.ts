import type { FastifyReply, FastifyRequest } from 'fastify';
import { StartError } from '../../start-error.ts';

/** Response headers a browser's code may read beside the few it always may. */
const EXPOSED =
  'Accept-Ranges, Content-Encoding, Content-Range, ETag, Idempotent-Replayed, Link, Location, Retry-After, RateLimit, ' +
  'RateLimit-Policy, WWW-Authenticate, X-Request-Id';
const DAY = '86400';

/** Which origins browsers may call from: any, or these. */
export type Origins = '*' | readonly string[];

/**
 * Checks a list of origins. Throws `StartError` for what no browser would ever send as one (RFC 6454, 6.1), with the origin
 * that is meant: it would block every browser in silence.
 */
export function checkOrigins(origins: Origins): Origins {
  if (origins === '*' || origins.includes('*')) return '*';
  for (const origin of origins) {
    // Whether a browser would write an origin so: in lower case, without a port that is the scheme's own.
    if (/^[a-z][a-z\d+.-]*:\/\/[^\s/?#@]+$/.test(origin) && origin === (originIn(origin) ?? origin)) continue;
    const meant = originIn(origin) ?? 'https://example.org';
    throw new StartError(`--origins: '${origin}' is not an origin; write ${meant}, or * for any origin`);
  }
  return origins;
}

/** The origin of an http(s) URL; undefined for other schemes (`capacitor://localhost`), of which no parser tells. */
function originIn(text: string): string | undefined {
  try {
    const scheme = /^(?:localhost|127\.)/.test(text) ? 'http' : 'https';
    const { origin } = new URL(text.includes('://') ? text : `${scheme}://${text}`);
    return origin === 'null' ? undefined : origin;
  } catch {
    return undefined;
  }
}

/**
 * Headers that let browser code of other origins read an answer (Fetch standard, 3.3). Credentials are tokens in a header
 * and never cookies, so that any origin may be let in by default: a foreign page can send nothing it does not hold itself.
 */
export function corsHeaders(origin: string | undefined, origins: Origins): Record<string, string> {
  const vary = origins === '*' ? undefined : { vary: 'Origin' };
  if (origin === undefined || (origins !== '*' && !origins.includes(origin))) return { ...vary };
  return {
    ...vary,
    'access-control-allow-origin': origins === '*' ? '*' : origin,
    'access-control-expose-headers': EXPOSED,
  };
}

/** Whether a browser asks for leave before a request (Fetch standard, 4.8). */
export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Gives leave for methods, and for any header. */
export function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  methods: readonly string[],
): void {
  reply.header('access-control-allow-methods', methods.join(', '));
  reply.header('access-control-max-age', DAY);
  const headers = request.headers['access-control-request-headers'];
  if (headers !== undefined && /^[\w\-, ]+$/.test(headers))
    reply.header('access-control-allow-headers', headers);
}
