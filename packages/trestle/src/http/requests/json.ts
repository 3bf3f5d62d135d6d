import { isAscii, isUtf8 } from 'node:buffer';
import { Problem } from '../../problems.ts';
import { scanJson } from './json-scan.ts';

/**
 * The value of a JSON body. Throws `malformed` for what is not JSON in UTF-8 without a byte order mark (RFC 8259, 8.1),
 * and for all that `scanJson` refuses.
 */
export function parseJson(bytes: Buffer): unknown {
  return parseJsonText(decodeText(bytes));
}

/** The value of a JSON text, such as one that a form's field holds. Throws `malformed` as `parseJson` does. */
export function parseJsonText(text: string): unknown {
  scanJson(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('malformed', { detail: `The body is not valid JSON${placeOf(error, text)}.` });
  }
}

/** The text of a body. Throws `malformed` where it is not UTF-8. */
export function decodeText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw new Problem('malformed', { detail: 'The body is not UTF-8.' });
  const text = bytes.toString('utf8');
  if (text.charCodeAt(0) === 0xfeff)
    throw new Problem('malformed', { detail: 'The body starts with a byte order mark.' });
  return text;
}

/** Only the place: the parser's own message quotes the body, which may hold a password. */
function placeOf(error: unknown, text: string): string {
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  if (position === undefined) return text.trim() === '' ? ': it is empty' : '';
  const before = text.slice(0, Number(position)).split('\n');
  return ` at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
