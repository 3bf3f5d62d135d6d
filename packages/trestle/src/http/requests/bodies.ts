import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import { LIMITS } from '../server/limits.ts';
import { parseForm } from './form.ts';
import { parseJson } from './json.ts';

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * Reads bodies: JSON, merge patches and forms in UTF-8, up to 1 MiB (RFC 9110, 15.5.14), neither compressed nor in another
 * charset (415). A form's values are texts. An empty body is none, whatever type it claims: many clients claim JSON in
 * every request. Bodies sent with GET and HEAD are not read.
 */
export function readBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  add(fastify, JSON_TYPES, parseJson);
  add(fastify, [FORM_TYPE], parseForm);
}

function add(fastify: FastifyInstance, types: string[], read: (body: Buffer) => unknown): void {
  const options = { parseAs: 'buffer', bodyLimit: LIMITS.body } as const;
  // What a parser throws, Fastify hands to the error handler like any other error.
  fastify.addContentTypeParser(types, options, (request, body: Buffer, done) => {
    checkEncoding(request);
    done(null, body.length === 0 ? undefined : read(body));
  });
}

/** What a 415 tells the client it may send instead (RFC 9110, 12.5.1 and RFC 5789, 3.1). */
export function acceptedTypes(method: string): Record<string, string> {
  return method === 'PATCH'
    ? { 'accept-patch': [...JSON_TYPES, FORM_TYPE].join(', ') }
    : { 'accept-post': ['application/json', FORM_TYPE].join(', ') };
}

function checkEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported_media_type', {
      detail: `Bodies are not taken compressed (${quote(encoding)}).`,
    });
  const type = request.headers['content-type'];
  if (type === undefined || !type.includes(';')) return;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new Problem('unsupported_media_type', {
      detail: `Bodies are taken in UTF-8, not in ${quote(charset)}.`,
    });
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
