import { randomBytes } from 'node:crypto';
import { isNotifier, type Notifier } from '../../database/notifier.ts';
import type { Executor, Store } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import type { Accounts } from '../../schema/accounts.ts';
import type { Caller } from '../../schema/caller.ts';
import { seconds } from '../../schema/duration.ts';
import type { RowId } from '../../schema/id.ts';
import type { Account, Tokens } from '../../schema/services/account-service.ts';
import type { Purpose } from '../authenticator.ts';
import type { SessionRow } from '../resources.ts';
import type { AccessClaims, TokenSigner } from '../tokens/tokens.ts';
import { batchedLookup } from './batched-lookup.ts';
import type { SessionStatements } from './session-statements.ts';

/** How long a read may rest on an earlier look at the session where only a query tells of other processes, in milliseconds. */
const MAX_STALENESS_MS = 1000;
const MAX_REMEMBERED = 10_000;
/** The channel on which processes tell each other that sessions have ended, or roles have changed. */
const CHANNEL = 'sessions';

/** 16 random bytes in base64url. PostgreSQL refuses some texts, so it is asked for nothing else. */
const SESSION_ID = /^[\w-]{22}$/;

interface Dependencies {
  store: Store;
  statements: SessionStatements;
  tokens: TokenSigner;
  lifetimes: Lifetimes;
  now: () => number;
  /** Reads rest on no earlier look where only a query tells of other processes: roles must show at once (default: false). */
  looksAlways?: boolean;
}

type AccountCaller = Extract<Caller, { kind: 'account' }>;

/** A session as it was when it was last looked up; times are milliseconds. */
interface Seen {
  /** Made once, with the roles of the account. */
  caller: AccountCaller;
  expires: number;
  at: number;
  /** The store's `foreignCommits` just before. */
  commits: number | undefined;
}

/**
 * Sessions: each sign-in is one, and every access token belongs to one. A session ends at once in this process, and in
 * others on the same file; on PostgreSQL at once for writes, and for reads once they are told, within a second in any case.
 */
export class Sessions {
  readonly #dependencies: Dependencies;
  readonly #find: (id: string) => Promise<(SessionRow & { readonly roles: readonly string[] }) | undefined>;
  readonly #seen = new FifoMap<string, Seen>(MAX_REMEMBERED);
  readonly #notifier: Notifier | undefined;
  readonly #unlisten: (() => void) | undefined;
  /** Counts endings, so that a look that began before one is not remembered after it. */
  #endings = 0;

  constructor(dependencies: Dependencies) {
    const { store, statements } = dependencies;
    this.#dependencies = dependencies;
    this.#notifier = isNotifier(store) ? store : undefined;
    this.#unlisten = this.#notifier?.listen(CHANNEL, this.forget);
    this.#find = batchedLookup((ids) => statements.enabled(store, { ids: store.dialect.encodeList(ids) }));
  }

  /** The row of a new session; nothing outside the transaction happens here. */
  async open(
    transaction: Executor,
    account: RowId,
    lifetimes = this.#dependencies.lifetimes,
  ): Promise<SessionRow> {
    const { statements, now } = this.#dependencies;
    const at = now();
    const moment = new Date(at).toISOString();
    const row: SessionRow = {
      id: randomBytes(16).toString('base64url'),
      account,
      generation: 0,
      rotated_at: moment,
      created_at: moment,
      last_used_at: moment,
      expires_at: new Date(expiriesAt(lifetimes, at, at).session).toISOString(),
    };
    await statements.insert(transaction, row);
    return row;
  }

  /** The tokens of a session as it is: a new access token, and the one refresh token of its generation. */
  async tokensOf(row: SessionRow, account: Account): Promise<Tokens> {
    const { tokens, lifetimes } = this.#dependencies;
    const { access, expiresIn } = await this.accessOf(row);
    const issued = Date.parse(row.rotated_at);
    const { refresh: expires } = expiriesAt(lifetimes, Date.parse(row.created_at), issued);
    const claims = { account: row.account, session: row.id, generation: row.generation, issued };
    const refresh = expires === null ? null : await tokens.signRefresh({ ...claims, expires });
    return { account, session: row.id, access, refresh, expiresIn };
  }

  /** The access token of a browser's cookie, which lasts as long as the session. */
  cookieOf({ account, id: session, expires_at }: SessionRow): Promise<string> {
    const { tokens, now } = this.#dependencies;
    return tokens.signAccess({ account, session, issued: now(), expires: Date.parse(expires_at) });
  }

