import { Problem } from '../../problems.ts';
import type { RowId } from '../../schema/id.ts';
import type { AccountParts } from '../account-parts.ts';
import { invalid, onlyMembers, texts } from './credentials.ts';
import { passwordErrors } from './password-rule.ts';

/** Who changes a password, and the session that goes on. */
export interface OwnSession {
  account: RowId;
  session: string;
}

/**
 * Sets an account's new password and ends its other sessions. Throws `invalid`, `unknown_field`, `wrong_password`,
 * `too_many_requests`, `unavailable`.
 */
export async function changePassword(parts: AccountParts, own: OwnSession, given: unknown): Promise<void> {
  const { app, rows, passwords, throttle, log } = parts;
  const { current, next } = texts(onlyMembers(given, ['current', 'next']), ['current', 'next']);
  const row = await rows.byId(own.account);
  if (!row) throw new Problem('not_found');
  const errors = passwordErrors(app.accounts, '/next', next, { app: app.name, username: row.username });
  if (errors.length > 0) throw invalid(errors);
  const attempt = await throttle.changePassword(String(own.account));
  try {
    if (!(await passwords.verify(current, row.password_hash)).ok) {
      attempt.failed();
      log({ event: 'password_wrong', account: own.account });
      throw wrong();
    }
    await set(parts, own, { from: row.password_hash, to: await passwords.hash(next) });
    attempt.succeeded();
    log({ event: 'password_changed', account: own.account });
  } finally {
    attempt.dropped();
  }
}

/** The old hash is asked for once more: of two changes at a time the second has the wrong current password. */
async function set(
  { store, rows, sessions }: AccountParts,
  { account, session }: OwnSession,
  hash: { from: string | null; to: string },
): Promise<void> {
  await store.write(async (transaction) => {
    const current = await rows.lock(transaction, account);
    if (current?.password_hash !== hash.from) throw wrong();
    await rows.setHash(transaction, account, hash.to);
    await sessions.endAll(transaction, account, session);
  });
  sessions.forget();
}

function wrong(): Problem {
  return new Problem('wrong_password', {
    errors: [{ pointer: '/current', code: 'wrong', message: 'is not the current password' }],
  });
}
