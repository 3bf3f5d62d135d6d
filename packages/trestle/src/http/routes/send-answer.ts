import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Answer } from '../../schema/contract.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Sends what a route answered, and says whether that was all. A streamed body goes on after this: it waits while the
 * client reads slowly, and its source is ended when the client goes away; HEAD never starts it.
 */
export function sendAnswer(reply: FastifyReply, { status, headers, streamed, body }: Answer): boolean {
  reply.code(status);
  if (headers) reply.headers(headers);
  const streams = streamed !== undefined && reply.request.method !== 'HEAD';
  if (streamed) reply.type(streamed.type);
  else if (body !== undefined && !reply.hasHeader('content-type')) reply.type(JSON_TYPE);
  if (streams) reply.send(Readable.from(streamed.stream, { objectMode: false }));
  else reply.send(body === undefined ? undefined : JSON.stringify(body));
  return !streams;
}
