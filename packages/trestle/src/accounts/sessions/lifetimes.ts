import type { Accounts } from '../../schema/accounts.ts';
import { seconds } from '../../schema/duration.ts';

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
