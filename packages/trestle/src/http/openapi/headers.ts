/** Response header fields that documents describe. */
const HEADERS: Readonly<Record<string, { description: string; type?: string }>> = {
  ETag: { description: 'The version of the row, for If-Match and If-None-Match.' },
  Location: { description: 'Where what was made is.' },
  Link: { description: 'The first page and those beside this one (RFC 8288).' },
  'Idempotent-Replayed': { description: 'true: the first answer to this Idempotency-Key once more.' },
  'Retry-After': { description: 'Seconds until it is worth asking again.', type: 'integer' },
  RateLimit: { description: 'What is left of the limit, and seconds until it is whole again.' },
  'RateLimit-Policy': { description: 'The limit, and its window in seconds.' },
  'WWW-Authenticate': { description: 'How to show who you are (RFC 6750).' },
  'X-Request-Id': { description: 'Stands in the log of the server too.' },
};

/** The Header Objects of a document. */
export const HEADER_COMPONENTS = Object.fromEntries(
  Object.entries(HEADERS).map(([name, { description, type = 'string' }]) => [
    name,
    { description, schema: { type } },
  ]),
);

/** Headers of one response: those above by reference, others as strings. */
export function headerReferences(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      Object.hasOwn(HEADERS, name)
        ? { $ref: `#/components/headers/${name}` }
        : { schema: { type: 'string' } },
    ]),
  );
}
