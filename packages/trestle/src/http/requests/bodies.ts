import { isAscii, isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import { exactNumber } from '../../schema/fields/number.ts';
import { LIMITS } from '../server/limits.ts';
import { parseForm } from './form.ts';

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
export const FORM_TYPE = 'application/x-www-form-urlencoded';
export const MULTIPART_TYPE = 'multipart/form-data';

/**
 * Reads bodies: JSON, merge patches and forms in UTF-8, up to 1 MiB (RFC 9110, 15.5.14), and multipart where the route takes
 * it, neither compressed nor in another charset (415). Values of a form are strings. An empty body is none, whatever type it
 * claims: many clients claim JSON in every request. Bodies sent with GET and HEAD are not read.
 */
export function readBodies(fastify: FastifyInstance): void {
  const options = { parseAs: 'buffer', bodyLimit: LIMITS.body } as const;
  fastify.removeAllContentTypeParsers();
  // What a parser throws, Fastify hands to the error handler like any other error.
  fastify.addContentTypeParser(JSON_TYPES, options, (request, body: Buffer, done) => {
    refuseEncoded(request);
    done(null, body.length === 0 ? undefined : parseJsonText(decodeText(body)));
  });
  fastify.addContentTypeParser(FORM_TYPE, options, (request, body: Buffer, done) => {
    refuseEncoded(request);
    done(null, body.length === 0 ? undefined : parseForm(body));
  });
  fastify.addContentTypeParser(MULTIPART_TYPE, options, (request, body: Buffer, done) => {
    if (!request.routeOptions.config.multipart) throw new Problem('unsupported_media_type');
    refuseEncoded(request);
    import('./multipart.ts')
      .then(({ parseMultipart }) => parseMultipart(body, request.headers['content-type'] ?? ''))
      .then((form) => done(null, form), done);
  });
}

/** The headers of a 415 that name the accepted types (RFC 9110, 12.5.1 and RFC 5789, 3.1). */
export function acceptedTypes({ method, routeOptions }: FastifyRequest): Record<string, string> {
  const forms = routeOptions.config.multipart ? [FORM_TYPE, MULTIPART_TYPE] : [FORM_TYPE];
  return method === 'PATCH'
    ? { 'accept-patch': [...JSON_TYPES, ...forms].join(', ') }
    : { 'accept-post': ['application/json', ...forms].join(', ') };
}

function refuseEncoded({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported_media_type', {
      detail: `Compressed bodies are not accepted (${JSON.stringify(encoding.slice(0, 40))}).`,
    });
  const type = headers['content-type'];
  if (type === undefined || !type.includes(';')) return;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new Problem('unsupported_media_type', {
      detail: `Bodies must be UTF-8, not ${JSON.stringify(charset.slice(0, 40))}.`,
    });
}

/**
 * The value of a JSON text: a body, or what a form's field holds. Throws `malformed` for what is not JSON (RFC 8259), and for
 * all that `scanJson` refuses.
 */
export function parseJsonText(text: string): unknown {
  scanJson(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    // Only the position: the parser's own message quotes the body, which may hold a password.
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const before = text.slice(0, Number(position)).split('\n');
    const place = ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    const empty = text.trim() === '' ? ': it is empty' : '';
    throw new Problem('malformed', {
      detail: `The body is not valid JSON${position === undefined ? empty : place}.`,
    });
  }
}

/** The text of a body. Throws `malformed` where it is not UTF-8 without a byte order mark (RFC 8259, 8.1). */
export function decodeText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw new Problem('malformed', { detail: 'The body is not UTF-8.' });
  const text = bytes.toString('utf8');
  if (text.charCodeAt(0) === 0xfeff)
    throw new Problem('malformed', { detail: 'The body starts with a byte order mark.' });
  return text;
}

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

const WORD = /[^\s,:[\]{}"]+/y;

/**
 * Refuses, in one pass over a JSON text and before anything is built of it, what `JSON.parse` lets through:
 * too deep, too wide, too many values, members named twice (RFC 8259, 4: no interoperable meaning) or `__proto__`, U+0000,
 * lone surrogates, and numbers that would change as they are read. Grammar is left to `JSON.parse`.
 */
function scanJson(text: string): void {
  // Only texts with \u can hold what a string must not: the bytes were checked to be UTF-8, and raw controls are no JSON.
  const hasEscapes = text.includes('\\u');
  /** The names seen in each open object; null for an open array. */
  const open: (Set<string> | null)[] = [];
  let isName = false;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const wasName: boolean = isName;
    isName = code === OPEN_OBJECT;
    switch (code) {
      case SPACE:
      case TAB:
      case LINE_FEED:
      case CARRIAGE_RETURN:
      case COLON:
        isName = wasName;
        continue;
      case COMMA:
        isName = open.at(-1) instanceof Set;
        continue;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        continue;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (open.length === LIMITS.depth) refuse(`nests deeper than ${LIMITS.depth} levels`);
        open.push(isName ? new Set() : null);
        break;
      case QUOTE:
        at = endOfString(text, at, hasEscapes, wasName ? open.at(-1) : null);
        break;
      default:
        at = endOfWord(text, at);
    }
    if (!wasName && ++values > LIMITS.values) refuse(`holds more than ${LIMITS.values} values`);
  }
}

/** The position of the last character of a number, true, false or null; numbers are checked. */
function endOfWord(text: string, start: number): number {
  WORD.lastIndex = start;
  const word = WORD.exec(text)?.[0] ?? '';
  const end = start + Math.max(word.length, 1) - 1;
  // Up to 15 digits are exact in a double; beyond them a number must be answered as it was sent.
  if (word.length <= 15 && !word.includes('e') && !word.includes('E')) return end;
  if (!/^-?\d/.test(word) || exactNumber(word) !== undefined) return end;
  const value = Number(word);
  // What is no number at all is left to `JSON.parse`.
  if (Number.isNaN(value)) return end;
  const shown = word.slice(0, 40);
  if (!Number.isFinite(value)) refuse(`holds a number that is too large: ${shown}`);
  if (value === 0) refuse(`holds a number that is too small: ${shown}`);
  return refuse(`holds an integer beyond ${Number.MAX_SAFE_INTEGER} that a number cannot keep: ${shown}`);
}

/**
 * The position where the string that opens at `start` is closed, or the end of the text.
 *
 * @param names of the object that the string names a member of; null where it is a value.
 */
function endOfString(
  text: string,
  start: number,
  hasEscapes: boolean,
  names: Set<string> | null | undefined,
): number {
  let end = text.indexOf('"', start + 1);
  for (; end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) break;
  }
  if (end === -1) end = text.length;
  if (!hasEscapes && !names) return end;
  const quoted = text.slice(start, end + 1);
  let value = quoted.slice(1, -1);
  // A broken one is left to `JSON.parse` of the whole.
  if (value.includes('\\'))
    try {
      value = String(JSON.parse(quoted));
    } catch {
      value = '';
    }
  if (value.includes('\0')) refuse('holds the character U+0000');
  if (!value.isWellFormed()) refuse('holds half of a surrogate pair');
  if (!names) return end;
  if (names.has(value)) refuse(`names ${JSON.stringify(value.slice(0, 64))} twice in one object`);
  if (value === '__proto__') refuse('has a member named "__proto__"');
  if (names.size === LIMITS.members) refuse(`has an object of more than ${LIMITS.members} members`);
  names.add(value);
  return end;
}

function refuse(what: string): never {
  throw new Problem('malformed', { detail: `The JSON body ${what}.` });
}
