import { hash, timingSafeEqual } from 'node:crypto';
import { isNotifier, type Notifier } from '../database/notifier.ts';
import type { Executor, Store } from '../database/store.ts';
import { FifoMap } from '../fifo-map.ts';
import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import { hashSecret, parseForeignKey, parseKey } from './keys/key-format.ts';
import { isUsable, type KeyStatements, type KeyWithRoles } from './keys/key-statements.ts';
import type { SessionRow } from './resources.ts';
import { batchedLookup } from './sessions/batched-lookup.ts';
import type { SessionStatements } from './sessions/session-statements.ts';
import { type AccessClaims, invalidToken, type TokenSigner } from './tokens/tokens.ts';

/** Reads may rest on a look at the session or key that is at most a second old; writes always ask the database. */
export type Purpose = 'read' | 'write';

/** How long a read may rest on an earlier look where only a query tells of other processes, in milliseconds. */
const MAX_STALENESS_MS = 1000;
const MAX_REMEMBERED = 10_000;
/** Verified access tokens that are remembered, so that each pays for its signature once (75 µs with jose). */
const MAX_VERIFIED = 10_000;
/** The channel on which processes tell each other that sessions or keys have ended, or roles have changed. */
const CHANNEL = 'sessions';
/** Compared with where there is no such key, so that this takes as long. No secret has this hash. */
const NO_HASH = '0'.repeat(64);

interface Dependencies {
  readonly store: Store;
  readonly statements: SessionStatements;
  readonly keys: KeyStatements;
  readonly tokens: TokenSigner;
  readonly now: () => number;
  /** Reads rest on no earlier look where only a query tells of other processes: roles must show at once. */
  readonly looksAlways: boolean;
}

type AccountCaller = Extract<Caller, { kind: 'account' }>;
type KeyCaller = Extract<Caller, { kind: 'key' }>;

/** A look at the database. */
interface Look {
  /** Milliseconds. */
  readonly at: number;
  /** The store's `foreignCommits` just before. */
  readonly commits: number | undefined;
  /** The endings in this process until then. */
  readonly endings: number;
}

/** A caller as the last look found it. */
interface Seen extends Look {
  /** Made once, with the roles of the account. */
  readonly caller: AccountCaller | KeyCaller;
  /** Milliseconds. */
  readonly expires: number;
}

/**
 * Callers of access tokens, while their sessions last, and of API keys, while these are active. Most requests come from one that
 * was seen just now: it costs neither a signature, nor a query, nor a promise. What ends or changes shows at once in this process,
 * and in others on the same file; on PostgreSQL at once for writes, and for reads once they are told, within a second in any case.
 */
export class Callers {
  readonly #dependencies: Dependencies;
  readonly #find: (id: string) => Promise<(SessionRow & { readonly roles: readonly string[] }) | undefined>;
  readonly #verified = new FifoMap<string, AccessClaims>(MAX_VERIFIED);
  /** By the id of the session, or the SHA-256 of the whole key, which itself is kept nowhere. */
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
   * The caller of a token or key, by an earlier look at it, where no other process can have changed that since, or for a read not
   * long ago. Undefined where it takes another look.
   */
  readonly seen = (credential: string, purpose: Purpose): Caller | undefined => {
    if (!credential.includes('.')) return this.#fresh(hash('sha256', credential), purpose);
    const claims = this.#verified.get(credential);
    if (!claims || this.#dependencies.now() >= claims.expires) return undefined;
    const caller = this.#fresh(claims.session, purpose);
    return caller?.account === claims.account ? caller : undefined;
  };

  /** The caller of a text that is taken for a key alone, by an earlier look at it. */
  seenKey(key: string, purpose: Purpose): Caller | undefined {
    return this.#fresh(hash('sha256', key), purpose);
  }

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
    const known = this.#fresh(session, purpose);
    if (known?.kind === 'account' && known.account === account) return known;
    const look = this.#look();
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
    this.#remember(session, { ...look, caller, expires });
    if (row.account !== account || look.at >= expires) throw invalidToken();
    return caller;
  }

  /** The caller of an API key, which is looked up; undefined where the text is no active key. Such a text is not remembered. */
  async ofKey(key: string): Promise<KeyCaller | undefined> {
    const parsed = parseKey(key) ?? parseForeignKey(key);
    if (!parsed) return undefined;
    const { keys } = this.#dependencies;
    const look = this.#look();
    const row = await keys.current(parsed.id);
    const same = timingSafeEqual(Buffer.from(hashSecret(parsed.secret)), Buffer.from(row?.hash ?? NO_HASH));
    if (!row || !same || !isUsable(row, look.at)) return undefined;
    const caller = keyCaller(row);
    const expires = row.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(row.expires_at);
    this.#remember(hash('sha256', key), { ...look, caller, expires });
    return caller;
  }

  /** The caller of the key with this id, which is looked up. Throws `invalid_key` where it is not active. */
  async ofKeyId(id: string): Promise<KeyCaller> {
    const { keys, now } = this.#dependencies;
    const row = await keys.current(id);
    if (!row || !isUsable(row, now())) throw invalidKey();
    return keyCaller(row);
  }

  #look(): Look {
    const { store, now } = this.#dependencies;
    return { at: now(), commits: store.foreignCommits(), endings: this.#endings };
  }

  #remember(name: string, seen: Seen): void {
    if (seen.endings === this.#endings) this.#seen.set(name, seen);
  }

  /** The one rule of how long a look may be relied on. */
  #fresh(name: string, purpose: Purpose): Seen['caller'] | undefined {
    const seen = this.#seen.get(name);
    if (!seen) return undefined;
    const { store, now, looksAlways } = this.#dependencies;
    const at = now();
    if (at >= seen.expires) return undefined;
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

  /** Sessions or keys have ended, or roles have changed: nothing that was seen before is believed any more. */
  readonly forget = (): void => {
    this.#endings += 1;
    this.#seen.clear();
  };

  close(): void {
    this.#unlisten?.();
  }
}

function keyCaller({ id, account, scopes, roles }: KeyWithRoles): KeyCaller {
  return { kind: 'key', account, key: id, scopes, ...(roles.length > 0 && { roles }) };
}

/** The answer to every key that is not valid, whatever is wrong with it. */
export function invalidKey(): Problem {
  return new Problem('invalid_key', { headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
}
