import { Problem } from '../../problems.ts';
import type { Rate } from './rate-window.ts';

/**
 * A refusal that says when to come back: `Retry-After` (RFC 9110, 10.2.3) and the fields of
 * draft-ietf-httpapi-ratelimit-headers-10.
 */
export function tooManyRequests(policy: string, { limit, window }: Rate, wait: number): Problem {
  return new Problem('too_many_requests', {
    detail: `Too many attempts. Try again in ${wait} ${wait === 1 ? 'second' : 'seconds'}.`,
    data: { retryAfter: wait },
    headers: {
      'Retry-After': String(wait),
      RateLimit: `"${policy}";r=0;t=${wait}`,
      'RateLimit-Policy': `"${policy}";q=${limit};w=${window}`,
    },
  });
}
