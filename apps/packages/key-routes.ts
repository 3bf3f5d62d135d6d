import {
  type Answer,
  administrator,
  answer,
  type KeyView,
  type Method,
  Problem,
  type Route,
  route,
  seconds,
} from 'trestle';
import { Type } from 'typebox';
import type { Context } from './contract.ts';
import { KeyLogs, KeyOf, NewKey, Renewal } from './schemas.ts';
import { settings } from './settings.ts';

const tag = 'auth';
const can = administrator;

/**
 * The key management of the document's library. It changes state by GET; each is offered as POST too, where no browser
 * or proxy calls it by itself, and deletion as DELETE.
 */
export function keyRoutes(context: Context): Route[] {
  return [
    ...newRoutes(context),
    ...revokeRoutes(context),
    ...renewRoutes(context),
    ...deleteRoutes(context),
    logsRoute(context),
  ];
}

const BOTH: readonly Method[] = ['GET', 'POST'];

function newRoutes({ keys }: Context): Route[] {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Make an API key',
    query: NewKey,
    answers: { 200: Type.String() },
  };
  return BOTH.map((method) =>
    route(method, '/auth/new', options, async ({ caller, query: { name = '', never_expires = false } }) => {
      const made = await keys.create(caller, {
        name,
        account: null,
        ...(never_expires && { lifetime: 'never' }),
      });
      return secretAnswer(made.key);
    }),
  );
}

function revokeRoutes({ keys }: Context): Route[] {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Deactivate an API key',
    query: KeyOf,
    answers: { 200: Type.Null() },
  };
  return BOTH.map((method) =>
    route(method, '/auth/revoke', options, async ({ caller, query }) => {
      await keys.deactivate(caller, idOf(keys, query));
      return answer(200, null);
    }),
  );
}

function renewRoutes({ keys }: Context): Route[] {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Give a key a new expiry',
    query: Renewal,
    answers: { 200: Type.String() },
  };
  return BOTH.map((method) =>
    route(method, '/auth/renew', options, async ({ caller, query }) => {
      const id = idOf(keys, query);
      const before = await keys.read(caller, id).catch(unknownKey);
      const renewed = await keys.renew(caller, id, expiryOf(before, query['expiration-date']));
      const revived = before.active ? '' : 'This API key was revoked and has been reactivated. ';
      const until = renewed.expires_at === null ? 'never' : renewed.expires_at;
      return answer(200, `${revived}The new expiration date for the API key is ${until}.`);
    }),
  );
}

function deleteRoutes({ keys }: Context): Route[] {
  const options = {
    tag,
    can,
    changes: true,
    summary: 'Delete an API key',
    query: KeyOf,
    answers: { 200: Type.Null() },
  };
  return ([...BOTH, 'DELETE'] as const).map((method) =>
    route(method, '/auth/delete', options, async ({ caller, query }) => {
      await keys.remove(caller, idOf(keys, query)).catch(unknownKey);
      return answer(200, null);
    }),
  );
}

function logsRoute({ keys }: Context): Route {
  const options = { tag, can, summary: 'What each API key was used for', answers: { 200: KeyLogs } };
  return route('GET', '/auth/logs', options, async ({ caller }) =>
    answer(200, { logs: (await keys.list(caller)).map(logOf) }, { 'cache-control': 'no-store' }),
  );
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

function secretAnswer(key: string): Answer {
  return answer(200, key, { 'cache-control': 'no-store' });
}

/** The id of the key that is meant. Throws `not_found` for a text that is none of this app. */
function idOf(keys: Context['keys'], query: { 'api-key': string }): string {
  return keys.idOf(query['api-key']) ?? unknownKey();
}

function unknownKey(): never {
  throw new Problem('not_found', { data: { resource: 'keys' } });
}

/** A day or an instant, ISO 8601, in UTC where it names no offset; left out, as long from now as a new key lasts. */
function expiryOf(key: KeyView, date: string | undefined): string | null {
  if (date === undefined) {
    const lifetime = settings.keyLifetime();
    if (key.expires_at === null || lifetime === 'never') return null;
    return new Date(Date.now() + seconds(lifetime, 'TRESTLE_PACKAGES_KEY_LIFETIME') * 1000).toISOString();
  }
  const iso =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/i.exec(date);
  const [, day, time = '00:00', zone = 'Z'] = iso ?? [];
  const at = new Date(`${day}T${time}${zone}`);
  if (!iso || Number.isNaN(at.getTime()) || (zone === 'Z' && !at.toISOString().startsWith(String(day))))
    throw unreadable();
  return at.toISOString();
}

function unreadable(): Problem {
  const message = 'The expiration date could not be parsed. Please use ISO 8601.';
  return new Problem('invalid', {
    detail: message,
    errors: [{ pointer: 'expiration-date', code: 'format', message, in: 'query' }],
  });
}
