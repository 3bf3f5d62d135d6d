import { hash, timingSafeEqual } from 'node:crypto';
import type { Store } from '../database/store.ts';
import { Problem } from '../problems.ts';
import { anonymous, type Caller, type Origin } from '../schema/caller.ts';
import { StartError } from '../start-error.ts';
import { type Callers, invalidKey, type Purpose } from './callers.ts';
import type { EventLog } from './events.ts';
import { KEY_PREFIX } from './keys/key-format.ts';
import type { KeyUsage } from './keys/key-usage.ts';
import { sourceOf, type Throttle } from './throttling/throttle.ts';
import type { CsrfTokens } from './tokens/csrf-tokens.ts';
import type { Tickets } from './tokens/tickets.ts';
import { invalidToken } from './tokens/tokens.ts';

/** Turns what a request presents into its caller. */
export interface Authenticator {
  /** The caller of a token or key that was seen just now, for whom `bearer` need not be asked. */
  readonly seen: Callers['seen'];
  /**
   * An access token, an API key or the administrator's secret. Throws `invalid_token`, `invalid_key` for a key, and
   * `too_many_requests` for guesses at the secret.
   */
  bearer(token: string, purpose: Purpose, origin: Origin): Promise<Caller> | Caller;
  /** An API key. Throws `invalid_key`. */
  key(key: string, purpose: Purpose): Promise<Caller> | Caller;
  /** The administrator's secret. Throws `invalid_token` where it is wrong or the server has none, and `too_many_requests`. */
  administrator(secret: string, origin: Origin): Caller;
  /**
   * The cookie of an operator's session. A cookie that is no active session is none: browsers send it wherever it was set. Where a
   * request may change something, `unsafe` has the token of `CsrfTokens`, without which the cookie is none either; throws
   * `forbidden` for a wrong one.
   */
  session(cookie: string, unsafe: { readonly csrf: unknown } | undefined): Promise<Caller> | Caller;
  /** A ticket for a path, which is spent by this. Throws `invalid_token` and `invalid_key`. */
  ticket(ticket: string, path: string): Promise<Caller>;
  /**
   * Throws `invalid_token` or `invalid_key` where the caller's session has ended, its key was revoked, or its account is
   * disabled or has other roles by now. Callers without credentials of their own are always active. For what outlives its request, such as event
   * streams: to be asked at least every second.
   */
  requireActive(caller: Caller): Promise<void>;
  /** Notes a use of a key by its id, after the request. */
  readonly used: KeyUsage['note'];
}

interface Dependencies {
  store: Store;
  callers: Callers;
  usage: KeyUsage;
  throttle: Throttle;
  tickets: Tickets;
  csrf: CsrfTokens;
  administratorSecret: string | undefined;
  administratorHash: string | undefined;
  now: () => number;
  log: EventLog;
}

const ADMINISTRATOR: Caller = Object.freeze({ kind: 'administrator' });
const MIN_SECRET_LENGTH = 32;

/** The authenticator of one app. Throws `StartError` for an administrator's secret that is too short. */
export function openAuthenticator(dependencies: Dependencies): Authenticator {
  const { callers, usage, throttle, tickets, log } = dependencies;
  const { administratorSecret, administratorHash, csrf } = dependencies;
  const expected = administratorSecret
    ? digest(checkedSecret(administratorSecret))
    : administratorHash === undefined
      ? undefined
      : Buffer.from(administratorHash, 'hex');

  function administrator(secret: string, origin: Origin): Caller {
    if (expected === undefined) throw new Problem('invalid_token');
    const source = sourceOf(origin.address);
    const wait = throttle.administrator.waitOf(source);
    if (wait > 0) {
      log({ event: 'administrator_throttled', source }, origin);
      throw throttle.administrator.refusal(wait);
    }
    if (timingSafeEqual(digest(secret), expected)) return ADMINISTRATOR;
    throttle.administrator.hit(source);
    log({ event: 'administrator_refused', source }, origin);
    throw new Problem('invalid_token', { detail: "The administrator's secret is wrong." });
  }

  async function byKey(key: string): Promise<Caller> {
    const caller = await callers.ofKey(key);
    if (!caller) throw invalidKey();
    return caller;
  }

  /** The caller of a text that is no token: an imported key, else taken for the administrator's secret. */
  async function byText(text: string, purpose: Purpose, origin: Origin): Promise<Caller> {
    const key = await callers.ofKey(text);
    if (key) return key;
    return expected === undefined ? callers.ofToken(text, purpose) : administrator(text, origin);
  }

  return {
    seen: callers.seen,
    bearer(token, purpose, origin) {
      if (token.startsWith(KEY_PREFIX)) return byKey(token);
      // The secret has no dot, and a token always has: neither is taken for a guess at the other.
      return token.includes('.') ? callers.ofToken(token, purpose) : byText(token, purpose, origin);
    },
    key: (key, purpose) => callers.seenKey(key, purpose) ?? byKey(key),
    administrator,
    session(cookie, unsafe) {
      const seen = unsafe ? undefined : callers.seen(cookie, 'read');
      if (seen) return seen;
      // A token that is not valid, or whose session is not active, makes no caller.
      const found = callers.ofToken(cookie, unsafe ? 'write' : 'read').catch((error: unknown): Caller => {
        if (error instanceof Problem && error.code === 'invalid_token') return anonymous;
        throw error;
      });
      return unsafe ? found.then((caller) => csrf.require(caller, unsafe.csrf)) : found;
    },
    async ticket(ticket, path) {
      const { account, session, key } = await tickets.take(ticket, path);
      if (key !== null) return callers.ofKeyId(key);
      if (account === null || session === null) return ADMINISTRATOR;
      return callers.ofSession({ account, session }, 'write');
    },
    async requireActive(given) {
      // Who looks as another account does so by the own session, and as an administrator.
      const caller = (given.kind === 'account' && given.viewedBy) || given;
      if (caller.kind === 'account') {
        const { roles } = await callers.ofSession(caller, 'write');
        if (!hasSameRoles(roles, caller.roles)) throw invalidToken();
      }
      if (caller.kind === 'key' && !hasSameRoles((await callers.ofKeyId(caller.key)).roles, caller.roles))
        throw invalidKey();
    },
    used: usage.note,
  };
}

function hasSameRoles(some: readonly string[] = [], others: readonly string[] = []): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}

function checkedSecret(secret: string): string {
  if (secret.length < MIN_SECRET_LENGTH)
    throw new StartError(
      `TRESTLE_ADMIN_SECRET has ${secret.length} characters; it needs at least ${MIN_SECRET_LENGTH}. ` +
        'Make one with: node -p "crypto.randomBytes(32).toString(\'base64url\')"',
    );
  if (secret.startsWith(KEY_PREFIX) || secret.includes('.'))
    throw new StartError(
      'TRESTLE_ADMIN_SECRET contains a dot or begins as an API key does, so it could be taken for a token or a key; choose another',
    );
  return secret;
}

/** Both sides become as long, so that the comparison tells nothing, not even the secret's length. */
function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
