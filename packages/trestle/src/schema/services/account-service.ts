import type { Context, Origin } from '../caller.ts';
import type { RowId } from '../id.ts';
import type { Fields } from '../resource.ts';
import type { Flat, Readable, Writable } from '../row-types.ts';
import type { ListQuery, Page } from './list-query.ts';
import type { Versioned, WriteOptions } from './row-service.ts';

/** Members of every account. */
export interface AccountMembers {
  /** The id. */
  id: RowId;
  /** The name it signs in by. */
  username: string;
  /** RFC 3339, UTC. */
  created_at: string;
  /** The roles it has; a member for itself, where the app declares roles, and for the administrator. */
  roles?: readonly string[];
  /** Since when it is disabled, or null; a member for the administrator alone. */
  disabled_at?: string | null;
}

/** An account as its reader may see it: fields under a rule of their own are there for whom that allows. */
export type Account<F extends Fields = Record<never, never>> = Flat<AccountMembers & Readable<F>>;

/** The body that makes an account. */
export type SignUpBody<F extends Fields = Record<never, never>> = Flat<
  { username: string; password?: string } & Writable<F>
>;

/** The body that changes the name and the own fields of an account. */
export type AccountPatch<F extends Fields = Record<never, never>> = Flat<
  Partial<{ username: string } & Writable<F>>
>;

/** A name and a password to sign in with. */
export interface Credentials {
  /** The user name, or a value of a field that `signInBy` names. */
  username: string;
  /** The password. */
  password: string;
}

/** The tokens of a sign-in or a refresh. Never stored, never logged. */
export interface Tokens<F extends Fields = Record<never, never>> {
  /** The account, as it sees itself. */
  account: Account<F>;
  /** Public id of the session. */
  session: string;
  /** The access token: `Authorization: Bearer ...`. */
  access: string;
  /** Null where the app hands out no refresh tokens. */
  refresh: string | null;
  /** Seconds until `access` expires. */
  expiresIn: number;
}

/** A session: one sign-in, with the tokens that were refreshed since. */
export interface SessionView {
  /** The public id. */
  id: string;
  /** The account that signed in. */
  account: RowId;
  /** The sign-in: RFC 3339, UTC. */
  created_at: string;
  /** RFC 3339, UTC, to the minute. */
  last_used_at: string;
  /** The end of the session where nothing refreshes it: RFC 3339, UTC. */
  expires_at: string;
  /** Whether the caller's own request came through this session. */
  current: boolean;
}

/** A context with an origin, which sign-ins and sign-ups are throttled by. Every `RouteRequest` is one. */
export type RequestContext = Context & {
  /** Where the request came from. */
  readonly origin: Origin;
};

/** Accounts and sessions, for contract routes and the uniform API alike. */
export interface AccountService<F extends Fields = Record<never, never>> {
  /**
   * Makes an account with its own fields, and answers it as it sees itself. Throws `conflict` with a `taken` error at
   * `/username`, or `invalid`.
   */
  signUp(context: RequestContext, body: SignUpBody<F>): Promise<Versioned<Account<F>>>;
  /**
   * By user name, or by a value of a field that `signInBy` names.
   * Throws `invalid_credentials`, the same and after the same time whether or not the name exists (`too_many_requests`, `unavailable`).
   */
  signIn(context: RequestContext, credentials: Credentials): Promise<Tokens<F>>;
  /** Rotates: a new refresh token takes the old one's place. Throws `invalid_token`. */
  refresh(context: Context, token: string): Promise<Tokens<F>>;
  /** A new access token; the refresh token stays as it is, for contracts that promise so. Throws `invalid_token`. */
  renewAccess(context: Context, refreshToken: string): Promise<{ access: string; expiresIn: number }>;
  /** One account: the caller's own, or another under the rule `can.read`. */
  read(context: Context, id: RowId): Promise<Versioned<Account<F>>>;
  /** Accounts by id in one query, for an app's own code: no rule is asked, and no field left out. */
  readMany(ids: readonly RowId[]): Promise<Map<RowId, Account<F>>>;
  /** The accounts that the caller may read, for whom the rule `can.list` names. */
  list(context: Context, query?: ListQuery<Account<F>>, cursor?: string): Promise<Page<Account<F>>>;
  /**
   * Changes name and own fields, as a PATCH (RFC 7396), under the rule `can.update`; sessions go on. Throws `conflict` with a
   * `taken` error at `/username`, `invalid`, `precondition_failed`.
   */
  update(
    context: Context,
    id: RowId,
    patch: AccountPatch<F>,
    options?: WriteOptions,
  ): Promise<Versioned<Account<F>>>;
  /** For the administrator: ends all sessions at once; keys and password are refused until it is enabled again. */
  disable(context: Context, id: RowId): Promise<Account<F>>;
  /** For the administrator: lets a disabled account sign in again. */
  enable(context: Context, id: RowId): Promise<Account<F>>;
  /**
   * Gives an account these roles and no others, from its next request on. For whom the rule `can.grant` names, never for the
   * own account; the role `administrator` is given and taken by administrators alone. Throws `invalid`.
   */
  setRoles(context: Context, id: RowId, roles: readonly string[]): Promise<Account<F>>;
  /**
   * Deletes an account with its sessions and keys; rows it created lose their author. For the administrator, and for the
   * owner, who gives the password where accounts have one. Throws `wrong_password`, `too_many_requests`.
   */
  remove(context: Context, id: RowId, proof?: { password?: string }): Promise<void>;
  /** Throws `wrong_password` or `invalid`; ends all other sessions. */
  changePassword(context: Context, change: { current: string; next: string }): Promise<void>;
  /** For the administrator: a new password for someone who lost theirs; ends all sessions. */
  resetPassword(context: Context, id: RowId, password: string): Promise<void>;
  /** The caller's own, newest first; everybody's for the administrator. */
  sessions(context: Context, query?: ListQuery, cursor?: string): Promise<Page<SessionView>>;
  /** One of the caller's own; any for the administrator. Throws `not_found`. */
  endSession(context: Context, session: string): Promise<void>;
  /** Ends all sessions of the caller's own account. */
  endAllSessions(context: Context): Promise<void>;
  /** For the administrator: ends all sessions of an account. Throws `not_found`. */
  endSessionsOf(context: Context, id: RowId): Promise<void>;
}

