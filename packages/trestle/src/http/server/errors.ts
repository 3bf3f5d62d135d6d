import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from '../../node-http.ts';
import { PROBLEMS, Problem, type ProblemCode } from '../../problems.ts';
import type { ErrorAnswer, FailedRequest } from '../../schema/routes/app-contract.ts';
import { sendErrorPage } from '../docs/error-page.ts';
import { acceptedTypes } from '../requests/bodies.ts';
import { corsHeaders, type Origins } from '../requests/cors.ts';
import { LIMITS } from './limits.ts';
import type { ServerState } from './server.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** Adds the answers to everything that fails, in the words of the app whose path it was. */
export function answerErrors(fastify: FastifyInstance, server: ServerState): void {
  fastify.setErrorHandler<FastifyError>((error, request, reply) =>
    answerError(error, request, reply, server),
  );
  // The hook before has refused it already; Fastify wants a handler all the same.
  fastify.setNotFoundHandler((request, reply) =>
    answerError(new Problem('not_found'), request, reply, server),
  );
  fastify.get<{ Params: { code: string } }>(
    '/problems/:code',
    { config: { isServerRoute: true } },
    (request) => {
      const { code } = request.params;
      const entry = Object.entries(PROBLEMS).find(([name]) => name === code);
      if (entry) return { code, ...entry[1] };
      throw new Problem('not_found', { detail: `The codes are ${Object.keys(PROBLEMS).join(', ')}.` });
    },
  );
}

/** Answers one request that failed. */
export function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  { errors, mounted }: ServerState,
): void {
  const problem = problemOf(error, request);
  if (problem.status >= 500 && (problem.code === 'internal' || problem.cause !== undefined))
    errors.ofRequest('request failed', problem, request, { code: problem.code });
  const { config } = request.routeOptions;
  const path = pathOf(request);
  const failed: FailedRequest = {
    method: request.method,
    path,
    prefix: request.prefix,
    route: config.route,
    params: typeof request.params === 'object' ? { ...request.params } : {},
    requestId: request.id,
  };
  // The app at the root takes what no other does.
  const owner = config.isServerRoute
    ? undefined
    : mounted.find(({ base }) => base === '' || path === base || path.startsWith(`${base}/`));
  let answer: ErrorAnswer;
  try {
    answer = owner ? owner.fail(problem, failed) : problemAnswer(problem, failed);
  } catch (failure) {
    // An error shape that fails itself must not hide what went wrong.
    errors.ofRequest('an error shape failed', failure, request);
    answer = problemAnswer(problem, failed);
  }
  const { status, headers = {}, body } = answer;
  // What was said of an answer that did not come about is not true of this one.
  for (const name of ['content-encoding', 'content-length', 'etag', 'last-modified', 'accept-ranges'])
    reply.removeHeader(name);
  reply.code(status).headers({ 'cache-control': 'no-store', ...problemHeaders(problem, status, request) });
  // What a contract answers is the contract's for browsers too.
  if (headers['content-type'] === PROBLEM_TYPE && sendErrorPage(problem, request, reply)) return;
  reply
    .type('application/json; charset=utf-8')
    .headers(headers)
    .send(body === undefined ? undefined : JSON.stringify(body));
}

/** The answer of the uniform API, and of all that belongs to no app, to a request that failed (RFC 9457). */
export function problemAnswer(problem: Problem, { prefix, path, requestId }: FailedRequest): ErrorAnswer {
  const body = problemBody(problem, prefix, `${prefix}${path}`, requestId);
  return { status: problem.status, body, headers: { 'content-type': PROBLEM_TYPE } };
}

