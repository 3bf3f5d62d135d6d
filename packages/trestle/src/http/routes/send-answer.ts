import type { FastifyReply } from 'fastify';
import type { Answer } from '../../schema/contract.ts';
import type { ResponseStreams } from '../server/response-streams.ts';
import { codedTag, codingFor, compress, MIN_COMPRESSED_LENGTH } from './compression.ts';
import { sendBytes } from './send-bytes.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** What has a tag may be kept by the client alone, and is asked for again each time, which a 304 makes cheap. */
export const REVALIDATED = 'private, no-cache';

/** Sends what a route answered. Resolves when all of it is out; undefined where it is already. */
export function sendAnswer(
  reply: FastifyReply,
  answer: Answer,
  streams: ResponseStreams,
): Promise<void> | undefined {
  const { status, headers, body, bytes } = answer;
  reply.code(status);
  const { method, headers: asked } = reply.request;
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
  const text = JSON.stringify(body);
  if (text.length < MIN_COMPRESSED_LENGTH || !isRead) {
    reply.send(text);
    return undefined;
  }
  addVary(reply, 'Accept-Encoding');
  const coding = codingFor(asked['accept-encoding']);
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
