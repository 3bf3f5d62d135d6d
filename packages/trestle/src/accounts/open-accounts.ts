import type { Store } from '../database/store.ts';
import type { Accounts } from '../schema/accounts.ts';
import type { AccountService, KeyService } from '../schema/services/account-service.ts';
import { type AccountOperator, accountOperator } from './account-operator.ts';
import type { AccountParts } from './account-parts.ts';
import { AccountRows } from './account-rows.ts';
import { accountService } from './account-service.ts';
import type { Authenticator } from './authenticator.ts';
import type { EventLog } from './events.ts';
import { KeyRows } from './keys/key-rows.ts';
import { KeyUsage } from './keys/key-usage.ts';
import { keyService } from './keys/keys.ts';
import { openAuthenticator } from './open-authenticator.ts';
import { Passwords, type PasswordsOptions } from './passwords/passwords.ts';
import { lifetimesOf } from './sessions/lifetimes.ts';
import { LiveSessions } from './sessions/live-sessions.ts';
import { Refresh } from './sessions/refresh.ts';
import { SessionRows } from './sessions/session-rows.ts';
import { Sessions } from './sessions/sessions.ts';
import type { SigningSecret } from './sessions/signing-secret.ts';
import { THROTTLE, Throttle, type ThrottleLimits } from './throttling/throttle.ts';
import { TokenSigner } from './tokens/tokens.ts';

/** Milliseconds. */
const SOON = 60_000;
const HOUR = 3_600_000;

export interface AccountsSetup {
  app: {
    readonly name: string;
    readonly accounts: Accounts;
    readonly resources: Readonly<Record<string, unknown>>;
  };
  /** With the tables of `accountTables`. */
  store: Store;
  secret: SigningSecret;
  /** Default: there is no administrator. */
  administratorSecret?: string | undefined;
  /** Default: nothing is logged. */
  log?: EventLog | undefined;
  /** Default: `THROTTLE`. */
  throttle?: Partial<ThrottleLimits> | undefined;
  passwords?: PasswordsOptions | undefined;
  /** Milliseconds since 1970 (default: the clock). */
  now?: (() => number) | undefined;
}

export interface OpenAccounts {
  readonly accounts: AccountService;
  readonly keys: KeyService;
  readonly authenticate: Authenticator;
  readonly operator: AccountOperator;
  /** Removes sessions that are over and old uses of keys. It is done soon after the start and every hour. */
  purge(): Promise<void>;
  /** Writes the uses of keys that still wait. Call it before the store closes. */
  close(): Promise<void>;
}

/** Opens accounts, sessions, tokens and keys of one app over its store. */
export function openAccounts(setup: AccountsSetup): OpenAccounts {
  const { app, store, administratorSecret, log = () => {}, now = Date.now } = setup;
  const { id } = app.accounts;
  const rows = new AccountRows(store, id);
  const keyRows = new KeyRows(store, id);
  const usage = new KeyUsage(store, log);
  const tokens = new TokenSigner({ app: app.name, id, secret: setup.secret, now });
  const session = {
    store,
    rows: new SessionRows(store, id),
    live: new LiveSessions(store, id),
    tokens,
    lifetimes: lifetimesOf(app.accounts),
    now,
  };
  const sessions = new Sessions(session);
  const parts: AccountParts = {
    app,
    store,
    rows,
    sessions,
    refresh: new Refresh({ ...session, accounts: rows, sessions, log }),
    passwords: new Passwords(setup.passwords),
    throttle: new Throttle({ ...THROTTLE, ...setup.throttle }, now),
    now,
    log,
  };
  const limits = { accounts: app.accounts, resources: Object.keys(app.resources) };
  const purge = async () => {
    await sessions.purge();
    await usage.purge(now());
  };
  const stopPurging = often(purge);
  return {
    accounts: accountService(parts),
    keys: keyService({ store, accounts: rows, rows: keyRows, usage, limits, now, log }),
    authenticate: openAuthenticator({ tokens, sessions, keyRows, usage, administratorSecret, now }),
    operator: accountOperator(parts),
    purge,
    async close() {
      stopPurging();
      await usage.close();
    },
  };
}

/** What is over harms nobody: where removing it fails, the next time will do. Gives what stops it. */
function often(purge: () => Promise<void>): () => void {
  const quietly = () => void purge().catch(() => {});
  const soon = setTimeout(quietly, SOON).unref();
  const hourly = setInterval(quietly, HOUR).unref();
  return () => {
    clearTimeout(soon);
    clearInterval(hourly);
  };
}
