import { Problem } from '../../problems.ts';
import { exactNumber } from '../../schema/exact-number.ts';
import { LIMITS } from '../server/limits.ts';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const WORD = /[^\s,:[\]{}"]+/y;

/**
 * Refuses, in one pass over a JSON text and before anything is built of it, what `JSON.parse` lets through:
 * too deep, too wide, too many values, members named twice (RFC 8259, 4: no interoperable meaning) or `__proto__`, U+0000,
 * lone surrogates, and numbers that would change as they are read. Grammar is left to `JSON.parse`.
 */
export function scanJson(text: string): void {
  new Scan(text).run();
}

class Scan {
  readonly #text: string;
  /** Only texts with \u can hold what a string must not: the bytes were checked to be UTF-8, and raw controls are no JSON. */
  readonly #escapes: boolean;
  /** The members seen of each open object; null for an open list. */
  readonly #open: (Set<string> | null)[] = [];
  #members: Set<string> | null = null;
  #nameNext = false;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
    this.#escapes = text.includes('\\u');
  }

  run(): void {
    for (let at = 0; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code <= 32 || code === COLON) continue;
      if (code === QUOTE) at = this.#string(at);
      else if (code === COMMA) this.#nameNext = this.#members !== null;
      else if (code === OPEN_OBJECT) this.#enter(new Set());
      else if (code === OPEN_LIST) this.#enter(null);
      else if (code === CLOSE_OBJECT || code === CLOSE_LIST) this.#leave();
      else at = this.#word(at);
    }
  }

  #enter(members: Set<string> | null): void {
    this.#value();
    if (this.#open.length === LIMITS.depth) refuse(`nests deeper than ${LIMITS.depth} levels`);
    this.#open.push(members);
    this.#members = members;
    this.#nameNext = members !== null;
  }

  #leave(): void {
    this.#open.pop();
    this.#members = this.#open.at(-1) ?? null;
    this.#nameNext = false;
  }

  #value(): void {
    if (++this.#values > LIMITS.values) refuse(`holds more than ${LIMITS.values} values`);
  }

  /** Takes the string that opens at `start`; answers where it ends. */
  #string(start: number): number {
    const end = endOfString(this.#text, start);
    const isName = this.#nameNext;
    this.#nameNext = false;
    if (this.#escapes || isName) {
      const value = unquote(this.#text.slice(start, end + 1));
      if (value.includes('\0')) refuse('holds the character U+0000');
      if (!value.isWellFormed()) refuse('holds half of a surrogate pair');
      if (isName) return this.#name(value, end);
    }
    this.#value();
    return end;
  }

  #name(name: string, end: number): number {
    const members = this.#members;
    if (members === null) return end;
    if (members.has(name)) refuse(`names ${JSON.stringify(name.slice(0, 64))} twice in one object`);
    if (name === '__proto__') refuse('has a member named "__proto__"');
    if (members.size === LIMITS.members) refuse(`has an object of more than ${LIMITS.members} members`);
    members.add(name);
    return end;
  }

  /** Takes a number, true, false or null; answers its last character's place. */
  #word(start: number): number {
    this.#value();
    WORD.lastIndex = start;
    const word = WORD.exec(this.#text)?.[0] ?? '';
    if (word.length > 15 || word.includes('e') || word.includes('E')) checkNumber(word);
    return start + Math.max(word.length, 1) - 1;
  }
}

/** Where the string that opens at `start` is closed, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

/** What a quoted string says; a broken one is left to `JSON.parse` of the whole. */
function unquote(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return '';
  }
}

/** Up to 15 digits are exact in a double; beyond them a number must be answered as it was sent. */
function checkNumber(word: string): void {
  if (!/^-?\d/.test(word) || exactNumber(word) !== undefined) return;
  const value = Number(word);
  // What is no number at all is left to `JSON.parse`.
  if (Number.isNaN(value)) return;
  const shown = word.slice(0, 40);
  if (!Number.isFinite(value)) refuse(`holds a number that is too large: ${shown}`);
  if (value === 0) refuse(`holds a number that is too small: ${shown}`);
  refuse(`holds an integer beyond ${Number.MAX_SAFE_INTEGER} that a number cannot keep: ${shown}`);
}

function refuse(what: string): never {
  throw new Problem('malformed', { detail: `The JSON body ${what}.` });
}
