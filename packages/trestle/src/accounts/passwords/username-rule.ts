import type { FieldError } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { textErrors } from './text-rule.ts';

/** What is wrong with a user name by the app's rule. Names are compared exactly: nothing is trimmed or folded. */
export function usernameErrors(accounts: Accounts, username: unknown): FieldError[] {
  return textErrors('/username', username, accounts.username);
}
