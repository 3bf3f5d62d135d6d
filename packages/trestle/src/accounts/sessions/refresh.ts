import type { Executor, Store } from '../../database/store.ts';
import type { Context } from '../../schema/caller.ts';
import type { EventLog } from '../events.ts';
import type { SessionRow } from '../resources.ts';
import { invalidToken, type RefreshClaims, type TokenSigner } from '../tokens/tokens.ts';
import type { SessionStatements } from './session-statements.ts';
import type { Sessions } from './sessions.ts';
import { expiriesAt, type Lifetimes } from './sessions.ts';

interface Dependencies {
  store: Store;
  statements: SessionStatements;
  sessions: Sessions;
  tokens: TokenSigner;
  lifetimes: Lifetimes;
  now: () => number;
  log: EventLog;
}

/**
 * Redeems refresh tokens (RFC 9700, 4.14). A session has one refresh token at a time, told by its generation; the
 * database holds the number alone, and the token of a generation can be computed again, so that the same successor
 * answers a repeated request. The direct predecessor is honoured until its successor has been used, however long that
 * takes: its answer may have been lost. Any older token shows that somebody has a copy: the session ends.
 */
export class Refresh {
  readonly #dependencies: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** The session after a refresh token was used: rotated, or for a new access token only. Throws `invalid_token`. */
  async redeem(token: string, rotating: boolean, { origin }: Context): Promise<SessionRow> {
    const { store, tokens, sessions, lifetimes, log } = this.#dependencies;
    if (lifetimes.refresh === null) throw invalidToken();
    const claims = await tokens.verifyRefresh(token);
    const outcome = await store.write((transaction) => this.#decide(transaction, claims, rotating));
    if (outcome === 'replayed') {
      sessions.callers.forget();
      log({ event: 'refresh_replayed', account: claims.account, session: claims.session }, origin);
    }
    if (outcome === undefined || outcome === 'replayed') throw invalidToken();
    return outcome;
  }

  async #decide(
    transaction: Executor,
    claims: RefreshClaims,
    rotating: boolean,
  ): Promise<SessionRow | 'replayed' | undefined> {
    const { statements, lifetimes } = this.#dependencies;
    const now = this.#dependencies.now();
    const [row] = await statements.lock(transaction, { id: claims.session });
    if (!row || row.account !== claims.account || now >= Date.parse(row.expires_at)) return undefined;
    if (claims.generation !== row.generation) {
      // A refresh token that renews access without being rotated has been used, too.
      const successorUsed = row.last_used_at !== row.rotated_at;
      if (claims.generation === row.generation - 1 && !successorUsed) return row;
      await statements.end(transaction, { id: row.id, account: row.account });
      return 'replayed';
    }
    const moment = new Date(now).toISOString();
    const ends = expiriesAt(lifetimes, Date.parse(row.created_at), now);
    const reached = Math.max(Date.parse(row.expires_at), rotating ? ends.session : ends.access);
    const next: SessionRow = {
      ...row,
      ...(rotating && { generation: row.generation + 1, rotated_at: moment }),
      last_used_at: moment,
      expires_at: new Date(reached).toISOString(),
    };
    // The update asks for the generation once more: of two at a time only one moves it on, whatever the isolation.
    const renewed = await statements.renew(transaction, { ...next, before: row.generation });
    return renewed.length > 0 ? next : undefined;
  }
}
