import { Problem } from '../../problems.ts';
import type { UploadedFile } from '../../schema/routes/bytes.ts';
import { LIMITS } from '../server/limits.ts';
import { decodeText } from './bodies.ts';

type Value = string | UploadedFile;

/** Fields of a form: strings and files, and arrays of them where a name comes more than once. */
export type Form = Record<string, Value | Value[]>;

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
    addField(form, name, equals === -1 ? '' : decode(pair.slice(equals + 1)));
  }
  return form;
}

/** Adds a field, beside those of the same name. Throws `malformed` for `__proto__` and U+0000. */
export function addField(form: Form, name: string, value: Value): void {
  if (name === '__proto__') refuse('has a field named "__proto__"');
  if (name.includes('\0') || (typeof value === 'string' && value.includes('\0')))
    refuse('holds the character U+0000');
  const before = Object.hasOwn(form, name) ? form[name] : undefined;
  if (before === undefined) form[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else form[name] = [before, value];
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return refuse('holds broken percent-encoding');
  }
}

function refuse(what: string): never {
  throw new Problem('malformed', { detail: `The form ${what}.` });
}
