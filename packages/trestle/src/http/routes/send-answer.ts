import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { Problem } from '../../problems.ts';
import type { ByteContent, ByteRange, ByteStream } from '../../schema/routes/bytes.ts';
import type { Answer } from '../../schema/routes/route.ts';
import { TURN_SIZE } from '../../turns.ts';
import {
  type Coding,
  codedTag,
  codingFor,
  compress,
  compressor,
  isCompressible,
  MIN_COMPRESSED_LENGTH,
} from '../requests/negotiation.ts';
import { type ResponseStreams, sendHead } from '../server/response-streams.ts';
import { noneMatches } from './uniform/etag.ts';

/** With fewer requests in a tick than this, an answer that waited would leave client and server waiting for each other. */
const MIN_BATCH_SIZE = 3;

/**
 * Batches responses completed in the same event-loop tick, so that the client's reader is woken once per batch instead of
 * once per response. With 32 clients this takes a quarter off a read and off a list; one or two are answered at once.
 */
export class ResponseBatch {
  static #current: ResponseBatch | undefined;
  /** Whether the last tick had many requests, and so most likely this one. */
  static #isCrowded = false;
  /** Resolves when a response of the batch should be sent; undefined where that is now. */
  held: Promise<void> | undefined;
  #requests = 0;

  private constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (ResponseBatch.#isCrowded) this.held = promise;
    setImmediate(() => {
      ResponseBatch.#current = undefined;
      ResponseBatch.#isCrowded = this.#requests >= MIN_BATCH_SIZE;
      this.held = undefined;
      resolve();
    });
  }

  /** The batch of the tick in which a request is read. */
  static ofRequest(): ResponseBatch {
    ResponseBatch.#current ??= new ResponseBatch();
    ResponseBatch.#current.#requests += 1;
    return ResponseBatch.#current;
  }
}

/** Milliseconds for which one turn makes JSON of a long array. */
const MAX_TURN_MS = 5;

const JSON_TYPE = 'application/json; charset=utf-8';

/** For answers with an ETag: only the client may cache them, and revalidates each time, which a 304 makes cheap. */
export const REVALIDATED = 'private, no-cache';

/** Sends what a route answered. Resolves when all of it is out; undefined where it is already. */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  streams: ResponseStreams,
): Promise<void> | undefined {
  const { status, headers, body, bytes } = answer;
  reply.code(status);
  const { method } = reply.request;
  const isRead = method === 'GET' || method === 'HEAD';
  if (headers) {
    if (isRead && (headers.etag ?? headers.ETag) !== undefined) reply.header('cache-control', REVALIDATED);
    reply.headers(headers);
  }
  if (bytes) return sendBytes(reply, bytes, streams);
  if (body === undefined) {
    reply.send();
    return undefined;
  }
  if (!reply.hasHeader('content-type')) reply.type(JSON_TYPE);
  if (Array.isArray(body) && isLong(body))
    return jsonInTurns(body).then((text) => (isRead ? sendCompressed(reply, text) : void reply.send(text)));
  const text = JSON.stringify(body);
  if (isRead && text.length >= MIN_COMPRESSED_LENGTH) return sendCompressed(reply, text);
  reply.send(text);
  return undefined;
}

/** Whether an array has so many members, of itself or of one of them, that to make JSON of it takes more than a turn. */
function isLong(body: readonly unknown[]): boolean {
  if (body.length > TURN_SIZE) return true;
  for (const item of body)
    for (const name in Object(item)) {
      const member: unknown = Reflect.get(Object(item), name);
      if (Array.isArray(member) && member.length > TURN_SIZE / 10) return true;
    }
  return false;
}

async function jsonInTurns(body: readonly unknown[]): Promise<string> {
  const texts: string[] = [];
  let from = performance.now();
  for (const item of body) {
    texts.push(JSON.stringify(item));
    if (performance.now() - from < MAX_TURN_MS) continue;
    await nextTurn();
    from = performance.now();
  }
  return `[${texts.join()}]`;
}

/** Sends a text in the coding that its client takes best. */
function sendCompressed(reply: FastifyReply, text: string): Promise<void> | undefined {
  addVary(reply, 'Accept-Encoding');
  const coding = codingFor(reply.request.headers['accept-encoding']);
  if (coding === undefined) {
    reply.send(text);
    return undefined;
  }
  const etag = reply.getHeader('etag');
  if (typeof etag === 'string') reply.header('etag', codedTag(etag, coding));
  reply.header('content-encoding', coding);
  return compress(coding, text).then((compressed) => void reply.send(compressed));
}

/** Adds a field that the answer was chosen by (RFC 9110, 12.5.5). */
export function addVary(reply: FastifyReply, field: string): void {
  const vary = reply.getHeader('vary');
  reply.header('vary', vary === undefined ? field : `${vary}, ${field}`);
}

/**
 * Sends bytes, whole or the one part that is asked for, once the request's conditions hold (RFC 9110, 13.2.2 and 14.2).
 * Throws `precondition_failed` and `range_not_satisfiable`.
 */
async function sendBytes(reply: FastifyReply, source: ByteContent, streams: ResponseStreams): Promise<void> {
  const { content } = source;
  try {
    const part = startHeaders(reply, source);
    if (reply.statusCode === 304) reply.send();
    else if (content instanceof Uint8Array) {
      const coding = codingOf(reply, content.byteLength);
      const sent = part ? content.subarray(part.start, part.end + 1) : content;
      reply.send(
        coding ? await compress(coding, sent) : Buffer.from(sent.buffer, sent.byteOffset, sent.byteLength),
      );
    } else await sendStream(reply, source, part, streams);
  } finally {
    // Nothing that was opened for this answer is left open, whatever became of it: a file, a cursor.
    if (content instanceof Readable) content.destroy();
    else if (content instanceof ReadableStream && !content.locked) await content.cancel();
  }
}

