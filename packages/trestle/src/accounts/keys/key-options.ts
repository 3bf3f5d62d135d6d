import type { FieldError } from '../../problems.ts';
import type { Accounts } from '../../schema/accounts.ts';
import { seconds } from '../../schema/duration.ts';
import { VERBS } from '../../schema/rules.ts';
import type { KeyOptions } from '../../schema/services/account-service.ts';
import { invalid, onlyMembers } from '../passwords/credentials.ts';

/** Also that of a user name, so that a key may be called after its owner. */
const LONGEST_NAME = 256;
const MOST_SCOPES = 100;
const SCOPE = /^(\*|[A-Za-z][A-Za-z0-9_]*):(\*|[a-z]+)$/;

/** RFC 3339, section 5.6, and the last instant whose text still sorts with the others. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i;
const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z');
/** Seconds of a lifetime that is given as a number: a thousand years. */
const LONGEST_NUMBER = 1000 * 365 * 86_400;

/** What keys of an app may be: its lifetimes, and the resources that scopes may name. */
export interface KeyLimits {
  accounts: Accounts;
  resources: readonly string[];
}

/** Options of a new key with every default filled in. `lifetime` is in seconds. */
interface CheckedOptions {
  name: string;
  lifetime: number | 'never';
  scopes: readonly string[] | null;
}

/** Throws `unknown_field` and `invalid`, with an error at `/name`, `/lifetime` or `/scopes`. */
export function checkedOptions(limits: KeyLimits, options: KeyOptions): CheckedOptions {
  const given = onlyMembers(options, ['name', 'lifetime', 'scopes', 'account']);
  const { lifetime: usual } = limits.accounts.keys;
  const name = given.name ?? '';
  const lifetime = given.lifetime ?? (usual === 'never' ? usual : seconds(usual, 'accounts.keys.lifetime'));
  const scopes = given.scopes ?? null;
  const errors = [
    ...nameErrors(name),
    ...lifetimeErrors(lifetime, longestOf(limits.accounts)),
    ...scopeErrors(scopes, limits.resources),
  ];
  if (errors.length > 0) throw invalid(errors);
  return {
    name: String(name),
    lifetime: lifetime === 'never' ? lifetime : Number(lifetime),
    scopes: Array.isArray(scopes) ? [...new Set(scopes.map(String))] : null,
  };
}

/** A new expiry as it is stored; one that is past ends the key. Throws `invalid` with an error at `/expires_at`. */
export function checkedExpiry(limits: KeyLimits, expiresAt: string | null, now: number): string | null {
  const longest = longestOf(limits.accounts);
  if (expiresAt === null && longest === Number.POSITIVE_INFINITY) return null;
  if (expiresAt === null) throw invalid([tooLong('/expires_at', longest)]);
  const at = INSTANT.test(expiresAt) ? Date.parse(expiresAt) : Number.NaN;
  if (!(at >= 0 && at <= LAST_INSTANT))
    throw invalid([
      { pointer: '/expires_at', code: 'format', message: 'expected an RFC 3339 date and time, or null' },
    ]);
  if (at > now + longest * 1000) throw invalid([tooLong('/expires_at', longest)]);
  return new Date(at).toISOString();
}

/** The expiry of a rolled key's successor: as long as the old one was made for, and not longer than any. */
export function successorExpiry(
  limits: KeyLimits,
  old: { created_at: string; expires_at: string | null },
  now: number,
): number | null {
  if (old.expires_at === null) return null;
  const lifetime = Date.parse(old.expires_at) - Date.parse(old.created_at);
  return Math.min(now + lifetime, now + longestOf(limits.accounts) * 1000, LAST_INSTANT);
}

/** The longest lifetime of a key in seconds; Infinity where keys may last for ever. */
function longestOf(accounts: Accounts): number {
  const { longest } = accounts.keys;
  return longest === 'never' ? Number.POSITIVE_INFINITY : seconds(longest, 'accounts.keys.longest');
}

function nameErrors(name: unknown): FieldError[] {
  const pointer = '/name';
  if (typeof name !== 'string')
    return [{ pointer, code: 'type', message: 'expected a string', params: { type: 'string' } }];
  if (!name.isWellFormed() || name.includes('\0'))
    return [{ pointer, code: 'pattern', message: 'has characters that cannot be stored' }];
  if ([...name].length <= LONGEST_NAME) return [];
  const message = `expected at most ${LONGEST_NAME} characters`;
  return [{ pointer, code: 'max_length', message, params: { limit: LONGEST_NAME } }];
}

function lifetimeErrors(lifetime: unknown, longest: number): FieldError[] {
  const pointer = '/lifetime';
  const message = "expected a number of seconds, or 'never'";
  const wanted = lifetime === 'never' ? Number.POSITIVE_INFINITY : lifetime;
  if (typeof wanted !== 'number' || Number.isNaN(wanted)) return [{ pointer, code: 'type', message }];
  if (lifetime !== 'never' && wanted > LONGEST_NUMBER)
    return [tooLong(pointer, Math.min(longest, LONGEST_NUMBER))];
  if (wanted <= 0) return [{ pointer, code: 'minimum', message, params: { limit: 1 } }];
  return wanted > longest ? [tooLong(pointer, longest)] : [];
}

export function tooLong(pointer: string, longest: number): FieldError {
  const message = `keys of this app last ${longest} seconds at most`;
  return { pointer, code: 'maximum', message, params: { limit: longest } };
}

function scopeErrors(scopes: unknown, resources: readonly string[]): FieldError[] {
  const pointer = '/scopes';
  if (scopes === null) return [];
  if (!Array.isArray(scopes))
    return [
      { pointer, code: 'type', message: 'expected a list of texts, or null', params: { type: 'array' } },
    ];
  if (scopes.length > MOST_SCOPES)
    return [
      {
        pointer,
        code: 'max_items',
        message: `expected at most ${MOST_SCOPES}`,
        params: { limit: MOST_SCOPES },
      },
    ];
  return scopes.flatMap((scope, at) => {
    if (isScope(scope, resources)) return [];
    const message = `expected RESOURCE:ACTION, with ${resources.join(', ')} or * and ${VERBS.join(', ')} or *`;
    return [{ pointer: `${pointer}/${at}`, code: 'enum', message }];
  });
}

function isScope(scope: unknown, resources: readonly string[]): boolean {
  const [, resource = '', action = ''] = typeof scope === 'string' ? (SCOPE.exec(scope) ?? []) : [];
  const known = resource === '*' || resources.includes(resource);
  return known && (action === '*' || VERBS.some((verb) => verb === action));
}
