import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Answer } from '../declare/contract.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Sends what a route answered. A streamed body waits while the client reads slowly, and its source is ended when the
 * client goes away; HEAD never starts it.
 */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status);
  if (answer.headers) reply.headers(answer.headers);
  if (answer.streamed) {
    reply.type(answer.streamed.type);
    if (reply.request.method === 'HEAD') return reply.send();
    return reply.send(Readable.from(answer.streamed.stream, { objectMode: false }));
  }
  if (answer.body === undefined) return reply.send();
  if (!reply.hasHeader('content-type')) reply.type(JSON_TYPE);
  return reply.send(JSON.stringify(answer.body));
}