/** An API key, without the secret part. */
export interface KeyView {
  /** The public id. */
  id: string;
  /** For people, to tell keys apart. */
  name: string;
  /** The part that may be shown: the prefix and the public id. */
  masked: string;
  /** The account whose rights it has; null: a service key. */
  account: RowId | null;
  /** Its rights, as `resource:action`; null: all that its account may do. */
  scopes: readonly string[] | null;
  /** False once it is deactivated. */
  active: boolean;
  /** RFC 3339, UTC. */
  created_at: string;
  /** Null: never. */
  expires_at: string | null;
  /** RFC 3339, UTC; null: never. */
  last_used_at: string | null;
  /** The number of requests it made. */
  uses: number;
}

/** Options of a new key. */
export interface KeyOptions {
  /** For people, to tell keys apart (default: none). */
  name?: string;
  /** Seconds, or `never` (default: the app's `keys.lifetime`). */
  lifetime?: number | 'never';
  /** `resource:action` texts, or null for all the owner may (default: null). */
  scopes?: readonly string[] | null;
}

/** API keys. The whole key is in the answer of `create` and `roll`, and nowhere else, ever. */
export interface KeyService {
  /**
   * For the caller's own account; the administrator may name another, or none. Throws `conflict` where the account has
   * `keys.max` keys already.
   */
  create(
    context: Context,
    options: KeyOptions & { account?: RowId | null },
  ): Promise<KeyView & { key: string }>;
  /**
   * Takes a key that another system made, so that its holders go on with it. For the administrator. Its hash alone is kept, and
   * it has to be random: 20 to 64 visible ASCII characters. Throws `invalid`, and `conflict` where it is there already.
   */
  import(context: Context, options: KeyOptions & { key: string; account?: RowId | null }): Promise<KeyView>;
  /** The caller's own, newest first; everybody's for the administrator. */
  list(context: Context, query?: ListQuery, cursor?: string): Promise<Page<KeyView>>;
  /** One of the caller's own; any for the administrator. Throws `not_found`. */
  read(context: Context, id: string): Promise<KeyView>;
  /** The key is refused from the next request on, until it is activated. Throws `not_found`. */
  deactivate(context: Context, id: string): Promise<KeyView>;
  /** A deactivated key is accepted again. Throws `not_found`. */
  activate(context: Context, id: string): Promise<KeyView>;
  /** A new expiry (null: never); a deactivated key comes back. */
  renew(context: Context, id: string, expiresAt: string | null): Promise<KeyView>;
  /** Deletes a key and the list of its uses. Throws `not_found`. */
  remove(context: Context, id: string): Promise<void>;
  /**
   * A new key with the old one's name and scopes; the old one is accepted for `overlap` seconds more (default: 24 h, at
   * most 7 days).
   */
  roll(context: Context, id: string, overlap?: number): Promise<KeyView & { key: string }>;
  /** The id inside a whole or a masked key, for contracts that name keys by themselves; null for any other string. */
  idOf(key: string): string | null;
  /** Uses of a key, newest first. */
  uses(context: Context, id: string, query?: ListQuery, cursor?: string): Promise<Page<KeyUse>>;
}

/** One request that was made with a key. */
export interface KeyUse {
  /** RFC 3339, UTC. */
  at: string;
  /** The method of the request. */
  method: string;
  /** The path of the route, with the names of its parameters. */
  route: string;
  /** The status of the answer. */
  status: number;
  /** The client's address. */
  source: string;
}
