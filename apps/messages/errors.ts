import {
  type ErrorAnswer,
  type FailedRequest,
  type FieldError,
  isNullError,
  type Problem,
} from 'trestle/contract';

const BAD_ACCESS_TOKEN = {
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
};
const BAD_REFRESH_TOKEN = { detail: 'Token is invalid or expired', code: 'token_not_valid' };

/** Django REST framework's words, which the clients of the original read. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const { headers } = problem;
  switch (problem.code) {
    case 'unauthenticated':
      return { status: 401, body: { detail: 'Authentication credentials were not provided.' }, headers };
    case 'invalid_credentials':
      return { status: 401, body: { detail: 'No active account found with the given credentials' }, headers };
    case 'invalid_token':
    case 'invalid_key':
      return {
        status: 401,
        body: request.route?.options.can ? BAD_ACCESS_TOKEN : BAD_REFRESH_TOKEN,
        headers,
      };
    case 'forbidden':
      return { status: 403, body: { detail: 'You do not have permission to perform this action.' }, headers };
    case 'not_found':
      return { status: 404, body: notFound(request), headers };
    case 'method_not_allowed':
      return { status: 405, body: { detail: `Method "${request.method}" not allowed.` }, headers };
    case 'invalid':
      if (problem.errors.some((error) => error.in === 'path'))
        return { status: 404, body: notFound(request) };
      return { status: 400, body: byField(problem.errors, request), headers };
    case 'conflict':
      return { status: 400, body: byField(problem.errors, request), headers };
    default:
      return { status: problem.status, body: { detail: problem.detail }, headers };
  }
}

function notFound({ method, route }: FailedRequest): object {
  const readsOne = route?.path === '/api/messages/:id' && (method === 'GET' || method === 'HEAD');
  return readsOne ? { error: 'Message not found!' } : { detail: 'Not found.' };
}

function byField(list: readonly FieldError[], request: FailedRequest): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const error of list) {
    const name = error.pointer.replace(/^\//, '') || 'non_field_errors';
    fields[name] = [...(fields[name] ?? []), words(error, request)];
  }
  return fields;
}

const BAD_USERNAME =
  'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.';

function words(error: FieldError, { method }: FailedRequest): string {
  const { code, pointer, params, message } = error;
  if (isNullError(error) || (code === 'required' && method === 'PATCH')) return 'This field may not be null.';
  if (code === 'required') return 'This field is required.';
  if (code === 'min_length') return 'This field may not be blank.';
  if (code === 'taken' && pointer === '/username') return 'A user with that username already exists.';
  if (pointer === '/username' && (code === 'pattern' || code === 'max_length')) return BAD_USERNAME;
  if (code === 'max_length') return `Ensure this field has no more than ${params?.limit} characters.`;
  if (code === 'type' && params?.type === 'string') return 'Not a valid string.';
  if (code === 'type' && params?.type === 'integer') return 'A valid integer is required.';
  if (code === 'type' && params?.type === 'object') return 'Invalid data. Expected a dictionary.';
  return message;
}