/** A problem as RFC 9457 has it. `type` is a path of this server that describes the code. */
function problemBody(
  problem: Problem,
  prefix: string,
  instance: string,
  requestId: string,
): Record<string, unknown> {
  return {
    type: `${prefix}/problems/${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    ...(instance.length <= 256 && { instance }),
    code: problem.code,
    requestId,
    ...(problem.errors.length > 0 && { errors: problem.errors }),
    ...(Object.keys(problem.data).length > 0 && { data: problem.data }),
  };
}

/** Header fields that a status asks for: RFC 9110, 11.6.1 (401) and 10.2.3 (503), RFC 6585, 4 (429). */
function problemHeaders(problem: Problem, status: number, request: FastifyRequest): Record<string, string> {
  const { code } = problem;
  const headers: Record<string, string> = {};
  // RFC 6750, 3: an error is only named where credentials came.
  if (status === 401)
    headers['www-authenticate'] =
      code === 'invalid_token' || code === 'invalid_key' ? 'Bearer error="invalid_token"' : 'Bearer';
  if (status === 429 || status === 503) headers['retry-after'] = '1';
  if (code === 'unsupported_media_type') Object.assign(headers, acceptedTypes(request));
  return Object.assign(headers, problem.headers);
}

/** Fastify's own refusals in our words; what is none of them and no `Problem` is `internal`. */
const FASTIFY_CODES: Readonly<Record<string, { code: ProblemCode; detail?: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'unsupported_media_type' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'malformed',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: {
    code: 'malformed',
    detail: 'The request target holds percent-encoding that is not UTF-8.',
  },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'not_found' },
  ECONNRESET: { code: 'malformed', detail: 'The request broke off.' },
};

/** Anything a route or Fastify threw, as a problem. */
function problemOf(thrown: FastifyError | Error, request: FastifyRequest): Problem {
  if (thrown instanceof Problem) return thrown;
  if ('code' in thrown && thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Problem('body_too_large', {
      detail: `A body may have ${request.routeOptions.bodyLimit} bytes.`,
      cause: thrown,
    });
  const known = 'code' in thrown ? FASTIFY_CODES[thrown.code] : undefined;
  if (known) return new Problem(known.code, { ...(known.detail && { detail: known.detail }), cause: thrown });
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  return new Problem(status === 400 ? 'malformed' : 'internal', { cause: thrown });
}

/** The request's path, without the query. */
export function pathOf({ url }: FastifyRequest): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** An error of Node's parser, with the bytes it stumbled over. */
interface ParserError extends Error {
  code?: string | undefined;
  rawPacket?: unknown;
}

/**
 * Answers a request that Node's parser refused, in JSON and with the status it deserves, and hangs up.
 * Answers the status for the log; undefined where there was nobody left to answer.
 */
export function answerUnreadable(error: ParserError, socket: Socket, origins: Origins): number | undefined {
  const message = '_httpMessage' in socket ? socket._httpMessage : undefined;
  // A second answer would garble one that is already on its way on this connection.
  const hasBegun =
    typeof message === 'object' && message !== null && 'headersSent' in message && message.headersSent;
  if (!socket.writable || error.code === 'ECONNRESET' || hasBegun === true) {
    socket.destroy();
    return undefined;
  }
  const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1') : '';
  const problem = problemOfParser(error.code, packet.slice(0, LIMITS.target + 64));
  // 408 has no place in the table of problems: nothing that reached a route can end with it.
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : problem.status;
  const origin = /\r\norigin: *([^\s]+) *\r\n/i.exec(packet.slice(0, LIMITS.headerBytes))?.[1];
  hangUp(socket, status, problem, corsHeaders(origin, origins));
  return status;
}

function problemOfParser(code: string | undefined, start: string): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const isTargetTooLong =
        start.length >= LIMITS.target && /^[A-Z]{1,16} \S+$/.test(start.split('\r\n', 1)[0] ?? '');
      return new Problem(isTargetTooLong ? 'target_too_long' : 'headers_too_large');
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('body_too_large', { detail: 'The chunk extensions are too large.' });
    case 'HPE_INVALID_METHOD':
      return /^[!#$%&'*+.^_`|~\w-]{1,32} \S+ HTTP\/1\.[01]\r?\n/.test(start)
        ? new Problem('not_implemented')
        : new Problem('malformed', { detail: 'This is not an HTTP/1.1 request.' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('malformed', { detail: 'The request did not arrive in time.' });
    default:
      return new Problem('malformed', { detail: 'This is not a valid HTTP/1.1 request.' });
  }
}

/** Sends a problem over a bare socket and closes it, once the client had time to read it. */
export function hangUp(
  socket: Socket,
  status: number,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  const requestId = randomUUID();
  const body = JSON.stringify({ ...problemBody(problem, '', '', requestId), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Closing while bytes of the client are unread resets the connection, and it would never see the answer.
  const timer = setTimeout(() => socket.destroy(), LIMITS.linger);
  socket.once('close', () => clearTimeout(timer));
}
