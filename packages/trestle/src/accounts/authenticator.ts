import type { Caller } from '../schema/caller.ts';
import type { KeyUse } from '../schema/services/account-service.ts';

/** Reads may rest on a session check that is at most a second old; writes always ask the database. */
export type Purpose = 'read' | 'write';

/** Turns what a request presents into its caller. */
export interface Authenticator {
  /** An access token, an API key or the administrator's secret. Throws `invalid_token`, and `invalid_key` for a key. */
  bearer(token: string, purpose: Purpose): Promise<Caller> | Caller;
  /** An API key. Always asks the database, but for a key whose checksum is wrong. Throws `invalid_key`. */
  key(key: string): Promise<Caller>;
  /** The administrator's secret. Throws `unauthenticated` where it is wrong or the server has none. */
  administrator(secret: string): Caller;
  /**
   * Throws `invalid_token` or `invalid_key` where the caller's session has ended, its key was revoked or its account disabled.
   * Callers without credentials of their own are always active.
   */
  requireActive(caller: Caller): Promise<void>;
  /** Notes a use of a key, behind the request; of any other caller nothing. */
  used(caller: Caller, use: KeyUse): void;
}
