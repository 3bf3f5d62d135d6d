import type { FastifyRequest } from 'fastify';
import type { Authenticator } from '../../accounts/authenticator.ts';
import { Problem } from '../../problems.ts';
import { audienceOf } from '../../rows/rules/caller-class.ts';
import { isObject } from '../../rows/validate.ts';
import { anonymous, type Caller } from '../../schema/caller.ts';
import type { CredentialPlace, Route, RouteRequest } from '../../schema/routes/route.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { pathOf } from '../server/errors.ts';

/** Where keys are taken from everywhere, beside the Bearer header. */
const KEY_HEADER: CredentialPlace = { in: 'header', name: 'X-API-Key', for: 'key' };

/** Where the uniform API takes credentials from, beside the Bearer header. */
export const UNIFORM_PLACES: readonly CredentialPlace[] = [KEY_HEADER];

/** The place of an operator's session in the requests of a browser (RFC 6265bis, 4.1.3.2: of this host alone, and by TLS or loopback). */
export function sessionCookie(app: string) {
  return { in: 'cookie', name: `__Host-trestle-${app}`, for: 'session' } as const satisfies CredentialPlace;
}

/** The header that shows that a request with the cookie of a session was made by a page that may read its token. */
const CSRF_HEADER = 'x-csrf-token';

const READS = new Set(['GET', 'HEAD']);
const INVALID = {
  key: 'invalid_key',
  token: 'invalid_token',
  administrator: 'invalid_token',
  ticket: 'invalid_token',
  session: 'invalid_token',
} as const;

/** RFC 6750, section 2.1. Credentials of another scheme, say for a proxy in front, are none for this server. */
const BEARER = /^Bearer(?: |$)(?: *([A-Za-z0-9\-._~+/]+=*) *$)?/i;

/** Where streams and downloads take tickets from: what a browser opens by itself sends no headers of ours. */
export const TICKET = { in: 'query', name: 'ticket', for: 'ticket' } as const satisfies CredentialPlace;

/** Whether a route answers what browsers open by themselves: an event stream, a file. */
export function takesTickets({ method, options: { can, produces } }: Route): boolean {
  return method === 'GET' && produces !== undefined && can !== undefined;
}

/**
 * The places a route looks at. A contract's route under the administrator's rule takes the administrator's secret, and
 * every other a token or a key, so that a key may be an argument of a route that manages keys.
 */
export function placesOf({ style, places }: RouteTable, route: Route): readonly CredentialPlace[] {
  const { can } = route.options;
  const tickets = takesTickets(route) ? [TICKET] : [];
  if (style === 'uniform') return [...places, ...tickets];
  const wantsSecret = can !== undefined && audienceOf(can) === 'administrator';
  const own = places.filter((place) => (place.for === 'administrator') === wantsSecret);
  return [...(wantsSecret ? own : [KEY_HEADER, ...own]), ...tickets];
}

/** Where a request may present a credential beside the Bearer header. */
interface Places {
  readonly presented: readonly Exclude<CredentialPlace, { for: 'session' }>[];
  /** The cookie of a session, which browsers send by themselves: what a page presents on purpose goes before it. */
  readonly session: Extract<CredentialPlace, { for: 'session' }> | undefined;
}

/** Splits the places of a route. */
export function splitPlaces(places: readonly CredentialPlace[]): Places {
  return {
    presented: places.filter((place) => place.for !== 'session'),
    session: places.find((place) => place.for === 'session'),
  };
}

/**
 * Who makes a request, by what it presents in the Bearer header and in `places`. Throws `malformed` for two different
 * credentials at once (RFC 6750, section 2), `invalid_token` and `invalid_key`.
 */
