import type { ErrorAnswer, FailedRequest, FieldError, Problem } from 'trestle';

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
      return failure(404, whatIsMissing(problem, request));
    case 'method_not_allowed':
      return failure(405, 'Method Not Allowed');
    case 'invalid':
      return invalid(problem);
    default:
      return failure(problem.status, problem.detail);
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

function whatIsMissing({ data }: Problem, { route, params }: FailedRequest): string {
  if (route?.path === '/users/:id') return `Couldn't find user of id ${params.id}.`;
  if (data.resource === 'projects') return `Project with id ${data.id} not found.`;
  if (data.resource === 'updates') return `Update with id ${data.id} not found.`;
  return 'Not Found';
}

/** 422 by field; an update for a project that does not exist is a 404. */
function invalid({ errors }: Problem): ErrorAnswer {
  const unknownProject = errors.find(({ code }) => code === 'reference');
  if (unknownProject) return failure(404, `Project with id ${unknownProject.params?.id} not found.`);
  return { status: 422, body: { detail: errors.map(wrong) } };
}

function wrong(error: FieldError): { loc: (string | number)[]; msg: string; type: string } {
  const part = error.in ?? 'body';
  const pointer = error.pointer.split('/').filter((step) => step !== '');
  const loc = pointer.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  const [type, msg] = words(error);
  return { loc: [part, ...loc], msg, type };
}

const KINDS: Readonly<Record<string, readonly [type: string, kind: string]>> = {
  string: ['string_type', 'string'],
  integer: ['int_type', 'integer'],
  boolean: ['bool_type', 'boolean'],
  array: ['list_type', 'list'],
  object: ['model_attributes_type', 'dictionary'],
};

/** Pydantic's name of an error, and its message. */
function words({ code, message, params = {} }: FieldError): [type: string, msg: string] {
  const limit = String(params.limit);
  const kind = KINDS[String(params.type)];
  if (code === 'required') return ['missing', 'Field required'];
  if (code === 'type' && kind) return [kind[0], `Input should be a valid ${kind[1]}`];
  if (code === 'minimum') return ['greater_than_equal', `Input should be greater than or equal to ${limit}`];
  if (code === 'maximum') return ['less_than_equal', `Input should be less than or equal to ${limit}`];
  if (code === 'min_length') return ['string_too_short', `String should have at least ${limit} characters`];
  if (code === 'max_length') return ['string_too_long', `String should have at most ${limit} characters`];
  return [code, message];
}
