import { isNotifier, type Notifier } from '../../database/notifier.ts';
import type { Executor, Store } from '../../database/store.ts';
import { FifoMap } from '../../fifo-map.ts';
import type { Caller } from '../../schema/caller.ts';
import type { SessionRow } from '../resources.ts';
import { type AccessClaims, invalidToken, type TokenSigner } from '../tokens/tokens.ts';
import { batchedLookup } from './batched-lookup.ts';
import type { SessionStatements } from './session-statements.ts';

/** Reads may rest on a session check that is at most a second old; writes always ask the database. */
export type Purpose = 'read' | 'write';

/** How long a read may rest on an earlier look at the session where only a query tells of other processes, in milliseconds. */
const MAX_STALENESS_MS = 1000;
const MAX_REMEMBERED = 10_000;
/** Verified access tokens that are remembered, so that each pays for its signature once (75 µs with jose). */
const MAX_VERIFIED = 10_000;
/** The channel on which processes tell each other that sessions have ended, or roles have changed. */
const CHANNEL = 'sessions';

interface Dependencies {
  readonly store: Store;
  readonly statements: SessionStatements;
  readonly tokens: TokenSigner;
  readonly now: () => number;
  /** Reads rest on no earlier look where only a query tells of other processes: roles must show at once. */
  readonly looksAlways: boolean;
}

type AccountCaller = Extract<Caller, { kind: 'account' }>;

/** A session as it was when it was last looked up; times are milliseconds. */
interface Seen {
  /** Made once, with the roles of the account. */
  readonly caller: AccountCaller;
  readonly expires: number;
  readonly at: number;
  /** The store's `foreignCommits` just before. */
  readonly commits: number | undefined;
}

/**
 * Callers of access tokens, while their sessions last. Most requests come from one that was seen just now: it costs neither
 * a signature, nor a query, nor a promise. A session ends at once in this process, and in others on the same file; on PostgreSQL
 * at once for writes, and for reads once they are told, within a second in any case.
 */
export class SessionCallers {
  readonly #dependencies: Dependencies;
  readonly #find: (id: string) => Promise<(SessionRow & { readonly roles: readonly string[] }) | undefined>;
  readonly #verified = new FifoMap<string, AccessClaims>(MAX_VERIFIED);
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

  /**
   * The caller of a token, by an earlier look at it and its session, where no other process can have changed that since, or for a
   * read not long ago. Undefined where it takes another look.
   */
  readonly seen = (token: string, purpose: Purpose): AccountCaller | undefined => {
    const claims = this.#verified.get(token);
    return claims && this.#fresh(claims, purpose);
  };

  /** The caller of an access token. Throws `invalid_token`. */
  async ofToken(token: string, purpose: Purpose): Promise<AccountCaller> {
    const { tokens, now } = this.#dependencies;
    const known = this.#verified.get(token);
    const claims = known && now() < known.expires ? known : await tokens.verifyAccess(token);
    if (claims !== known) this.#verified.set(token, claims);
    return this.ofSession(claims, purpose);
  }

  /** The caller of a session, with the roles of its account. Throws `invalid_token` where it is not active. */
  async ofSession(
    { session, account }: Pick<AccessClaims, 'session' | 'account'>,
    purpose: Purpose,
  ): Promise<AccountCaller> {
    const { store, now } = this.#dependencies;
    const at = now();
    const known = this.#fresh({ session, account, expires: Number.POSITIVE_INFINITY }, purpose);
    if (known) return known;
    const endings = this.#endings;
    const commits = store.foreignCommits();
    const row = await this.#find(session);
    if (!row) throw invalidToken();
    const { roles } = row;
    const caller = {
      kind: 'account',
      account: row.account,
      session,
      ...(roles.length > 0 && { roles }),
    } as const;
    const expires = Date.parse(row.expires_at);
    if (endings === this.#endings) this.#seen.set(session, { caller, expires, at, commits });
    if (row.account !== account || at >= expires) throw invalidToken();
    return caller;
  }

  #fresh({ session, account, expires }: AccessClaims, purpose: Purpose): AccountCaller | undefined {
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

  /** When a session ends at the latest; null where there is none. */
  async expiryOf(session: string): Promise<string | null> {
    return (await this.#find(session))?.expires_at ?? null;
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
}
