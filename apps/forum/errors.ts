import type { ErrorAnswer, FailedRequest, FieldError, Problem } from 'trestle';

/** The original's words. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const { headers } = problem;
  // An id that is no number is one that no row has.
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

/** The first thing that is wrong, in the order in which the fields stand in the document. */
function invalid(list: readonly FieldError[], { route }: FailedRequest): string {
  const ofArticle = route?.path.startsWith('/articles') ?? false;
  for (const name of ofArticle ? ['title', 'text'] : ['username', 'password']) {
    const error = list.find(({ pointer }) => pointer === `/${name}`);
    if (!error) continue;
    const missing = error.code === 'required' || error.message.endsWith('got null');
    if (ofArticle)
      return missing || error.code === 'min_length'
        ? `Article ${name} is missing`
        : `Bad article ${name} format`;
    return missing ? `${capital(name)} is missing` : `Bad ${name} format`;
  }
  return list.map(({ pointer, message }) => `${pointer || 'body'}: ${message}`).join('; ');
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