  async accessOf(row: SessionRow): Promise<{ access: string; expiresIn: number }> {
    const { tokens, lifetimes, now } = this.#dependencies;
    const issued = now();
    const { access: expires } = expiriesAt(lifetimes, Date.parse(row.created_at), issued);
    const access = await tokens.signAccess({ account: row.account, session: row.id, issued, expires });
    return { access, expiresIn: Math.floor(expires / 1000) - Math.floor(issued / 1000) };
  }

  /**
   * The caller of a verified token that has not expired, by an earlier look at its session, where no other process can have
   * changed it since, or for a read not long ago. Undefined where it takes a look at the database.
   */
  seenCaller({ session, account, expires }: AccessClaims, purpose: Purpose): AccountCaller | undefined {
    const { store, now, looksAlways } = this.#dependencies;
    const at = now();
    const seen = this.#seen.get(session);
    if (!seen || at >= seen.expires || at >= expires || seen.caller.account !== account) return undefined;
    const isFresh =
      seen.commits === undefined
        ? purpose === 'read' && !looksAlways && at - seen.at < MAX_STALENESS_MS
        : seen.commits === store.foreignCommits();
    return isFresh ? seen.caller : undefined;
  }

  /** The caller of a verified token, with the roles of its account; undefined where its session is not active. */
  async caller(
    { session, account }: { readonly session: string; readonly account: RowId },
    purpose: Purpose,
  ): Promise<AccountCaller | undefined> {
    const { store, now } = this.#dependencies;
    const at = now();
    const known = this.seenCaller({ session, account, expires: Number.POSITIVE_INFINITY }, purpose);
    if (known) return known;
    const endings = this.#endings;
    const commits = store.foreignCommits();
    const row = await this.#find(session);
    if (!row) return undefined;
    const { roles } = row;
    const caller = {
      kind: 'account',
      account: row.account,
      session,
      ...(roles.length > 0 && { roles }),
    } as const;
    const expires = Date.parse(row.expires_at);
    if (endings === this.#endings) this.#seen.set(session, { caller, expires, at, commits });
    return row.account === account && at < expires ? caller : undefined;
  }

  /** When a session ends at the latest; null where there is none. */
  async expiryOf(session: string): Promise<string | null> {
    return (await this.#find(session))?.expires_at ?? null;
  }

  /**
   * Ends a session of an account, or whoever's it is (null). Answers whose it was; undefined where there is no such session.
   * Call `forget` after the commit.
   */
  async end(transaction: Executor, account: RowId | null, session: string): Promise<RowId | undefined> {
    const { statements } = this.#dependencies;
    if (!SESSION_ID.test(session)) return undefined;
    await this.tell(transaction);
    const [ended] =
      account === null
        ? await statements.endAny(transaction, { id: session })
        : await statements.end(transaction, { id: session, account });
    return ended?.account;
  }

  /** Ends all sessions of an account but one, in a transaction that may do more; call `forget` after its commit. */
  async endAll(transaction: Executor, account: RowId, but = ''): Promise<void> {
    await this.#dependencies.statements.endAll(transaction, { account, but });
    await this.tell(transaction);
  }

  /** Makes other processes forget what they have seen, once the transaction has committed. */
  async tell(transaction: Executor): Promise<void> {
    await this.#notifier?.notify(transaction, CHANNEL, '');
  }

  /** Sessions have ended, or roles have changed: nothing that was seen before is believed any more. */
  readonly forget = (): void => {
    this.#endings += 1;
    this.#seen.clear();
  };

  close(): void {
    this.#unlisten?.();
  }

  /** Removes expired sessions. */
  async purge(transaction: Executor): Promise<void> {
    await this.#dependencies.statements.purge(transaction, {
      now: new Date(this.#dependencies.now()).toISOString(),
    });
  }
}

/** How long tokens and sessions last, in milliseconds. */
export interface Lifetimes {
  access: number;
  /** Null where the app hands out no refresh tokens. */
  refresh: number | null;
  session: number;
}

export function lifetimesOf(accounts: Accounts): Lifetimes {
  const { access, refresh } = accounts.tokens;
  return {
    access: seconds(access, 'accounts.tokens.access') * 1000,
    refresh: refresh === false ? null : seconds(refresh, 'accounts.tokens.refresh') * 1000,
    session: seconds(accounts.session, 'accounts.session') * 1000,
  };
}

/** When tokens of a session are over that are handed out `now`: never after the session itself. */
export function expiriesAt(lifetimes: Lifetimes, createdAt: number, now: number) {
  const end = createdAt + lifetimes.session;
  const access = Math.min(now + lifetimes.access, end);
  const refresh = lifetimes.refresh === null ? null : Math.min(now + lifetimes.refresh, end);
  return { access, refresh, session: Math.max(access, refresh ?? 0) };
}
