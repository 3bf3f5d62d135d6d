import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS, Problem, type ProblemCode } from '../../problems.ts';
import type { ErrorAnswer, FailedRequest } from '../../schema/contract.ts';
import { LIMITS } from '../server/limits.ts';
import { acceptedTypes } from './bodies.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** A problem as RFC 9457 has it. `type` is a path of this server that describes the code. */
export function problemBody(problem: Problem, instance: string, requestId: string): Record<string, unknown> {
  return {
    type: `/problems/${problem.code}`,
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

/** The answer of the uniform API, and of all that belongs to no app, to a request that failed. */
export function problemAnswer(problem: Problem, request: FailedRequest): ErrorAnswer {
  return {
    status: problem.status,
    body: problemBody(problem, request.path, request.requestId),
    headers: { 'content-type': PROBLEM_TYPE },
  };
}

/** Header fields that a status asks for: RFC 9110, 11.6.1 (401) and 10.2.3 (503), RFC 6585, 4 (429). */
export function problemHeaders(problem: Problem, status: number, method: string): Record<string, string> {
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = challenge(problem.code);
  if (status === 429 || status === 503) headers['retry-after'] = '1';
  if (problem.code === 'unsupported_media_type') Object.assign(headers, acceptedTypes(method));
  return Object.assign(headers, problem.headers);
}

/** RFC 6750, 3: an error is only named where credentials came. */
function challenge(code: ProblemCode): string {
  return code === 'invalid_token' || code === 'invalid_key' ? 'Bearer error="invalid_token"' : 'Bearer';
}

/** Fastify's own refusals in our words; what is none of them and no `Problem` is `internal`. */
const FASTIFY_CODES: Readonly<Record<string, { code: ProblemCode; detail?: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', detail: `A body may have ${LIMITS.body} bytes.` },
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
export function problemOf(thrown: FastifyError | Error): Problem {
  if (thrown instanceof Problem) return thrown;
  const known = 'code' in thrown ? FASTIFY_CODES[thrown.code] : undefined;
  if (known) return new Problem(known.code, { ...(known.detail && { detail: known.detail }), cause: thrown });
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (status === 400) return new Problem('malformed', { cause: thrown });
  return new Problem('internal', { cause: thrown });
}

/** Sends an answer to a request that failed. */
export function sendError(reply: FastifyReply, problem: Problem, answer: ErrorAnswer): void {
  reply
    .code(answer.status)
    .headers(problemHeaders(problem, answer.status, reply.request.method))
    .type('application/json; charset=utf-8')
    .headers(answer.headers ?? {})
    .send(answer.body === undefined ? undefined : JSON.stringify(answer.body));
}

/** A request as contracts' error shapes see it; without the query, which may hold a key. */
export function failedRequest(request: FastifyRequest): FailedRequest {
  return {
    method: request.method,
    path: pathOf(request),
    route: request.routeOptions.config.route,
    params: isTexts(request.params) ? request.params : {},
    requestId: request.id,
  };
}

/** The request's path, without the query. */
export function pathOf(request: FastifyRequest): string {
  const query = request.url.indexOf('?');
  return query === -1 ? request.url : request.url.slice(0, query);
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null;
}

/** What a problem's type says when it is looked up; undefined for a code that does not exist. */
export function describeProblem(code: string): { code: string; status: number; title: string } | undefined {
  const entry = Object.entries(PROBLEMS).find(([name]) => name === code);
  return entry && { code, ...entry[1] };
}
