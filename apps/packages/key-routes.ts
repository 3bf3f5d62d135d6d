import { administrator } from 'trestle';
import { answer, type KeyView, type Method, Problem, route, seconds } from 'trestle/contract';
import { Type } from 'typebox';
import type { Context } from './contract.ts';
import { KeyLogs, KeyOf, NewKey, Nothing, Renewal } from './schemas.ts';
import { settings } from './settings.ts';

const tag = 'auth';
const can = administrator;

/**
 * The key management of the document's library. It changes state by GET; each is offered as POST too, where no browser
 * or proxy calls it by itself, and deletion as DELETE.
 */
export function keyRoutes(context: Context) {
  return [
    ...newRoutes(context),
    ...revokeRoutes(context),
    ...renewRoutes(context),
    ...deleteRoutes(context),
    logsRoute(context),
  ];
}

const BOTH = ['GET', 'POST'] as const;

/** `makeApiKey` by POST, `makeApiKeyByGet` by GET. */
function named<O extends object>(method: Method, verb: string, options: O): O & { operationId: string } {
  const way = method === 'POST' ? '' : `By${method.charAt(0)}${method.slice(1).toLowerCase()}`;
  return { ...options, operationId: `${verb.toLowerCase()}ApiKey${way}` };
}

function newRoutes({ keys }: Context) {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Make an API key',
    query: NewKey,
    answers: { 200: Type.String() },
  };
  return BOTH.map((method) =>
    route(
      method,
      '/auth/new',
      named(method, 'Make', options),
      async ({ caller, query: { name = '', never_expires = false } }) => {
        const lifetime = never_expires ? ({ lifetime: 'never' } as const) : {};
        const { key } = await keys.create({ caller }, { name, account: null, ...lifetime });
        return answer(200, key, { 'cache-control': 'no-store' });
      },
    ),
  );
}

function revokeRoutes({ keys }: Context) {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Deactivate an API key',
    query: KeyOf,
    raises: ['not_found'] as const,
    answers: { 200: Nothing },
  };
  return BOTH.map((method) =>
    route(method, '/auth/revoke', named(method, 'Revoke', options), async ({ caller, query }) => {
      await keys.deactivate({ caller }, idOf(keys, query));
      return answer(200, null);
    }),
  );
}

function renewRoutes({ keys }: Context) {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Give a key a new expiry',
    query: Renewal,
    raises: ['not_found'] as const,
    answers: { 200: Type.String() },
  };
  return BOTH.map((method) =>
    route(method, '/auth/renew', named(method, 'Renew', options), async ({ caller, query }) => {
      const id = idOf(keys, query);
      const before = await keys.read({ caller }, id).catch(unknownKey);
      const renewed = await keys.renew({ caller }, id, expiryOf(before, parameter(query, 'expiration-date')));
      const revived = before.active ? '' : 'This API key was revoked and has been reactivated. ';
      return answer(
        200,
        `${revived}The new expiration date for the API key is ${renewed.expires_at ?? 'never'}`,
      );
    }),
  );
}

function deleteRoutes({ keys }: Context) {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Delete an API key',
    query: KeyOf,
    raises: ['not_found'] as const,
    answers: { 200: Nothing },
  };
  return ([...BOTH, 'DELETE'] as const).map((method) =>
    route(method, '/auth/delete', named(method, 'Delete', options), async ({ caller, query }) => {
      await keys.remove({ caller }, idOf(keys, query)).catch(unknownKey);
      return answer(200, null);
    }),
  );
}

function logsRoute({ keys }: Context) {
  const options = {
    tag,
    can,
    operationId: 'listApiKeyLogs',
    summary: 'What each API key was used for',
    answers: { 200: KeyLogs },
  };
  return route('GET', '/auth/logs', options, async ({ caller }) => {
    const logs = [];
    let cursor: string | null | undefined;
    do {
      const page = await keys.list({ caller }, { limit: 1000, ...(cursor && { cursor }) });
      logs.push(...page.items.map(logOf));
      cursor = page.next;
    } while (cursor !== null);
    return answer(200, { logs }, { 'cache-control': 'no-store' });
  });
}

function logOf({ masked, name, active, expires_at, last_used_at, uses }: KeyView) {
  return {
    api_key: masked,
    name,
    is_active: active,
    never_expire: expires_at === null,
    expiration_date: expires_at,
    latest_query_date: last_used_at,
    total_queries: uses,
  };
}

type Query = Readonly<Record<string, string | undefined>>;

/** A parameter in either of its spellings. */
function parameter(query: Query, name: string): string | undefined {
  return query[name] ?? query[name.replaceAll('-', '_')];
}

/** The id of the key that is named. Throws `invalid` where none is, and `not_found` for a string that is no key of this app. */
function idOf(keys: Context['keys'], query: Query): string {
  const key = parameter(query, 'api-key');
  if (key) return keys.idOf(key) ?? unknownKey();
  throw new Problem('invalid', {
    errors: [{ pointer: 'api-key', code: 'required', message: 'this field is required', in: 'query' }],
  });
}

function unknownKey(): never {
  throw new Problem('not_found', { data: { resource: 'keys' } });
}

/** A day or an instant, ISO 8601, in UTC where it names no offset (default: as long from now as a new key lasts). */
function expiryOf(key: KeyView, date: string | undefined): string | null {
  if (!date) {
    const lifetime = settings.keyLifetime();
    if (key.expires_at === null || lifetime === 'never') return null;
    return new Date(Date.now() + seconds(lifetime, 'TRESTLE_PACKAGES_KEY_LIFETIME') * 1000).toISOString();
  }
  const iso =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(date);
  const [, day, time = '00:00', zone = 'Z'] = iso ?? [];
  const at = new Date(`${day}T${time}${zone}`);
  const isDate = iso && !Number.isNaN(at.getTime());
  // JavaScript reads the 31st of a shorter month as the next one's first.
  if (isDate && (zone !== 'Z' || at.toISOString().startsWith(String(day)))) return at.toISOString();
  throw new Problem('invalid', {
    errors: [{ pointer: '/expires_at', code: 'format', message: 'expected an ISO 8601 date' }],
  });
}
