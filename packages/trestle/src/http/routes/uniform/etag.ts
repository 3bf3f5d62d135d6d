import { VERSION } from '../../../schema/services/row-service.ts';

type Header = string | readonly string[] | undefined;

/** The strong entity tag of a row: its version (RFC 9110, 8.8.3). */
export function etagOf(row: { readonly [VERSION]: number }): string {
  return `"${row[VERSION]}"`;
}

/**
 * The tag of If-None-Match that names a representation, so that GET answers 304 with it. Weak tags compare alike here
 * (RFC 9110, 13.1.2), and so do those of its compressed forms.
 */
export function noneMatches(header: Header, etag: string): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  if (text === '*') return etag;
  const tags = tagsIn(text).map((tag) => tag.replace(/^W\//, ''));
  return tags.find((tag) => withoutCoding(tag) === etag);
}

/** Who read a row compressed writes it under the tag that it was sent with. */
function withoutCoding(tag: string): string {
  return tag.replace(/-(?:gzip|br)"$/, '"');
}

/**
 * The versions If-Match lets a write through for; undefined where there is no such header. Only strong tags match
 * (RFC 9110, 13.1.1), so a weak or foreign one matches no version, and the write is refused.
 */
export function ifMatchOf(header: Header): readonly number[] | '*' | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  if (text === '*') return '*';
  return tagsIn(text)
    .map(withoutCoding)
    .flatMap((tag) => (/^"\d{1,15}"$/.test(tag) ? [Number(tag.slice(1, -1))] : []));
}

/** The tags of a list; the characters of one are those of RFC 9110, 8.8.3. */
function tagsIn(text: string): string[] {
  return text.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
}
