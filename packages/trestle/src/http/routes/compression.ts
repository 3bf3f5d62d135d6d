import type { Transform } from 'node:stream';
import { LruMap } from '../../lru-map.ts';
import { MAX_REMEMBERED_LENGTH, parseWeights } from '../requests/accept.ts';

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
const known = new LruMap<string, Coding | 'identity'>(256);

/** The coding that an Accept-Encoding header likes best (RFC 9110, 12.5.3); undefined for none. */
export function codingFor(header: string | undefined): Coding | undefined {
  if (header === undefined) return undefined;
  let coding = known.get(header);
  if (coding === undefined) {
    const weights = parseWeights(header);
    const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
    const identity = weights.get('identity') ?? 0;
    const best = weightOf('gzip') > weightOf('br') ? 'gzip' : 'br';
    coding = weightOf(best) > 0 && weightOf(best) >= identity ? best : 'identity';
    if (header.length <= MAX_REMEMBERED_LENGTH) known.set(header, coding);
  }
  return coding === 'identity' ? undefined : coding;
}

/** The entity tag of the compressed representation of what has a tag: strong tags differ with every byte (RFC 9110, 8.8.3.3). */
export function codedTag(etag: string, coding: Coding): string {
  return etag.replace(/"$/, `-${coding}"`);
}

/** Loaded when it is first needed, which at start it is not. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** Compresses on a thread of its own. `quality`: 1 to 11 for br, to 9 for gzip. */
export function compress(coding: Coding, content: string | Uint8Array, quality?: number): Promise<Buffer> {
  const { brotliCompress, constants, gzip } = zlib();
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, compressed: Buffer) => (error ? reject(error) : resolve(compressed));
    if (coding === 'gzip') gzip(content, { level: quality ?? 6 }, done);
    else brotliCompress(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality ?? 4 } }, done);
  });
}

/** Compresses a stream. */
export function compressor(coding: Coding): Transform {
  const { constants, createBrotliCompress, createGzip } = zlib();
  return coding === 'gzip'
    ? createGzip()
    : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
}
