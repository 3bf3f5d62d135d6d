import { Problem } from '../problems.ts';
import type { Account } from '../schema/services/account-service.ts';
import type { AccountParts } from './account-parts.ts';
import type { AccountRow } from './account-rows.ts';
import { newCredentials } from './passwords/credentials.ts';
import { sourceOf } from './throttling/source.ts';

/**
 * Makes an account; whether the caller may was asked before. `address` is null for the operator, whom nothing slows
 * down. Throws `unknown_field`, `invalid`, `too_many_requests`, `unavailable`, and `conflict` with a `taken` error at
 * `/username`.
 */
export async function signUp(parts: AccountParts, given: unknown, address: string | null): Promise<Account> {
  const { app, store, rows, passwords, now, log } = parts;
  const { username, password } = newCredentials(app.accounts, app.name, given);
  const source = address === null ? 'operator' : sourceOf(address);
  if (address !== null) count(parts, address, source);
  if (await rows.byName(username)) throw taken();
  const hash = password === null ? null : await passwords.hash(password);
  const moment = new Date(now()).toISOString();
  const row = await store.write((transaction) => rows.insert(transaction, { username, hash, now: moment }));
  if (!row) throw taken();
  if (address !== null) parts.throttle.belongs(username, address);
  log({ event: 'signed_up', account: row.id, source });
  return shown(row);
}

/** An account as others may see it. */
export function shown({ id, username, created_at }: AccountRow): Account {
  return { id, username, created_at };
}

function count({ throttle, log }: AccountParts, address: string, source: string): void {
  try {
    throttle.signUp(address);
  } catch (error) {
    log({ event: 'sign_up_throttled', source });
    throw error;
  }
}

function taken(): Problem {
  return new Problem('conflict', {
    detail: 'An account with this username exists already.',
    errors: [{ pointer: '/username', code: 'taken', message: 'another account has this username' }],
  });
}
