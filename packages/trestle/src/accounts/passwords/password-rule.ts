import type { FieldError } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { looksCommon } from './looks-common.ts';
import { textErrors } from './text-rule.ts';

/** Names inside a password count from this length on: shorter ones are in many good passwords by chance. */
const LEAST_NAME = 4;

/** What a password must not hold. */
export interface PasswordContext {
  app: string;
  username: string;
}

/**
 * What is wrong with a password by the app's rule: length in code points, patterns, and, where `blockCommon` is on,
 * common passwords and such that hold the user's or the app's name. No composition rule (NIST SP 800-63B-4, 3.1.1.2).
 */
export function passwordErrors(
  accounts: Accounts,
  pointer: string,
  password: unknown,
  context: PasswordContext,
): FieldError[] {
  if (accounts.password === false)
    return [{ pointer, code: 'unknown', message: 'accounts of this app have no passwords' }];
  const errors = textErrors(pointer, password, accounts.password);
  if (errors.length > 0 || typeof password !== 'string' || !accounts.password.blockCommon) return errors;
  const lower = password.toLowerCase();
  const name = [context.username, context.app].find((word) => holds(lower, word.toLowerCase()));
  if (name !== undefined) return [common(pointer, 'holds the name of the user or of this service')];
  return looksCommon(password)
    ? [common(pointer, 'is easily guessed: common words, repeats or runs of keys')]
    : [];
}

function holds(password: string, word: string): boolean {
  return word.length >= LEAST_NAME && password.includes(word);
}

function common(pointer: string, why: string): FieldError {
  return { pointer, code: 'common', message: `${why}; choose a longer phrase of your own` };
}
