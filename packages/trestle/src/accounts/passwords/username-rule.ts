import type { FieldError } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { textErrors } from './text-rule.ts';

/** A user name as it is stored and compared. What is no string stays as it came. */
export function normalizedUsername({ username: rule }: Accounts, given: unknown): unknown {
  if (typeof given !== 'string') return given;
  const trimmed = rule.trim ? given.trim() : given;
  return trimmed.normalize(rule.normalize ?? 'NFC');
}

/** The errors of a normalized user name by the app's rule; empty where it is valid. */
export function usernameErrors(accounts: Accounts, username: unknown): FieldError[] {
  return textErrors('/username', username, accounts.username);
}
