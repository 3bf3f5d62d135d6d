import { randomBytes } from 'node:crypto';
import type { Executor, Store } from '../../database/store.ts';
import { LruMap } from '../../lru-map.ts';
import { Problem } from '../../problems.ts';
import type { RowId } from '../../schema/id.ts';
import type { Account, SessionView, Tokens } from '../../schema/services/account-service.ts';
import type { Purpose } from '../authenticator.ts';
import type { AccessClaims, TokenSigner } from '../tokens/tokens.ts';
import { expiriesAt, type Lifetimes } from './lifetimes.ts';
import type { LiveSessions } from './live-sessions.ts';
import type { SessionRow, SessionRows } from './session-rows.ts';

/** How long a read may rest on an earlier look at the session, in milliseconds. */
const STALE = 1000;
const REMEMBERED = 10_000;

/** 16 random bytes in base64url. PostgreSQL refuses some texts, so it is asked for nothing else. */
const SESSION_ID = /^[\w-]{22}$/;

interface Parts {
  store: Store;
  rows: SessionRows;
  live: LiveSessions;
  tokens: TokenSigner;
  lifetimes: Lifetimes;
  now: () => number;
}

/** What a look at a session showed, and when; in milliseconds. */
interface Seen {
  account: RowId;
  expires: number;
  at: number;
  /** The store's `foreignCommits` just before. */
  commits: number | undefined;
}

/**
 * Sessions: each sign-in is one, and every access token belongs to one. A session ends at once in this process, at once
 * for writes in every process, and within a second for reads in others.
 */
export class Sessions {
  readonly #parts: Parts;
  readonly #seen = new LruMap<string, Seen>(REMEMBERED);
  /** Counts endings, so that a look that began before one is not remembered after it. */
  #endings = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The row of a new session; nothing outside the transaction happens here. */
  async open(transaction: Executor, account: RowId): Promise<SessionRow> {
    const { rows, lifetimes, now } = this.#parts;
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
    await rows.insert(transaction, row);
    return row;
  }

  /** The tokens of a session as it is: a new access token, and the one refresh token of its generation. */
  async tokensOf(row: SessionRow, account: Account): Promise<Tokens> {
    const { tokens, lifetimes } = this.#parts;
    const { access, expiresIn } = await this.accessOf(row);
    const issued = Date.parse(row.rotated_at);
    const { refresh: expires } = expiriesAt(lifetimes, Date.parse(row.created_at), issued);
    const claims = { account: row.account, session: row.id, generation: row.generation, issued };
    const refresh = expires === null ? null : await tokens.signRefresh({ ...claims, expires });
    const { id, username, created_at } = account;
    return { account: { id, username, created_at }, session: row.id, access, refresh, expiresIn };
  }

  async accessOf(row: SessionRow): Promise<{ access: string; expiresIn: number }> {
    const { tokens, lifetimes, now } = this.#parts;
    const issued = now();
    const { access: expires } = expiriesAt(lifetimes, Date.parse(row.created_at), issued);
    const access = await tokens.signAccess({ account: row.account, session: row.id, issued, expires });
    return { access, expiresIn: Math.floor(expires / 1000) - Math.floor(issued / 1000) };
  }

  /** Whether the session of a verified token still stands. */
  async stands(
    { session, account }: Pick<AccessClaims, 'session' | 'account'>,
    purpose: Purpose,
  ): Promise<boolean> {
    const at = this.#parts.now();
    const seen = this.#seen.get(session);
    if (seen && at < seen.expires && this.#holds(seen, at, purpose)) return seen.account === account;
    const found = await this.#look(session, at);
    return found !== undefined && found.account === account && at < found.expires;
  }

  /** A write rests on an earlier look only where no other process can have ended the session since. */
  #holds(seen: Seen, at: number, purpose: Purpose): boolean {
    if (purpose === 'read' && at - seen.at < STALE) return true;
    return seen.commits !== undefined && seen.commits === this.#parts.store.foreignCommits();
  }

  async #look(session: string, at: number): Promise<Seen | undefined> {
    const endings = this.#endings;
    const commits = this.#parts.store.foreignCommits();
    const row = await this.#parts.live.find(session);
    if (!row) return undefined;
    const seen = { account: row.account, expires: Date.parse(row.expires_at), at, commits };
    if (endings === this.#endings) this.#seen.set(session, seen);
    return seen;
  }

  async list(account: RowId, current: string | null): Promise<SessionView[]> {
    const rows = await this.#parts.rows.ofAccount(account, new Date(this.#parts.now()).toISOString());
    return rows.map(({ id, created_at, last_used_at, expires_at }) => ({
      id,
      created_at,
      last_used_at,
      expires_at,
      current: id === current,
    }));
  }

  /** Throws `not_found` where the account has no such session. */
  async end(account: RowId, session: string): Promise<void> {
    const { store, rows } = this.#parts;
    const found =
      SESSION_ID.test(session) &&
      (await store.write((transaction) => rows.end(transaction, session, account)));
    this.forget();
    if (!found) throw new Problem('not_found', { data: { resource: 'sessions', id: session } });
  }

  /** Ends all sessions of an account, in a transaction that may do more; call `forget` after its commit. */
  async endAll(transaction: Executor, account: RowId, but = ''): Promise<void> {
    await this.#parts.rows.endAll(transaction, account, but);
  }

  /** Sessions have ended: nothing that was seen before is believed any more. */
  forget(): void {
    this.#endings += 1;
    this.#seen.clear();
  }

  /** Removes what is over. */
  async purge(): Promise<void> {
    const now = new Date(this.#parts.now()).toISOString();
    await this.#parts.store.write((transaction) => this.#parts.rows.purge(transaction, now));
  }
}
