import {
  type ErrorAnswer,
  type FailedRequest,
  type FieldError,
  isNullError,
  type Problem,
} from 'trestle/contract';

/** The original's words. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const { headers } = problem;
  // What is no number is the id of no row.
  const noSuchRow = problem.errors.some((error) => error.in === 'path');
  if (noSuchRow) return { status: 404, body: { error: notFound(problem, request) }, headers };
  const status = problem.code === 'invalid' ? 400 : problem.status;
  return { status, body: { error: words(problem, request) }, headers };
}

function words(problem: Problem, request: FailedRequest): string {
  switch (problem.code) {
    case 'unauthenticated':
      return 'Access-token is missing. Log in, please';
    case 'invalid_token':
    case 'invalid_key':
      return 'Invalid access-token. Log in please';
    case 'invalid_credentials':
      return 'Uncorrect username or/and password';
    case 'conflict':
      return 'User with such username already exists';
    case 'forbidden':
      return `You can ${request.method === 'DELETE' ? 'delete' : 'edit'} only own article`;
    case 'not_found':
      return notFound(problem, request);
    case 'invalid':
      return invalid(problem.errors, request);
    default:
      return problem.detail;
  }
}

function notFound(problem: Problem, { route, params }: FailedRequest): string {
  const kind = route?.path.startsWith('/users') ? 'User' : 'Article';
  return params.id === undefined ? problem.detail : `${kind} with id=${params.id} was not found`;
}

/** The first error, in the order in which the document has the fields. */
function invalid(list: readonly FieldError[], { route }: FailedRequest): string {
  const isArticle = route?.path.startsWith('/articles') ?? false;
  const isNoObject = list.some(({ pointer }) => pointer === '');
  for (const name of isArticle ? ['title', 'text'] : ['username', 'password']) {
    const field = isArticle ? `Article ${name}` : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const error = list.find(({ pointer }) => pointer === `/${name}`);
    if (isNoObject || (error && isMissing(error))) return `${field} is missing`;
    if (error && isArticle && error.code === 'max_length') return `${field} is too long`;
    if (error) return isArticle ? `Bad article ${name} format` : `Bad ${name} format`;
  }
  return list.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ');
}

/** An empty field is a missing one. */
function isMissing(error: FieldError): boolean {
  const isEmpty = error.code === 'min_length' && error.params?.limit === 1;
  return error.code === 'required' || isEmpty || isNullError(error);
}
