import type { Executor, Store } from '../../database/store.ts';
import type { Tokens } from '../../schema/services/account-service.ts';
import type { AccountRows } from '../account-rows.ts';
import type { EventLog } from '../events.ts';
import { invalidToken, type RefreshClaims, type TokenSigner } from '../tokens/tokens.ts';
import { expiriesAt, type Lifetimes } from './lifetimes.ts';
import type { SessionRow, SessionRows } from './session-rows.ts';
import type { Sessions } from './sessions.ts';

/** Milliseconds in which the predecessor of the newest refresh token still yields it: for answers that were lost on the way. */
const GRACE = 10_000;

interface Parts {
  store: Store;
  accounts: AccountRows;
  rows: SessionRows;
  sessions: Sessions;
  tokens: TokenSigner;
  lifetimes: Lifetimes;
  now: () => number;
  log: EventLog;
}

/** What a refresh token is worth: the session as it stands after it, `replayed`, or nothing. */
type Outcome = SessionRow | 'replayed' | undefined;

/**
 * Redeems refresh tokens (RFC 9700, 4.14). A session has one refresh token at a time, told by its generation; the
 * database holds the number alone, and the token of a generation can be computed again, so that the same successor
 * answers a repeated request. Any older token shows that somebody has a copy: the session ends.
 */
export class Refresh {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** New tokens; the one given is used up. Throws `invalid_token`. */
  async rotate(token: string): Promise<Tokens> {
    const row = await this.#redeem(token, true);
    const account = await this.#parts.accounts.byId(row.account);
    if (!account) throw invalidToken();
    return this.#parts.sessions.tokensOf(row, account);
  }

  /** A new access token; the refresh token stays. Throws `invalid_token`. */
  async renewAccess(token: string): Promise<{ access: string; expiresIn: number }> {
    return this.#parts.sessions.accessOf(await this.#redeem(token, false));
  }

  async #redeem(token: string, rotating: boolean): Promise<SessionRow> {
    const { store, tokens, sessions, lifetimes, log } = this.#parts;
    if (lifetimes.refresh === null) throw invalidToken();
    const claims = await tokens.verifyRefresh(token);
    const outcome = await store.write((transaction) => this.#decide(transaction, claims, rotating));
    if (outcome === 'replayed') {
      sessions.forget();
      log({ event: 'refresh_replayed', account: claims.account, session: claims.session });
    }
    if (outcome === undefined || outcome === 'replayed') throw invalidToken();
    return outcome;
  }

  async #decide(transaction: Executor, claims: RefreshClaims, rotating: boolean): Promise<Outcome> {
    const { rows } = this.#parts;
    const now = this.#parts.now();
    const row = await rows.lock(transaction, claims.session);
    if (!row || row.account !== claims.account || now >= Date.parse(row.expires_at)) return undefined;
    if (claims.generation === row.generation) return this.#renew(transaction, row, rotating, now);
    const direct = claims.generation === row.generation - 1;
    if (direct && now - Date.parse(row.rotated_at) < GRACE) return row;
    await rows.end(transaction, row.id, row.account);
    return 'replayed';
  }

  /** The update asks for the generation once more: of two at a time only one moves it on, whatever the isolation. */
  async #renew(transaction: Executor, row: SessionRow, rotating: boolean, now: number): Promise<Outcome> {
    const moment = new Date(now).toISOString();
    const ends = expiriesAt(this.#parts.lifetimes, Date.parse(row.created_at), now);
    const reached = Math.max(Date.parse(row.expires_at), rotating ? ends.session : ends.access);
    const next: SessionRow = {
      ...row,
      ...(rotating && { generation: row.generation + 1, rotated_at: moment }),
      last_used_at: moment,
      expires_at: new Date(reached).toISOString(),
    };
    return (await this.#parts.rows.renew(transaction, next, row.generation)) ? next : undefined;
  }
}
