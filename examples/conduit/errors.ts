import type { ErrorAnswer, FailedRequest, FieldError, Problem } from 'trestle/contract';

const WORDS: Partial<Record<Problem['code'], readonly [of: string, word: string]>> = {
  unauthenticated: ['token', 'is missing'],
  invalid_token: ['token', 'is invalid'],
  invalid_key: ['token', 'is invalid'],
  invalid_credentials: ['credentials', 'invalid'],
};
const ASKED: Partial<Record<Problem['code'], string>> = { forbidden: 'forbidden', not_found: 'not found' };

/** The words of the public specification: for each field, or for what was asked for, what is wrong with it. */
export function errors(problem: Problem, { route }: FailedRequest): ErrorAnswer {
  const { status, code, detail, data, headers } = problem;
  const asked = String(data.asked ?? (route?.path.endsWith('/:id') ? 'comment' : 'article'));
  const isInput = status === 400 || status === 409 || status === 422;
  const fields = Object.groupBy(problem.errors, ({ pointer }) => pointer.split('/').at(-1) || 'body');
  const [of, word] = WORDS[code] ?? (ASKED[code] ? [asked, ASKED[code]] : ['body', detail]);
  const said = isInput ? Object.entries(fields).map(([name, list = []]) => [name, list.map(wordsOf)]) : [];
  const body = { errors: said.length > 0 ? Object.fromEntries(said) : { [of]: [word] } };
  return { status: isInput ? 422 : status, body, headers };
}

function wordsOf({ code, message }: FieldError): string {
  if (code === 'taken') return 'has already been taken';
  return code === 'required' || code === 'min_length' || message.endsWith('got null')
    ? "can't be blank"
    : message;
}
