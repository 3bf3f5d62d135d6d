import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../../accounts/authenticator.ts';
import { Problem } from '../../problems.ts';
import { audienceOf } from '../../rows/policy.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { CredentialPlace } from '../../schema/contract.ts';
import type { Rule } from '../../schema/rules.ts';
import { isRecord } from './standard-json.ts';

/** Where keys are taken from everywhere, beside the Bearer header. */
const KEY_HEADER: CredentialPlace = { in: 'header', name: 'X-API-Key', for: 'key' };

/** Where the uniform API takes credentials from, beside the Bearer header. */
export const UNIFORM_PLACES: readonly CredentialPlace[] = [KEY_HEADER];

/** RFC 6750, section 2.1. Credentials of another scheme, say for a proxy in front, are none for this server. */
const SCHEME = /^Bearer( |$)/i;
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

interface Presented {
  kind: 'bearer' | CredentialPlace['for'];
  value: string;
}

/**
 * The places a contract's route looks at. A route under the administrator's rule takes the administrator's secret, and
 * every other a token or a key, so that a key may be an argument of a route that manages keys.
 */
export function placesFor(places: readonly CredentialPlace[], rule: Rule): readonly CredentialPlace[] {
  const wantsSecret = audienceOf(rule) === 'administrator';
  const own = places.filter((place) => (place.for === 'administrator') === wantsSecret);
  return wantsSecret ? own : [KEY_HEADER, ...own];
}

/**
 * Who makes a request, by what it presents in the Bearer header and in `places`. Throws `malformed` for two different
 * credentials at once (RFC 6750, section 2), `invalid_token` and `invalid_key`.
 */
export function callerOf(
  request: FastifyRequest,
  places: readonly CredentialPlace[],
  authenticate: Authenticator,
): Caller | Promise<Caller> {
  const presented = presentedIn(request, places);
  const first = presented[0];
  if (!first) return anonymous;
  if (presented.some((other) => other.value !== first.value))
    throw new Problem('malformed', { detail: 'The request carries two different credentials; send one.' });
  switch (first.kind) {
    case 'key':
      return authenticate.key(first.value);
    case 'administrator':
      return authenticate.administrator(first.value);
    default:
      return authenticate.bearer(first.value, purposeOf(request.method));
  }
}

/** Ended sessions are noticed at once by writes, and within a second by reads. */
function purposeOf(method: string): 'read' | 'write' {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

function presentedIn(request: FastifyRequest, places: readonly CredentialPlace[]): Presented[] {
  const found: Presented[] = [];
  const authorization = request.headers.authorization;
  if (authorization !== undefined && SCHEME.test(authorization))
    found.push({ kind: 'bearer', value: bearerOf(authorization) });
  for (const place of places) {
    const value = textAt(request, place);
    if (value !== undefined) found.push({ kind: place.for, value });
  }
  return found;
}

function bearerOf(header: string): string {
  const token = BEARER.exec(header)?.[1];
  if (token) return token;
  throw new Problem('invalid_token', {
    detail: 'The Authorization header must say: Bearer, a space, and the token.',
  });
}

/** What stands in a place; nothing and an empty text are none. Anything else than a text can be no credential. */
function textAt(request: FastifyRequest, place: CredentialPlace): string | undefined {
  const value = memberOf(place.in === 'header' ? request.headers : partOf(request, place.in), place);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new Problem(place.for === 'key' ? 'invalid_key' : 'invalid_token');
}

function partOf(request: FastifyRequest, part: 'query' | 'body'): unknown {
  return part === 'query' ? request.query : request.body;
}

function memberOf(part: unknown, place: CredentialPlace): unknown {
  const name = place.in === 'header' ? place.name.toLowerCase() : place.name;
  return isRecord(part) && Object.hasOwn(part, name) ? part[name] : undefined;
}
