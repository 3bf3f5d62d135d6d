import { Compile } from 'typebox/schema';
import type { FieldError } from '../../problems.ts';
import {
  type Accounts,
  hasOperatorRole,
  type PasswordRule,
  type TextRule,
  type UsernameRule,
} from '../../schema/accounts.ts';
import { looksCommon } from './looks-common.ts';

/** Names inside a password count from this length on: shorter ones are in many good passwords by chance. */
const MIN_NAME_LENGTH = 4;
const MAX_NORMALIZED_LENGTH = 4096;
const OUTER_SPACE = /^\s|\s$|[\t\n\v\f\r\u0085\u2028\u2029]/u;

/** A user name as it is stored. */
export function normalizeUsername({ trim, normalize = 'NFC' }: UsernameRule, username: string): string {
  if (username.length > MAX_NORMALIZED_LENGTH) return username;
  return (trim ? username.trim() : username).normalize(normalize);
}

/**
 * A user name as it is compared. The first letter says how it was made, so that another rule finds the names that it has
 * to bring to its own form. Case is folded by way of the upper case, which makes `ß` and `SS` one.
 */
export function usernameKey(rule: UsernameRule, username: string): string {
  const name = normalizeUsername(rule, username);
  return rule.fold ? `f:${name.toUpperCase().toLowerCase().normalize('NFC')}` : `n:${name}`;
}

/** A password as it is hashed. One that is too long by any rule is not worth it. */
export function normalizePassword(password: string): string {
  return password.length > MAX_NORMALIZED_LENGTH ? password : password.normalize('NFKC');
}

/** Errors of a normalized user name beside its length. */
export function usernameErrors(pointer: string, username: string, rule: UsernameRule): FieldError[] {
  if (!OUTER_SPACE.test(username)) return patternErrors(pointer, username, rule);
  const message = 'must not begin or end with white space, or contain tabs or line breaks';
  return [{ pointer, code: 'pattern', message }];
}

/** The value of each field of sign-in that a text is, in the form in which it is kept; null where it is none. */
type SignInValues = (text: string) => Readonly<Record<string, string | null>>;

export function signInValues({ fields, signInBy }: Pick<Accounts, 'fields' | 'signInBy'>): SignInValues {
  const others = signInBy.flatMap((name) => {
    const type = fields[name]?.type;
    return type ? [{ name, type, validator: Compile(type.schema) }] : [];
  });
  return (text) => {
    const values: Record<string, string | null> = {};
    for (const { name, type, validator } of others) {
      const value = type.normalize ? type.normalize(text) : text;
      values[name] = typeof value === 'string' && validator.Check(value) ? value : null;
    }
    return values;
  };
}

/** Errors of a user name that could be another account's value of a field of sign-in. */
export function signInErrors(pointer: string, username: string, values: SignInValues): FieldError[] {
  const [other] = Object.entries(values(username)).find(([, value]) => value !== null) ?? [];
  const message = `must not look like a value of ${other}`;
  return other === undefined ? [] : [{ pointer, code: 'pattern', message }];
}

/**
 * Errors of a normalized password beside its length: characters that cannot be stored, patterns, and, where
 * `blockCommon` is on, common passwords and such that contain the user's or the app's name. No composition rule (NIST
 * SP 800-63B-4, 3.1.1.2).
 */
export function passwordErrors(
  pointer: string,
  password: string,
  rule: PasswordRule,
  names: readonly string[],
): FieldError[] {
  const errors = patternErrors(pointer, password, rule);
  if (errors.length > 0 || !rule.blockCommon) return errors;
  const lower = password.toLowerCase();
  const name = names.find((one) => one.length >= MIN_NAME_LENGTH && lower.includes(one.toLowerCase()));
  const why =
    name !== undefined
      ? 'contains the name of the user or of this service'
      : looksCommon(password)
        ? 'is easily guessed: common words, repeats or runs of keys'
        : undefined;
  return why === undefined
    ? []
    : [{ pointer, code: 'common', message: `${why}; choose a longer phrase of your own` }];
}

function patternErrors(pointer: string, value: string, rule: TextRule): FieldError[] {
  // A lone surrogate would be stored as another character, and PostgreSQL keeps no NUL.
  if (!isStorable(value))
    return [{ pointer, code: 'pattern', message: 'contains characters that cannot be stored' }];
  const missed = (rule.patterns ?? []).find((pattern) => {
    // A pattern with the `g` or `y` flag keeps a position between calls; start from the beginning each time.
    pattern.lastIndex = 0;
    return !pattern.test(value);
  });
  return missed ? [{ pointer, code: 'pattern', message: `must match ${missed}` }] : [];
}

/** Whether both databases can hold a string, and be asked for it. */
export function isStorable(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}

/** The rule of passwords where an app has none: NIST SP 800-63B-4, 3.1.1. */
export const DEFAULT_PASSWORD: PasswordRule = { min: 15, max: 256, blockCommon: true };

/** The rule of an app's passwords. Where its accounts have none, its operators have. */
export function passwordRule({ password }: Accounts): PasswordRule {
  return password || DEFAULT_PASSWORD;
}

/**
 * Errors of a new password of an account: by its app's rule, and of an operator by the default one too, whose length is counted in
 * code points.
 */
export function newPasswordErrors(
  pointer: string,
  password: string,
  account: { readonly username: string; readonly roles: readonly string[] },
  app: { readonly name: string; readonly accounts: Accounts },
): FieldError[] {
  const names = [account.username, app.name];
  const errors = passwordErrors(pointer, password, passwordRule(app.accounts), names);
  if (errors.length > 0 || !hasOperatorRole(account.roles)) return errors;
  const { min: limit = 0 } = DEFAULT_PASSWORD;
  if ([...password].length >= limit) return passwordErrors(pointer, password, DEFAULT_PASSWORD, names);
  const message = `expected at least ${limit} characters of an operator`;
  return [{ pointer, code: 'min_length', message, params: { limit } }];
}
