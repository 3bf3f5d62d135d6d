import type { Caller } from '../caller.ts';
import type { RowId } from '../id.ts';

/** An account as others may see it. */
export interface Account {
  id: RowId;
  username: string;
  /** RFC 3339, UTC. */
  created_at: string;
}

export interface Credentials {
  username: string;
  password: string;
}

/** The tokens of a sign-in or a refresh. Never stored, never logged. */
export interface Tokens {
  account: Account;
  /** Public id of the session. */
  session: string;
  access: string;
  /** Null where the app hands out no refresh tokens. */
  refresh: string | null;
  /** Seconds until `access` is over. */
  expiresIn: number;
}

export interface SessionView {
  id: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  /** Whether the caller's own request came through this session. */
  current: boolean;
}

/** Where a request came from: what throttling and the session list go by. */
export interface Origin {
  /** The peer's address, or the client's behind a trusted proxy. */
  address: string;
}

/** Accounts and sessions, for contract routes and the uniform API alike. */
export interface AccountService {
  /** Throws `conflict` with a `taken` error at `/username`, or `invalid`. */
  signUp(
    caller: Caller,
    credentials: { username: string; password?: string },
    origin: Origin,
  ): Promise<Account>;
  /** Throws `invalid_credentials`, the same and after the same time whether or not the name exists (`too_many_requests`, `unavailable`). */
  signIn(credentials: Credentials, origin: Origin): Promise<Tokens>;
  /** Rotates: a new refresh token takes the old one's place. Throws `invalid_token`. */
  refresh(token: string): Promise<Tokens>;
  /** A new access token; the refresh token stays as it is, for contracts that promise so. Throws `invalid_token`. */
  renewAccess(refreshToken: string): Promise<{ access: string; expiresIn: number }>;
  read(caller: Caller, id: RowId): Promise<Account>;
  /** Accounts by id in one query. */
  readMany(ids: readonly RowId[]): Promise<Map<RowId, Account>>;
  /** Throws `wrong_password` or `invalid`; ends all other sessions. */
  changePassword(caller: Caller, change: { current: string; next: string }): Promise<void>;
  sessions(caller: Caller): Promise<SessionView[]>;
  endSession(caller: Caller, session: string): Promise<void>;
  endAllSessions(caller: Caller): Promise<void>;
}

export interface KeyView {
  id: string;
  name: string;
  /** The part that may be shown: the prefix and the public id. */
  masked: string;
  account: RowId | null;
  scopes: readonly string[] | null;
  active: boolean;
  created_at: string;
  /** Null: never. */
  expires_at: string | null;
  last_used_at: string | null;
  uses: number;
}

export interface KeyOptions {
  name?: string;
  /** Seconds, or `never` (default: the app's `keys.lifetime`). */
  lifetime?: number | 'never';
  /** `resource:action` texts, or null for all the owner may (default: null). */
  scopes?: readonly string[] | null;
}

/** API keys. The whole key is in the answer of `create` and `roll`, and nowhere else, ever. */
export interface KeyService {
  /** For the caller's own account; the administrator may name another, or none. */
  create(
    caller: Caller,
    options: KeyOptions & { account?: RowId | null },
  ): Promise<KeyView & { key: string }>;
  list(caller: Caller): Promise<KeyView[]>;
  read(caller: Caller, id: string): Promise<KeyView>;
  deactivate(caller: Caller, id: string): Promise<KeyView>;
  activate(caller: Caller, id: string): Promise<KeyView>;
  /** A new expiry (null: never); a deactivated key comes back. */
  renew(caller: Caller, id: string, expiresAt: string | null): Promise<KeyView>;
  remove(caller: Caller, id: string): Promise<void>;
  /** A new key with the old one's name and scopes; the old one serves for `overlap` seconds more (default: 24 h, at most 7 days). */
  roll(caller: Caller, id: string, overlap?: number): Promise<KeyView & { key: string }>;
  /** The id inside a whole or a masked key, for contracts that name keys by themselves; null for any other string. */
  idOf(key: string): string | null;
  /** Uses of a key, newest first. */
  uses(caller: Caller, id: string, limit?: number): Promise<KeyUse[]>;
}

export interface KeyUse {
  at: string;
  method: string;
  route: string;
  status: number;
  source: string;
}
