import { type TUnsafe, Type } from 'typebox';
import type { Answer } from './route.ts';

/** Bytes that come one after the other: a generator, a Node `Readable` or a Web `ReadableStream`. Text is sent as UTF-8. */
export type ByteStream = AsyncIterable<Uint8Array | string>;

/** A part of some content: the positions of its first and last byte, both included (RFC 9110, 14.1.2). */
export interface ByteRange {
  /** Position of the first byte, from 0. */
  readonly start: number;
  /** Position of the last byte. */
  readonly end: number;
}

/**
 * Content that is not JSON. With a known length a client may ask for a part of it (206); with `etag` or `lastModified` it may
 * ask whether it has changed (304), and go on with a download that broke off (`If-Range`).
 */
export interface ByteContent {
  /**
   * All bytes, or a stream of them; a function opens the stream of a part, so that nothing before it is read. It is called
   * with the whole range where no part is asked for, and not at all for HEAD and 304. Streams are destroyed when the client
   * goes away, and what fails inside them is logged with the request's id.
   */
  readonly content: Uint8Array | ByteStream | ((range: ByteRange) => ByteStream | Promise<ByteStream>);
  /** The media type, such as `image/png`. */
  readonly type: string;
  /** Bytes in all. Known of a `Uint8Array`; a function needs it; a stream without one is sent chunked and whole. */
  readonly length?: number;
  /** A strong entity tag without its quotes: a hash or a version (RFC 9110, 8.8.3). */
  readonly etag?: string;
  /** The instant of the last change, for `Last-Modified`; whole seconds count. */
  readonly lastModified?: Date;
}

/**
 * An answer of bytes: a file, an image, a text that is generated while it is sent. `Range`, `If-Range`, `If-None-Match` and
 * related headers are obeyed (RFC 9110, 13 and 14). Without a `Cache-Control` of its own an answer is `private, no-cache` where it
 * has a tag or a date, else `no-store`.
 *
 * @example
 * route('GET', '/logo.svg', { summary: 'Logo', produces: 'image/svg+xml', answers: { 200: null } }, () =>
 *   bytes({ content: Buffer.from('<svg/>'), type: 'image/svg+xml', etag: 'v3' }));
 * // A large file, of which only the requested range is read:
 * bytes({ content: ({ start, end }) => createReadStream('a.zip', { start, end }), type: 'application/zip', length: 90_000 });
 */
export function bytes(content: ByteContent, headers?: Readonly<Record<string, string>>): Answer {
  return { status: 200, bytes: content, ...(headers && { headers }) };
}

/**
 * A file of a `multipart/form-data` body.
 *
 * @example
 * const picture = new UploadedFile('a.png', 'image/png', new Uint8Array([1, 2]));
 */
export class UploadedFile {
  /** As the client names it: never a path to write to. */
  readonly name: string;
  /** The media type that the client claims. */
  readonly type: string;
  /** The content. */
  readonly bytes: Uint8Array;

  constructor(name: string, type: string, bytes: Uint8Array) {
    this.name = name;
    this.type = type;
    this.bytes = bytes;
  }
}

/**
 * The schema of a file in a body of a route with `multipart: true`.
 *
 * @param maxLength maximum bytes (default: the maximum of the body).
 * @example
 * const Upload = Type.Object({ title: Type.String(), picture: file({ maxLength: 100_000 }) });
 * route('POST', '/pictures', { summary: 'Upload', multipart: true, body: Upload, answers: { 201: null } }, ({ body }) =>
 *   answer(201, { bytes: body.picture.bytes.byteLength }));
 */
export function file({ maxLength }: { maxLength?: number } = {}): TUnsafe<UploadedFile> {
  const schema = Type.Unsafe<UploadedFile>({
    contentMediaType: 'application/octet-stream',
    ...(maxLength !== undefined && { maxLength }),
  });
  return Type.Refine(
    schema,
    (value) => value instanceof UploadedFile && value.bytes.byteLength <= (maxLength ?? Infinity),
    () => (maxLength === undefined ? 'expected a file' : `expected a file of at most ${maxLength} bytes`),
  );
}
