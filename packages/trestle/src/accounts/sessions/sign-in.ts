import { Problem } from '../../problems.ts';
import type { Tokens } from '../../schema/services/account-service.ts';
import type { AccountParts } from '../account-parts.ts';
import type { AccountRow } from '../account-rows.ts';
import { onlyMembers, texts } from '../passwords/credentials.ts';
import { normalizedUsername } from '../passwords/username-rule.ts';
import { sourceOf } from '../throttling/source.ts';
import type { Attempt } from '../throttling/throttle.ts';
import type { SessionRow } from './session-rows.ts';

/** Names and passwords have at most 1,024 bytes by our own rules; nobody's is longer than this by any. */
const LONGEST = 4096;

/**
 * Checks a password and opens a session. An unknown name, an account without a password, a disabled one and a wrong
 * password get the same answer after the same work. Throws `unknown_field`, `invalid`, `invalid_credentials`,
 * `too_many_requests`, `unavailable`.
 */
export async function signIn(parts: AccountParts, given: unknown, address: string): Promise<Tokens> {
  const { username, password } = texts(onlyMembers(given, ['username', 'password']), [
    'username',
    'password',
  ]);
  const source = sourceOf(address);
  if (username.length > LONGEST || password.length > LONGEST) throw wrong();
  const normalized = String(normalizedUsername(parts.app.accounts, username));
  const attempt = await turn(parts, normalized, address);
  try {
    // A name that was stored before names were normalized is found as it was given.
    const names = new Set([username, normalized]);
    const { row, session } = await check(parts, [...names], password);
    if (!row || !session) {
      attempt.failed();
      parts.log({ event: 'sign_in_failed', account: row?.id ?? null, source });
      throw wrong();
    }
    attempt.succeeded();
    parts.log({ event: 'signed_in', account: row.id, source });
    return await parts.sessions.tokensOf(session, row);
  } finally {
    attempt.dropped();
  }
}

async function turn({ throttle, log }: AccountParts, username: string, address: string): Promise<Attempt> {
  try {
    return await throttle.signIn(username, address);
  } catch (error) {
    log({ event: 'sign_in_throttled', source: sourceOf(address) });
    throw error;
  }
}

/** The account with one of the names, if any, and a new session of it if the password is right. */
async function check(
  parts: AccountParts,
  names: readonly string[],
  password: string,
): Promise<{ row: AccountRow | undefined; session?: SessionRow }> {
  const { rows, passwords } = parts;
  let row: AccountRow | undefined;
  for (const name of names) {
    // PostgreSQL refuses these two in a string, and no account is named so.
    const possible = name.isWellFormed() && !name.includes('\0');
    if (possible) row ??= await rows.byName(name);
  }
  const usable = row?.disabled_at === null ? row.password_hash : null;
  const { ok, outdated } = await passwords.verify(password, usable);
  if (!row || !ok) return { row };
  const renewed = outdated ? await passwords.hash(password) : null;
  const session = await open(parts, row, renewed);
  return { row, ...(session && { session }) };
}

/** Looks once more, in the transaction: a password that was changed while it was being checked opens nothing. */
function open({ store, rows, sessions }: AccountParts, row: AccountRow, renewed: string | null) {
  return store.write(async (transaction) => {
    const current = await rows.lock(transaction, row.id);
    if (!current || current.disabled_at !== null) return undefined;
    const same = current.password_hash === row.password_hash;
    if (!same) return undefined;
    if (renewed !== null) await rows.setHash(transaction, row.id, renewed);
    return sessions.open(transaction, row.id);
  });
}

function wrong(): Problem {
  return new Problem('invalid_credentials');
}
