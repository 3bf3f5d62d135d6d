import { hash } from 'node:crypto';
import type { RepresentationTag } from '../../../database/migrations/representation.ts';
import { tableName } from '../../../database/tables.ts';
import { Problem } from '../../../problems.ts';
import type { Model } from '../../../rows/model.ts';
import { isOnCaller } from '../../../schema/rules.ts';
import { VERSION, type Versioned } from '../../../schema/services/row-service.ts';

type Header = string | readonly string[] | undefined;

/** Differences of representations of one version. */
export interface Representation {
  readonly tag: string;
  /** Fields that change without the version: they are computed from other rows, or shown by a rule about those. */
  readonly computed: readonly string[];
}

export function representationOf(
  { name, resource, idKind, readable }: Model,
  tagOf: RepresentationTag,
): Representation {
  const shape = [idKind, ...readable.map((field) => [field.name, field.kind])];
  const computed = readable
    .filter(({ type, field: { can } }) => type.relation || (can?.read && !isOnCaller(can.read)))
    .map((field) => field.name);
  return { tag: tagOf(tableName(name, resource), shape), computed };
}

/**
 * The strong entity tag of a row: its version and the tag of its representation (RFC 9110, 8.8.3), such as `"7-k3f9"`. A
 * digest of the fields that are computed from other rows follows.
 */
export function etagOf(row: Versioned<object>, { tag, computed }: Representation): string {
  const values = computed.flatMap((name) => (name in row ? [Reflect.get(row, name)] : []));
  const digest = values.length > 0 ? `-${hash('sha1', JSON.stringify(values)).slice(0, 10)}` : '';
  return `"${row[VERSION]}-${tag}${digest}"`;
}

/** The members of a list of tags; the characters of one are those of RFC 9110, 8.8.3. */
const TAGS = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/**
 * The tag of If-None-Match that names a representation, so that GET answers 304 with it. Weak tags compare alike here
 * (RFC 9110, 13.1.2), and so do those of its compressed forms.
 */
export function noneMatches(header: Header, etag: string): string | undefined {
  if (header === undefined) return undefined;
  const text = String(header).trim();
  if (text === '*') return etag;
  for (const given of text.match(TAGS) ?? []) {
    const tag = given.replace(/^W\//, '');
    if (tag.replace(/-(?:gzip|br)"$/, '"') === etag) return tag;
  }
  return undefined;
}

/**
 * The versions If-Match lets a write through for; undefined where there is no such header. Only strong tags match
 * (RFC 9110, 13.1.1), so a weak or foreign one, or one of another representation, matches no version, and the write is refused.
 * Who read a row compressed sends the tag of that form. What is computed from other rows does not matter to a write.
 *
 * @param isRequired throws `precondition_required` where there is no such header (RFC 6585, 3; default: false).
 */
export function ifMatchOf(
  header: Header,
  { tag: representation }: Representation,
  isRequired = false,
): readonly number[] | '*' | undefined {
  if (header === undefined) {
    if (!isRequired) return undefined;
    throw new Problem('precondition_required', {
      detail: 'Send the ETag of the row as If-Match, so that nobody is overwritten unseen.',
    });
  }
  const text = String(header).trim();
  if (text === '*') return '*';
  const versions: number[] = [];
  for (const tag of text.match(TAGS) ?? []) {
    const [, version, of] = /^"(\d{1,15})-(\w+?)(?:-[\da-f]{10})?(?:-gzip|-br)?"$/.exec(tag) ?? [];
    if (of === representation) versions.push(Number(version));
  }
  return versions;
}
