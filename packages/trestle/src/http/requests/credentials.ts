import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../../accounts/authenticator.ts';
import { Problem } from '../../problems.ts';
import { audienceOf } from '../../rows/policy.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { CredentialPlace } from '../../schema/contract.ts';
import type { Rule } from '../../schema/rules.ts';
import { isRecord } from './coerce.ts';

/** Where keys are taken from everywhere, beside the Bearer header. */
const KEY_HEADER: CredentialPlace = { in: 'header', name: 'X-API-Key', for: 'key' };

/** Where the uniform API takes credentials from, beside the Bearer header. */
export const UNIFORM_PLACES: readonly CredentialPlace[] = [KEY_HEADER];

/** RFC 6750, section 2.1. Credentials of another scheme, say for a proxy in front, are none for this server. */
const BEARER = /^Bearer(?: |$)(?: *([A-Za-z0-9\-._~+/]+=*) *$)?/i;

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
  const { headers, method } = request;
  let credential = bearerIn(headers.authorization);
  let kind: 'bearer' | CredentialPlace['for'] = 'bearer';
  for (const place of places) {
    const value = place.in === 'header' ? headers[place.name.toLowerCase()] : memberAt(request, place);
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') throw new Problem(place.for === 'key' ? 'invalid_key' : 'invalid_token');
    if (credential === undefined) kind = place.for;
    else if (credential !== value)
      throw new Problem('malformed', { detail: 'The request carries two different credentials; send one.' });
    credential = value;
  }
  if (credential === undefined) return anonymous;
  if (kind === 'key') return authenticate.key(credential);
  if (kind === 'administrator') return authenticate.administrator(credential);
  // Ended sessions are noticed at once by writes, and within a second by reads.
  return authenticate.bearer(credential, method === 'GET' || method === 'HEAD' ? 'read' : 'write');
}

/** The token of an Authorization header; undefined for one of another scheme. */
function bearerIn(authorization: string | undefined): string | undefined {
  const bearer = authorization === undefined ? null : BEARER.exec(authorization);
  if (bearer && bearer[1] === undefined)
    throw new Problem('invalid_token', {
      detail: 'The Authorization header must say: Bearer, a space, and the token.',
    });
  return bearer?.[1];
}

/** A member of the query or the body. */
function memberAt(request: FastifyRequest, place: CredentialPlace): unknown {
  const given = place.in === 'query' ? request.query : request.body;
  return isRecord(given) && Object.hasOwn(given, place.name) ? given[place.name] : undefined;
}