/** Sets what the headers say of the content, and the status where it is 206 or 304. Returns the part to send; undefined for all. */
function startHeaders(
  reply: FastifyReply,
  { content, lastModified, ...source }: ByteContent,
): ByteRange | undefined {
  const { method, headers } = reply.request;
  reply.type(source.type);
  if (lastModified) reply.header('last-modified', lastModified.toUTCString());
  const etag = source.etag === undefined ? undefined : `"${source.etag}"`;
  if (etag !== undefined) reply.header('etag', etag);
  if ((method !== 'GET' && method !== 'HEAD') || reply.statusCode !== 200) return undefined;
  if ((etag ?? lastModified) !== undefined && reply.getHeader('cache-control') === 'no-store')
    reply.header('cache-control', REVALIDATED);
  if (isUnchanged(headers, etag, lastModified)) {
    const matched = etag && noneMatches(headers['if-none-match'], etag);
    if (matched) reply.header('etag', matched);
    reply.code(304).removeHeader('content-type');
    return undefined;
  }
  const length = content instanceof Uint8Array ? content.byteLength : source.length;
  if (length === undefined) return undefined;
  reply.header('accept-ranges', 'bytes');
  if (method === 'HEAD' || !mayBePart(headers['if-range'], etag, lastModified)) return undefined;
  const part = partOf(headers.range, length);
  if (part === 'unsatisfiable')
    throw new Problem('range_not_satisfiable', { headers: { 'content-range': `bytes */${length}` } });
  if (part) reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${length}`);
  return part;
}

async function sendStream(
  reply: FastifyReply,
  { content, length }: ByteContent,
  part: ByteRange | undefined,
  streams: ResponseStreams,
): Promise<void> {
  const range = part ?? { start: 0, end: (length ?? 0) - 1 };
  const coding = codingOf(reply, length);
  if (length !== undefined && !coding) reply.header('content-length', range.end - range.start + 1);
  if (reply.request.method === 'HEAD' || length === 0) {
    // Not by Fastify, which would say that it has no length.
    sendHead(reply);
    reply.raw.end();
    return;
  }
  const open = async () => {
    if (typeof content === 'function') return content(range);
    // A Uint8Array is sent whole and never comes here.
    const stream = content as ByteStream;
    return part ? slice(stream, part) : stream;
  };
  await streams.send(reply, open, coding && compressor(coding));
}

/** The coding to send whole content in, which its headers say then; a part is a part of what has none. */
function codingOf(reply: FastifyReply, length = Number.POSITIVE_INFINITY): Coding | undefined {
  const isText = isCompressible(String(reply.getHeader('content-type')));
  if (reply.statusCode !== 200 || !isText || length < MIN_COMPRESSED_LENGTH) return undefined;
  addVary(reply, 'Accept-Encoding');
  const coding = codingFor(reply.request.headers['accept-encoding']);
  if (coding === undefined) return undefined;
  const etag = reply.getHeader('etag');
  if (typeof etag === 'string') reply.header('etag', codedTag(etag, coding));
  reply.header('content-encoding', coding);
  return coding;
}

type Headers = FastifyReply['request']['headers'];

/** Whether to answer 304. Throws `precondition_failed`. Dates count where there is no tag to go by. */
function isUnchanged(headers: Headers, etag: string | undefined, lastModified: Date | undefined): boolean {
  const ifMatch = headers['if-match']?.trim();
  if (ifMatch !== undefined) {
    const tags = ifMatch.split(',').map((tag) => tag.trim());
    if (ifMatch !== '*' && (etag === undefined || !tags.includes(etag)))
      throw new Problem('precondition_failed');
  } else if (lastModified && secondsOf(lastModified) > dateOf(headers['if-unmodified-since'], Infinity)) {
    throw new Problem('precondition_failed');
  }
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined)
    return etag === undefined ? ifNoneMatch.trim() === '*' : noneMatches(ifNoneMatch, etag) !== undefined;
  return (
    lastModified !== undefined && secondsOf(lastModified) <= dateOf(headers['if-modified-since'], -Infinity)
  );
}

/** Whether a part may be sent: the client has a piece of this very representation, or asked for no such care (RFC 9110, 13.1.5). */
function mayBePart(
  header: string | string[] | undefined,
  etag: string | undefined,
  lastModified: Date | undefined,
): boolean {
  if (header === undefined) return true;
  const value = String(header).trim();
  if (value.endsWith('"')) return value === etag;
  return lastModified !== undefined && secondsOf(lastModified) === dateOf(value, Number.NaN);
}

/** HTTP dates know no fractions of a second. */
function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** A date that cannot be read counts as none. */
function dateOf(header: string | undefined, otherwise: number): number {
  const time = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(time) ? otherwise : Math.floor(time / 1000);
}

/** The part a Range header asks for; undefined for all: no range, several ranges, another unit or broken syntax (RFC 9110, 14.2). */
function partOf(header: string | undefined, length: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] =
    /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.replaceAll(/\s/g, '') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(0, length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? length - 1 : Math.min(Number(last), length - 1);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  return start >= length || (first === '' && Number(last) === 0) ? 'unsatisfiable' : { start, end };
}

/** A part of a stream that cannot be opened in its middle. */
async function* slice(stream: ByteStream, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of stream) {
    const piece = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const from = Math.max(0, start - position);
    const to = Math.min(piece.byteLength, end + 1 - position);
    if (from < to) yield piece.subarray(from, to);
    position += piece.byteLength;
    if (position > end) return;
  }
}