export function callerOf(
  request: FastifyRequest,
  { presented, session }: Places,
  authenticate: Authenticator,
): Caller | Promise<Caller> {
  const { headers, method } = request;
  const { authorization } = headers;
  // The common form needs no expression, which takes longer than the token is looked up.
  const isPlain =
    authorization?.startsWith('Bearer ') && authorization.length > 7 && !authorization.includes(' ', 7);
  let credential = isPlain ? authorization?.slice(7) : oddBearer(authorization);
  let kind: 'bearer' | CredentialPlace['for'] = 'bearer';
  for (const place of presented) {
    const value = place.in === 'header' ? headers[place.name.toLowerCase()] : valueAt(request, place);
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string') throw new Problem(INVALID[place.for]);
    if (credential === undefined) kind = place.for;
    else if (credential !== value)
      throw new Problem('malformed', { detail: 'The request carries two different credentials; send one.' });
    credential = value;
  }
  if (credential === undefined) return callerOfCookie(request, session, authenticate);
  const purpose = READS.has(method) ? 'read' : 'write';
  // Most callers were seen just now: a promise would cost them more than all the rest of this.
  const seen = kind === 'bearer' ? authenticate.seen(credential, purpose) : undefined;
  if (seen) return seen;
  switch (kind) {
    case 'key':
      return authenticate.key(credential, purpose);
    case 'administrator':
      return authenticate.administrator(credential, request.origin);
    case 'ticket':
      return spendTicket(request, credential, authenticate);
    default:
      return authenticate.bearer(credential, purpose, request.origin);
  }
}

function spendTicket(request: FastifyRequest, ticket: string, authenticate: Authenticator): Promise<Caller> {
  // It is no parameter of the route itself.
  if (isObject(request.query)) delete request.query[TICKET.name];
  return authenticate.ticket(ticket, `${request.prefix}${pathOf(request)}`);
}

/** The token of an Authorization header of another form or scheme; undefined where it has none. Throws `invalid_token`. */
function oddBearer(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const [bearer, credential] = BEARER.exec(header) ?? [];
  if (bearer === undefined || credential !== undefined) return credential;
  throw new Problem('invalid_token', {
    detail: 'The Authorization header must say: Bearer, a space, and the token.',
  });
}

/** Whose session a cookie stands for, where nothing else is presented. */
function callerOfCookie(
  request: FastifyRequest,
  place: Places['session'],
  authenticate: Authenticator,
): Caller | Promise<Caller> {
  const { cookie } = request.headers;
  if (!place || cookie === undefined) return anonymous;
  const isChange = isUnsafe(request);
  const session = isChange && isForeign(request) ? undefined : cookieOf(cookie, place.name);
  if (!session) return anonymous;
  return authenticate.session(session, isChange ? { csrf: request.headers[CSRF_HEADER] } : undefined);
}

/** The value in a place of a request; undefined or empty where there is none. */
function valueAt(request: FastifyRequest, place: Places['presented'][number]): unknown {
  const { headers } = request;
  switch (place.in) {
    case 'authorization': {
      const [, scheme, credential = ''] = /^(\S+)(?: +(.*))?$/.exec(headers.authorization ?? '') ?? [];
      if (scheme?.toLowerCase() !== place.scheme.toLowerCase()) return undefined;
      if (credential !== '') return credential;
      throw new Problem(INVALID[place.for], {
        detail: `The Authorization header must say: ${place.scheme}, a space, and the credential.`,
      });
    }
    case 'cookie':
      if (headers.cookie === undefined) return undefined;
      return isUnsafe(request) && isForeign(request) ? undefined : cookieOf(headers.cookie, place.name);
    default: {
      const given = place.in === 'query' ? request.query : request.body;
      return isObject(given) && Object.hasOwn(given, place.name) ? given[place.name] : undefined;
    }
  }
}

/** A cookie of the `Cookie` header (RFC 6265, 4.2.1); the first of a name counts, as the one of the longest path. */
function cookieOf(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const [key = '', ...value] = pair.split('=');
    if (key.trim() === name)
      return value
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/** Whether a request may change something. */
function isUnsafe({ method, routeOptions }: FastifyRequest): boolean {
  return !READS.has(method) || routeOptions.config.route?.options.changes === true;
}

/**
 * Whether a browser makes a request for a page of another origin: where it changes something, its cookies prove nothing then
 * (Fetch Metadata, 2.1; older browsers send the origin). What is no browser sends neither header.
 */
export function isForeign({ headers, host }: { headers: RouteRequest['headers']; host: string }): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return headers.origin !== undefined && String(headers.origin).replace(/^[a-z]+:\/\//, '') !== host;
}
