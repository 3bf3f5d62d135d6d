import type { Transform } from 'node:stream';
import { FifoMap } from '../../fifo-map.ts';

const JSON_ONLY = ['application/json'] as const;
const FAILURE = 'application/problem+json';

/** Headers that are longer than this are not remembered: browsers' own have less than 200 characters. */
const MAX_REMEMBERED_LENGTH = 300;

/** Answers for JSON by header text: clients send few different ones. */
const accepted = new FifoMap<string, boolean>(256);

/**
 * Whether an Accept header takes one of the media types a route answers with (default: JSON), as RFC 9110, 12.5.1 has it:
 * the most specific range decides, and `q=0` excludes. No header takes everything. Who names the type of failures alone takes
 * the answer too: clients that are generated from a document do so where a success has no body.
 */
export function accepts(header: string | undefined, types: readonly string[] = JSON_ONLY): boolean {
  if (header === undefined || header === '*/*' || header === '') return true;
  if (types === JSON_ONLY) {
    const verdict = accepted.get(header);
    if (verdict !== undefined) return verdict;
  }
  const weights = parseWeights(header);
  const verdict = preferredOf(weights, types) !== undefined || (weights.get(FAILURE) ?? 0) > 0;
  if (types === JSON_ONLY && header.length <= MAX_REMEMBERED_LENGTH) accepted.set(header, verdict);
  return verdict;
}

/** The one of the types that the client likes best; the first on a tie, undefined where it takes none. */
export function preferred(header: string | undefined, types: readonly string[]): string | undefined {
  return header === undefined || header === '' ? types[0] : preferredOf(parseWeights(header), types);
}

function preferredOf(weights: ReadonlyMap<string, number>, types: readonly string[]): string | undefined {
  let best: { type: string; weight: number } | undefined;
  for (const type of types) {
    const family = `${type.slice(0, type.indexOf('/'))}/*`;
    const weight = weights.get(type) ?? weights.get(family) ?? weights.get('*/*') ?? 0;
    if (weight > (best?.weight ?? 0)) best = { type, weight };
  }
  return best?.type;
}

/** The members of an Accept header or one like it, each with its weight (RFC 9110, 12.4.2); of a repeated one the first. */
function parseWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const member of header.split(',')) {
    const [name = '', ...parameters] = member.split(';').map((piece) => piece.trim().toLowerCase());
    const weight = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    if (!weights.has(name)) weights.set(name, Number.isNaN(weight) ? 1 : weight);
  }
  return weights;
}

/** A content coding (RFC 9110, 8.4.1), the better one first. */
export type Coding = 'br' | 'gzip';

/** Below this a compressed answer saves no packet. */
export const MIN_COMPRESSED_LENGTH = 1024;

const COMPRESSIBLE =
  /^(?:text\/(?!event-stream)|image\/svg\+xml|application\/(?:[\w.-]+\+)?(?:json|xml|javascript|yaml|x-ndjson))/;

/** Whether a media type is text; images and archives are compressed already, and an event must not wait in a buffer. */
export function isCompressible(type: string): boolean {
  return COMPRESSIBLE.test(type);
}

/** Codings by header text: clients send few different ones. */
const codings = new FifoMap<string, Coding | 'identity'>(256);

/** The coding that an Accept-Encoding header likes best (RFC 9110, 12.5.3); undefined for none. */
export function codingFor(header: string | undefined): Coding | undefined {
  if (header === undefined) return undefined;
  let coding = codings.get(header);
  if (coding === undefined) {
    const weights = parseWeights(header);
    const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
    const identity = weights.get('identity') ?? 0;
    const best = weightOf('gzip') > weightOf('br') ? 'gzip' : 'br';
    coding = weightOf(best) > 0 && weightOf(best) >= identity ? best : 'identity';
    if (header.length <= MAX_REMEMBERED_LENGTH) codings.set(header, coding);
  }
  return coding === 'identity' ? undefined : coding;
}

/** The entity tag of the compressed representation of what has a tag: strong tags differ with every byte (RFC 9110, 8.8.3.3). */
export function codedTag(etag: string, coding: Coding): string {
  return etag.replace(/"$/, `-${coding}"`);
}

/** Compresses on a thread of its own, with a module that no start needs. `quality`: 1 to 11 for br, to 9 for gzip. */
export function compress(coding: Coding, content: string | Uint8Array, quality?: number): Promise<Buffer> {
  const { brotliCompress, constants, gzip } = process.getBuiltinModule('node:zlib');
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const done = (error: Error | null, compressed: Buffer) => (error ? reject(error) : resolve(compressed));
  if (coding === 'gzip') gzip(content, { level: quality ?? 6 }, done);
  else brotliCompress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality ?? 4 } }, done);
  return promise;
}

/** Compresses a stream. */
export function compressor(coding: Coding): Transform {
  const { constants, createBrotliCompress, createGzip } = process.getBuiltinModule('node:zlib');
  return coding === 'gzip'
    ? createGzip()
    : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}
