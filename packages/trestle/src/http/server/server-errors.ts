import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROBLEMS, Problem } from '../../problems.ts';
import type { ErrorAnswer, FailedRequest } from '../../schema/contract.ts';
import { describeProblem, failedRequest, problemAnswer, problemOf, sendError } from '../requests/errors.ts';
import type { Mounted, Parts } from './server.ts';

/** Adds the answers to everything that fails, in the words of the app whose path it was. */
export function answerErrors(fastify: FastifyInstance, parts: Parts): void {
  fastify.setErrorHandler<FastifyError>((error, request, reply) => answerError(error, request, reply, parts));
  // The hook before has refused it already; Fastify wants a handler all the same.
  fastify.setNotFoundHandler((request, reply) =>
    answerError(new Problem('not_found'), request, reply, parts),
  );
  fastify.get<{ Params: { code: string } }>('/problems/:code', { config: { ours: true } }, (request) => {
    const described = describeProblem(request.params.code);
    if (described) return described;
    throw new Problem('not_found', { detail: `The codes are ${Object.keys(PROBLEMS).join(', ')}.` });
  });
}

/** Answers one request that failed. */
export function answerError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): void {
  const problem = problemOf(error);
  const failed = failedRequest(request);
  if (problem.status >= 500) logFailure(problem, request, parts);
  const owner = request.routeOptions.config.ours ? undefined : ownerOf(failed.path, parts.mounted);
  sendError(reply, problem, inWordsOf(owner, problem, failed, parts));
}

/** The app under whose base a path is; the one at the root takes what no other does. */
function ownerOf(path: string, mounted: readonly Mounted[]): Mounted | undefined {
  return mounted.find(({ base }) => base === '' || path === base || path.startsWith(`${base}/`));
}

/** An error shape that fails itself must not hide what went wrong. */
function inWordsOf(
  owner: Mounted | undefined,
  problem: Problem,
  failed: FailedRequest,
  parts: Parts,
): ErrorAnswer {
  if (!owner) return problemAnswer(problem, failed);
  try {
    return owner.fail(problem, failed);
  } catch (error) {
    parts.errors.write('an error shape failed', error, { route: failed.route?.path });
    return problemAnswer(problem, failed);
  }
}

function logFailure(problem: Problem, request: FastifyRequest, parts: Parts): void {
  if (problem.code !== 'internal' && problem.cause === undefined) return;
  const { url, method } = request.routeOptions;
  parts.errors.write('request failed', problem, {
    request: request.id,
    method,
    route: url,
    code: problem.code,
  });
}
