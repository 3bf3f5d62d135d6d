import { Problem } from '../../problems.ts';
import { LIMITS } from '../server/limits.ts';
import { decodeText } from './json.ts';

/** What a form says: texts, and lists of texts where a name comes more than once. */
export type Form = Record<string, string | string[]>;

/**
 * The fields of an `application/x-www-form-urlencoded` body (URL Standard, 5.1), without any nested syntax.
 * Throws `malformed` for broken percent-encoding, U+0000, `__proto__`, and more than 1,000 fields.
 */
export function parseForm(bytes: Buffer): Form {
  const form: Form = {};
  const text = decodeText(bytes);
  if (text === '') return form;
  const pairs = text.split('&', LIMITS.members + 1);
  if (pairs.length > LIMITS.members) refuse(`has more than ${LIMITS.members} fields`);
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    if (name === '__proto__') refuse('has a field named "__proto__"');
    put(form, name, equals === -1 ? '' : decode(pair.slice(equals + 1)));
  }
  return form;
}

function put(form: Form, name: string, value: string): void {
  const before = Object.hasOwn(form, name) ? form[name] : undefined;
  if (before === undefined) form[name] = value;
  else if (typeof before === 'string') form[name] = [before, value];
  else before.push(value);
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  const value = spaced.includes('%') ? decodePercent(spaced) : spaced;
  if (value.includes('\0')) refuse('holds the character U+0000');
  return value;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('holds broken percent-encoding');
  }
}

function refuse(what: string): never {
  throw new Problem('malformed', { detail: `The form ${what}.` });
}
