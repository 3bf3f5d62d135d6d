import type { ErrorAnswer, FailedRequest, FieldError, Problem } from 'trestle';

/** Django REST framework's words, which the clients of the original read. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const { headers } = problem;
  switch (problem.code) {
    case 'unauthenticated':
      return { status: 401, body: { detail: 'Authentication credentials were not provided.' }, headers };
    case 'invalid_credentials':
      return { status: 401, body: { detail: 'No active account found with the given credentials' }, headers };
    case 'invalid_token':
      return { status: 401, body: { detail: tokenDetail(request), code: 'token_not_valid' }, headers };
    case 'not_found':
      return { status: 404, body: notFound(request), headers };
    case 'method_not_allowed':
      return { status: 405, body: { detail: `Method "${request.method}" not allowed.` }, headers };
    case 'invalid':
      if (problem.errors.some((error) => error.in === 'path'))
        return { status: 404, body: notFound(request) };
      return { status: 400, body: byField(problem.errors), headers };
    case 'conflict':
      return { status: 400, body: byField(problem.errors), headers };
    default:
      return { status: problem.status, body: { detail: problem.detail }, headers };
  }
}

function tokenDetail({ path }: FailedRequest): string {
  return path.includes('/auth/token/refresh')
    ? 'Token is invalid or expired'
    : 'Given token not valid for any token type';
}

function notFound({ method, route }: FailedRequest): object {
  const readsOne = route?.path === '/api/messages/:id' && (method === 'GET' || method === 'HEAD');
  return readsOne ? { error: 'Message not found!' } : { detail: 'Not found.' };
}

function byField(list: readonly FieldError[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const error of list) {
    const name = error.pointer.slice(1) || 'non_field_errors';
    fields[name] = [...(fields[name] ?? []), words(error)];
  }
  return fields;
}

function words({ code, pointer, params, message }: FieldError): string {
  const limit = String(params?.limit);
  if (code === 'required') return 'This field is required.';
  if (code === 'min_length') return 'This field may not be blank.';
  if (code === 'max_length') return `Ensure this field has no more than ${limit} characters.`;
  if (code === 'taken' && pointer === '/username') return 'A user with that username already exists.';
  if (code === 'type' && params?.type === 'string')
    return message.endsWith('got null') ? 'This field may not be null.' : 'Not a valid string.';
  if (code === 'type' && params?.type === 'integer') return 'A valid integer is required.';
  if (code === 'type' && params?.type === 'object') return 'Invalid data. Expected a dictionary.';
  return message;
}
