import { randomBytes } from 'node:crypto';
import type { Executor } from '../../database/store.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { seconds } from '../../schema/duration.ts';
import type { RowId } from '../../schema/id.ts';
import type { Account, Tokens } from '../../schema/services/account-service.ts';
import type { Callers } from '../callers.ts';
import type { SessionRow } from '../resources.ts';
import type { TokenSigner } from '../tokens/tokens.ts';
import type { SessionStatements } from './session-statements.ts';

/** 16 random bytes in base64url. PostgreSQL refuses some texts, so it is asked for nothing else. */
const SESSION_ID = /^[\w-]{22}$/;

interface Dependencies {
  statements: SessionStatements;
  tokens: TokenSigner;
  lifetimes: Lifetimes;
  now: () => number;
  callers: Callers;
}

/** Sessions: each sign-in is one, and every access token belongs to one. */
export class Sessions {
  readonly #dependencies: Dependencies;
  readonly callers: Callers;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
    this.callers = dependencies.callers;
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
    const refresh = expires === null ? null : await tokens.sign({ ...claims, expires });
    return { account, session: row.id, access, refresh, expiresIn };
  }

  /** The access token of a browser's cookie, which lasts as long as the session. */
  cookieOf({ account, id: session, expires_at }: SessionRow): Promise<string> {
    const { tokens, now } = this.#dependencies;
    return tokens.sign({
      account,
      session,
      generation: null,
      issued: now(),
      expires: Date.parse(expires_at),
    });
  }

  async accessOf(row: SessionRow): Promise<{ access: string; expiresIn: number }> {
    const { tokens, lifetimes, now } = this.#dependencies;
    const issued = now();
    const { access: expires } = expiriesAt(lifetimes, Date.parse(row.created_at), issued);
    const { account, id: session } = row;
    const access = await tokens.sign({ account, session, generation: null, issued, expires });
    return { access, expiresIn: Math.floor(expires / 1000) - Math.floor(issued / 1000) };
  }

  /**
   * Ends a session of an account, or whoever's it is (null). Answers whose it was; undefined where there is no such session.
   * Call `callers.forget` after the commit.
   */
  async end(transaction: Executor, account: RowId | null, session: string): Promise<RowId | undefined> {
    const { statements } = this.#dependencies;
    if (!SESSION_ID.test(session)) return undefined;
    await this.callers.tell(transaction);
    const [ended] =
      account === null
        ? await statements.endAny(transaction, { id: session })
        : await statements.end(transaction, { id: session, account });
    return ended?.account;
  }

  /** Ends all sessions of an account but one, in a transaction that may do more; call `callers.forget` after its commit. */
  async endAll(transaction: Executor, account: RowId, but = ''): Promise<void> {
    await this.#dependencies.statements.endAll(transaction, { account, but });
    await this.callers.tell(transaction);
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
