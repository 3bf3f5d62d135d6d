import { type FieldError, Problem } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { type PasswordContext, passwordErrors } from './password-rule.ts';
import { normalizedUsername, usernameErrors } from './username-rule.ts';

/** Throws `unknown_field`, naming what is allowed, for members that are not; `invalid` for what is no object. */
export function onlyMembers(body: unknown, allowed: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isObject(body))
    throw invalid([{ pointer: '', code: 'type', message: 'expected an object', params: { type: 'object' } }]);
  const unknown = Object.keys(body).filter((name) => !allowed.includes(name));
  if (unknown.length === 0) return body;
  const list = allowed.join(', ');
  throw new Problem('unknown_field', {
    detail: `There is no ${unknown.join(', ')} here; the fields are ${list}.`,
    errors: unknown.map((name) => ({
      pointer: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      code: 'unknown',
      message: `not known here; the fields are ${list}`,
      params: { allowed },
    })),
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(errors: readonly FieldError[]): Problem {
  return new Problem('invalid', { errors });
}

/** Each of these members as a text. Throws `invalid` naming all that are missing or none. */
export function texts<const Name extends string>(
  body: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): Record<Name, string> {
  const errors: FieldError[] = [];
  const found: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = body[name];
    if (typeof value === 'string') found[name] = value;
    else if (value === undefined)
      errors.push({ pointer: `/${name}`, code: 'required', message: 'this field is required' });
    else
      errors.push({
        pointer: `/${name}`,
        code: 'type',
        message: 'expected a string',
        params: { type: 'string' },
      });
  }
  if (errors.length > 0) throw invalid(errors);
  // Every name is there now, or it would be among the errors.
  return found as Record<Name, string>;
}

/** The body of a sign-up by the app's rules; `password` is null where accounts have none. Throws `invalid` or `unknown_field`. */
export function newCredentials(accounts: Accounts, app: string, given: unknown) {
  const withPassword = accounts.password !== false;
  const body = onlyMembers(given, withPassword ? ['username', 'password'] : ['username']);
  const name = normalizedUsername(accounts, body.username);
  const username = typeof name === 'string' ? name : '';
  const context: PasswordContext = { app, username };
  const errors = [
    ...usernameErrors(accounts, name),
    ...(withPassword ? passwordErrors(accounts, '/password', body.password, context) : []),
  ];
  if (errors.length > 0) throw invalid(errors);
  return { username, password: withPassword ? String(body.password) : null };
}
