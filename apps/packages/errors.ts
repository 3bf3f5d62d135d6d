import {
  type ErrorAnswer,
  type FailedRequest,
  type FieldError,
  type Problem,
  pydanticErrors,
} from 'trestle/contract';

const NO_SECRET = 'secret_key must be passed as a header field';
const NO_KEY = 'An API key must be passed as query or header';
const BAD_KEY = 'Wrong, revoked, or expired API key.';
const UNREADABLE_DATE = 'The expiration date could not be parsed. Please use ISO 8601.';

/** FastAPI's words and shapes, and those of its library for keys, which the clients of the original read. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const ofKeys = request.route?.path.startsWith('/auth/') ?? false;
  switch (problem.code) {
    case 'unauthenticated':
      return failure(403, ofKeys ? NO_SECRET : NO_KEY);
    case 'invalid_token':
      return failure(403, ofKeys ? 'Wrong secret key.' : BAD_KEY);
    case 'invalid_key':
      return failure(403, BAD_KEY);
    case 'not_found':
      return failure(404, notFound(problem, request));
    case 'method_not_allowed':
      return { ...failure(405, 'Method Not Allowed'), headers: problem.headers };
    case 'invalid':
      return invalid(problem, request);
    default:
      return { ...failure(problem.status, problem.detail), headers: problem.headers };
  }
}

function failure(status: number, detail: string): ErrorAnswer {
  return { status, body: { detail } };
}

function notFound({ data, detail }: Problem, { route }: FailedRequest): string {
  if (data.resource === 'packages') return `Package with ID ${data.id} not found.`;
  if (data.resource === 'operations') return `Operation with ID ${data.id} not found.`;
  if (data.resource === 'keys') return 'API key not found';
  return route ? detail : 'Not Found';
}

const TEXTS: Readonly<Record<string, string>> = {
  '/name': 'Invalid name.',
  '/version': 'Invalid version.',
  '/source': 'Invalid source.',
  '/sha256': 'Invalid sha256.',
};

/** 400 for strings that are too short or too long and for an unknown status, as the original; 422 for the rest. */
function invalid(problem: Problem, { route }: FailedRequest): ErrorAnswer {
  if (route?.path.startsWith('/auth/')) return invalidParameters(problem);
  const { errors } = problem;
  const wrongTypes = errors.filter((error) => error.in !== undefined || !isText(error));
  const status = errors.find(({ pointer, code }) => pointer === '/status_id' && code === 'reference');
  if (status) return failure(400, `Status identifier ${status.params?.id} of the package, invalid.`);
  const text =
    route && Object.keys(TEXTS).find((pointer) => errors.some((error) => error.pointer === pointer));
  if (wrongTypes.length === 0 && text) return failure(400, TEXTS[text] ?? '');
  return { status: 422, body: { detail: pydanticErrors(errors) } };
}

/** Key management is all in the query; what the service refuses of it is named so too. */
function invalidParameters({ errors }: Problem): ErrorAnswer {
  const detail = pydanticErrors(errors.map((error) => ({ ...error, in: 'query' })));
  const isExpiry = errors.some(({ pointer }) => pointer === '/expires_at');
  return { status: 422, body: { detail: isExpiry ? UNREADABLE_DATE : detail } };
}

function isText({ code, pointer }: FieldError): boolean {
  return pointer in TEXTS && code !== 'required' && code !== 'type';
}
