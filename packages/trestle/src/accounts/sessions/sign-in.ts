import { instantNow } from '../../clock.ts';
import type { Store } from '../../database/store.ts';
import { Problem } from '../../problems.ts';
import { ME, NOW } from '../../rows/rules/compiled-rule.ts';
import type { Run } from '../../rows/system-tables.ts';
import type { Accounts } from '../../schema/accounts.ts';
import type { RequestContext, Tokens } from '../../schema/services/account-service.ts';
import type { AccountStatements } from '../account-statements.ts';
import type { EventLog } from '../events.ts';
import { isStorable, usernameKey } from '../passwords/credentials.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { AccountBodies } from '../request-bodies.ts';
import type { SessionRow } from '../resources.ts';
import { type AttemptOutcome, sourceOf, type Throttle } from '../throttling/throttle.ts';
import type { Lifetimes, Sessions } from './sessions.ts';

/** Names and passwords have at most 1,024 bytes by our own rules; nobody's is longer than this by any. */
const MAX_LENGTH = 4096;

export interface SignInDependencies {
  store: Store;
  bodies: AccountBodies;
  declared: Accounts;
  accounts: AccountStatements;
  passwords: Passwords;
  sessions: Sessions;
  throttle: Throttle;
  log: EventLog;
}

/** Makes what signs in with a password, and answers the tokens of the session. */
export function signIn(dependencies: SignInDependencies) {
  const options = { find: dependencies.accounts.unchangedOwn };
  return async (context: RequestContext, given: unknown): Promise<Tokens> => {
    const { session, account } = await openSession(dependencies, context, given, options);
    return dependencies.sessions.tokensOf(session, account);
  };
}

/**
 * Checks a password and opens a session. An unknown name, an account without a password, a disabled one and a wrong
 * password get the same answer after the same work. Throws `unknown_field`, `invalid`, `invalid_credentials`,
 * `too_many_requests`, `unavailable`.
 *
 * @param options `find` locks the account as it was when its password was checked, and reads what is answered of it; `lifetimes`
 *   of the session (default: the app's); `require` throws for an account that may not open it, once its password was right
 *   (default: every account may).
 */
export async function openSession<T>(
  dependencies: SignInDependencies,
  { origin }: RequestContext,
  given: unknown,
  options: { find: Run<T>; lifetimes?: Lifetimes; require?: (account: T) => void },
): Promise<{ session: SessionRow; account: T }> {
  const { store, bodies, declared, accounts, passwords, sessions, throttle, log } = dependencies;
  const { username, password } = bodies.signIn.check(given);
  if (username.length > MAX_LENGTH || password.length > MAX_LENGTH) throw new Problem('invalid_credentials');
  const source = sourceOf(origin.address);
  // PostgreSQL refuses some texts, and no account is named so.
  const key = isStorable(username) ? usernameKey(declared.username, username) : '';
  const names = { username, username_key: key, ...accounts.otherNames?.(username) };
  const [row] = key === '' ? [] : await accounts.byName(store, names);
  const attempt = await throttle.signIn(key, row?.id, source).catch((error: unknown) => {
    log({ event: 'sign_in_throttled', source }, origin);
    throw error;
  });
  let outcome: AttemptOutcome = 'dropped';
  try {
    const { ok, outdated } = await passwords.verify(
      password,
      row?.disabled_at === null ? row.password_hash : null,
    );
    const renewed = ok && outdated ? await passwords.hash(password) : null;
    const opened =
      row &&
      ok &&
      // Looks once more, in the transaction: a password that was changed while it was being checked opens nothing.
      (await store.write(async (transaction) => {
        const { id, password_hash } = row;
        const [account] = await options.find(transaction, {
          id,
          password_hash,
          [ME]: id,
          [NOW]: instantNow(),
        });
        if (!account) return undefined;
        options.require?.(account);
        if (renewed !== null) await accounts.setHash(transaction, { id, password_hash: renewed });
        await attempt.store(transaction);
        return { session: await sessions.open(transaction, id, options.lifetimes), account };
      }));
    if (!opened) {
      outcome = 'failed';
      log({ event: 'sign_in_failed', account: row?.id ?? null, source }, origin);
      throw new Problem('invalid_credentials');
    }
    outcome = 'succeeded';
    log({ event: 'signed_in', account: row.id, source }, origin);
    return opened;
  } finally {
    attempt.end(outcome);
  }
}
