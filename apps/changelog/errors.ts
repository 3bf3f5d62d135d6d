import {
  type ErrorAnswer,
  type FailedRequest,
  type FieldError,
  type Problem,
  pydanticErrors,
} from 'trestle/contract';

/** FastAPI's words and shapes, which the clients of the original read. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  switch (problem.code) {
    case 'unauthenticated':
      return challenge('Not authenticated');
    case 'invalid_token':
    case 'invalid_key':
      return challenge('Could not validate credentials');
    case 'invalid_credentials':
      return failure(403, 'Invalid Credentials');
    case 'conflict':
      return isTaken(problem) ? failure(400, 'Username already registered.') : failure(409, problem.detail);
    case 'not_found':
      return failure(404, notFound(problem, request));
    case 'method_not_allowed':
      return { ...failure(405, 'Method Not Allowed'), headers: problem.headers };
    case 'invalid':
      return invalid(problem);
    default:
      return { ...failure(problem.status, problem.detail), headers: problem.headers };
  }
}

function failure(status: number, detail: string): ErrorAnswer {
  return { status, body: { detail } };
}

function challenge(detail: string): ErrorAnswer {
  return { ...failure(401, detail), headers: { 'WWW-Authenticate': 'Bearer' } };
}

function isTaken({ errors }: Problem): boolean {
  return errors.some(({ code, pointer }) => code === 'taken' && pointer === '/username');
}

function notFound({ data }: Problem, { route, params }: FailedRequest): string {
  if (route?.path === '/users/:id') return `Couldn't find user of id ${params.id}.`;
  if (data.resource === 'projects') return `Project with id ${data.id} not found.`;
  if (data.resource === 'updates') return `Update with id ${data.id} not found.`;
  return 'Not Found';
}

/** 422 by field; an update of a project that does not exist is a 404. */
function invalid({ errors }: Problem): ErrorAnswer {
  const unknownProject = errors.find(({ code }) => code === 'reference');
  if (unknownProject) return failure(404, `Project with id ${unknownProject.params?.id} not found.`);
  return { status: 422, body: { detail: pydanticErrors(errors.map(inOwnWords)) } };
}

/** The rules of the original's own. */
function inOwnWords(error: FieldError): FieldError {
  if (error.code === 'minProperties')
    return { pointer: '/title', code: 'required', message: 'this field is required', in: 'body' };
  const isForm = error.pointer === '/username' && ['pattern', 'min_length'].includes(error.code);
  return isForm ? { ...error, code: 'value', message: 'username must be an alphanumeric' } : error;
}
