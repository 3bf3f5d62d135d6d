import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../../problems.ts';
import { LIMITS } from '../server/limits.ts';
import { parseForm } from './form.ts';
import { parseJson } from './json.ts';

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
export const FORM_TYPE = 'application/x-www-form-urlencoded';
export const MULTIPART_TYPE = 'multipart/form-data';

/**
 * Reads bodies: JSON, merge patches and forms in UTF-8, up to 1 MiB (RFC 9110, 15.5.14), and multipart where the route takes
 * it, neither compressed nor in another charset (415). Values of a form are strings. An empty body is none, whatever type it
 * claims: many clients claim JSON in every request. Bodies sent with GET and HEAD are not read.
 */
export function readBodies(fastify: FastifyInstance): void {
  const options = { parseAs: 'buffer', bodyLimit: LIMITS.body } as const;
  fastify.removeAllContentTypeParsers();
  // What a parser throws, Fastify hands to the error handler like any other error.
  fastify.addContentTypeParser(JSON_TYPES, options, (request, body: Buffer, done) => {
    refuseEncoded(request);
    done(null, body.length === 0 ? undefined : parseJson(body));
  });
  fastify.addContentTypeParser(FORM_TYPE, options, (request, body: Buffer, done) => {
    refuseEncoded(request);
    done(null, body.length === 0 ? undefined : parseForm(body));
  });
  fastify.addContentTypeParser(MULTIPART_TYPE, options, (request, body: Buffer, done) => {
    if (!request.routeOptions.config.multipart) throw new Problem('unsupported_media_type');
    refuseEncoded(request);
    import('./multipart.ts')
      .then(({ parseMultipart }) => parseMultipart(body, request.headers['content-type'] ?? ''))
      .then((form) => done(null, form), done);
  });
}

/** What a 415 tells the client it may send instead (RFC 9110, 12.5.1 and RFC 5789, 3.1). */
export function acceptedTypes({ method, routeOptions }: FastifyRequest): Record<string, string> {
  const forms = routeOptions.config.multipart ? [FORM_TYPE, MULTIPART_TYPE] : [FORM_TYPE];
  return method === 'PATCH'
    ? { 'accept-patch': [...JSON_TYPES, ...forms].join(', ') }
    : { 'accept-post': ['application/json', ...forms].join(', ') };
}

function refuseEncoded({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw new Problem('unsupported_media_type', {
      detail: `Compressed bodies are not accepted (${JSON.stringify(encoding.slice(0, 40))}).`,
    });
  const type = headers['content-type'];
  if (type === undefined || !type.includes(';')) return;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset))
    throw new Problem('unsupported_media_type', {
      detail: `Bodies must be UTF-8, not ${JSON.stringify(charset.slice(0, 40))}.`,
    });
}
