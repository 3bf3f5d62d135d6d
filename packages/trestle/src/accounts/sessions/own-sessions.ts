import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { isAdministrator, refuseAnonymous } from '../../rows/rules/caller-class.ts';
import type { SystemReads } from '../../rows/system-tables.ts';
import { inTransaction } from '../../rows/transaction.ts';
import type { Caller } from '../../schema/caller.ts';
import type { RowId } from '../../schema/id.ts';
import type { AccountService, SessionView } from '../../schema/services/account-service.ts';
import type { EventLog } from '../events.ts';
import type { SessionRow } from '../resources.ts';
import type { Sessions } from './sessions.ts';

/** Sessions as lists show them: without hidden columns. */
export type ShownSession = Omit<SessionRow, 'generation' | 'rotated_at'>;

export interface SessionDependencies {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly sessionReads: SystemReads<ShownSession>;
  readonly now: () => number;
  readonly log: EventLog;
}

/** Sessions in the hands of those who signed in. */
export function ownSessions(
  dependencies: SessionDependencies,
): Pick<AccountService, 'sessions' | 'endSession' | 'endAllSessions'> {
  const { store, sessionReads, sessions, now, log } = dependencies;
  return {
    async sessions(context, query, cursor) {
      const { caller } = context;
      if (!isAdministrator(caller) || caller.kind === 'key') ownSession(caller);
      let page = await sessionReads.list(context, query, cursor);
      if (page.items.some(({ expires_at }) => Date.parse(expires_at) <= now())) {
        // What has expired is no session any more, though nobody has removed it yet.
        await store.write((transaction) => sessions.purge(transaction));
        page = await sessionReads.list(context, query, cursor);
      }
      const current = caller.kind === 'account' ? caller.session : null;
      const items = page.items.map(
        ({ id, account, created_at, last_used_at, expires_at }): SessionView => ({
          id,
          account,
          created_at,
          last_used_at,
          expires_at,
          current: id === current,
        }),
      );
      return { ...page, items };
    },

    async endSession(context, session) {
      const { caller } = context;
      const ofAnybody = isAdministrator(caller) && caller.kind !== 'key';
      const own = ofAnybody ? null : ownSession(caller).account;
      await inTransaction(store, context, async (transaction) => {
        const account = await sessions.end(transaction, own, session);
        if (account === undefined)
          throw new Problem('not_found', { data: { resource: 'sessions', id: session } });
        transaction.afterCommit.push(sessions.callers.forget, () =>
          log({ event: 'session_ended', account, session }, context.origin),
        );
      });
    },

    async endAllSessions(context) {
      const { account } = ownSession(context.caller);
      await inTransaction(store, context, async (transaction) => {
        await sessions.endAll(transaction, account);
        transaction.afterCommit.push(sessions.callers.forget, () =>
          log({ event: 'sessions_ended', account }, context.origin),
        );
      });
    },
  };
}

/** Sessions and passwords are for those who signed in: a key could be a copy that its owner does not know of. */
export function ownSession(caller: Caller): { account: RowId; session: string } {
  if (caller.kind === 'account') return caller;
  if (caller.kind === 'anonymous') refuseAnonymous();
  throw new Problem('forbidden', {
    detail:
      'Sign in with username and password: only a signed-in account manages its sessions and its password.',
  });
}
