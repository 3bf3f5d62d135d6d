import { Problem } from '../problems.ts';
import { admission, refuseAnonymous } from '../rows/policy.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import type { RowId } from '../schema/id.ts';
import type { Account, AccountService } from '../schema/services/account-service.ts';
import type { AccountParts } from './account-parts.ts';
import { isAccountId } from './account-rows.ts';
import { changePassword, type OwnSession } from './passwords/change-password.ts';
import { signIn } from './sessions/sign-in.ts';
import { shown, signUp } from './sign-up.ts';

/** The accounts of an app as every channel uses them. The rules of the declaration are asked here. */
export function accountService(parts: AccountParts): AccountService {
  const { sessions, refresh } = parts;
  return {
    async signUp(caller, credentials, origin) {
      admission(parts.app.accounts.can.create)(caller);
      return signUp(parts, credentials, origin.address);
    },
    signIn: (credentials, origin) => signIn(parts, credentials, origin.address),
    refresh: (token) => refresh.rotate(token),
    renewAccess: (token) => refresh.renewAccess(token),
    read: (caller, id) => read(parts, caller, id),
    readMany: (ids) => readMany(parts, ids),
    changePassword: async (caller, change) => changePassword(parts, ownSession(caller), change),
    async sessions(caller) {
      const own = ownSession(caller);
      return sessions.list(own.account, own.session);
    },
    async endSession(caller, session) {
      const { account } = ownSession(caller);
      await sessions.end(account, session);
      parts.log({ event: 'session_ended', account, session });
    },
    async endAllSessions(caller) {
      const { account } = ownSession(caller);
      await parts.store.write((transaction) => sessions.endAll(transaction, account));
      sessions.forget();
      parts.log({ event: 'sessions_ended', account });
    },
  };
}

/** The caller's own account, or any where the rule lets it. Throws `not_found`, `unauthenticated`, `forbidden`. */
async function read(parts: AccountParts, caller: Caller, id: RowId): Promise<Account> {
  if (accountOf(caller) !== id) admission(parts.app.accounts.can.read)(caller);
  const row = isAccountId(parts.app.accounts.id, id) ? await parts.rows.byId(id) : undefined;
  if (!row) throw new Problem('not_found', { data: { resource: 'accounts', id } });
  return shown(row);
}

async function readMany({ app, rows }: AccountParts, ids: readonly RowId[]): Promise<Map<RowId, Account>> {
  const possible = [...new Set(ids)].filter((id) => isAccountId(app.accounts.id, id));
  const found = possible.length === 0 ? [] : await rows.many(possible);
  return new Map(found.map((row) => [row.id, shown(row)]));
}

/** Sessions and passwords are for those who signed in: a key could be a copy that its owner does not know of. */
function ownSession(caller: Caller): OwnSession {
  if (caller.kind === 'account') return caller;
  if (caller.kind === 'anonymous') refuseAnonymous();
  throw new Problem('forbidden', {
    detail:
      'Sign in with username and password: only a signed-in account manages its sessions and its password.',
  });
}
