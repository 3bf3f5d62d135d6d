import type { ErrorAnswer, FailedRequest, FieldError, Problem } from 'trestle/contract';

export const SAYS = {
  noUsername: 'Oops! You forgot to add a username after! Please specify a username and try again!',
  noNumber: 'Oops! You forgot to add a number after! Please specify a number and try again!',
  taken: 'The username you are trying to register has been already used!',
  noKey: 'You are not authenticated! Please add an authentication key to the header and try again!',
  noRecord: 'The record does not exist! Please try a different record number!',
  empty: 'Please populate atleast one field into the record and try again!',
} as const;

/** The body of every failure. */
export function failed(message: string): { status: 'failed'; message: string } {
  return { status: 'failed', message };
}

/** The original's words with true HTTP statuses. */
export function errors(problem: Problem, request: FailedRequest): ErrorAnswer {
  const { headers } = problem;
  switch (problem.code) {
    case 'unauthenticated':
    case 'invalid_token':
    case 'invalid_key':
      return { status: 401, body: failed(SAYS.noKey), headers };
    case 'conflict':
      return { status: 409, body: failed(SAYS.taken), headers };
    case 'not_found':
      return { status: 404, body: failed(problem.data.resource ? SAYS.noRecord : problem.detail), headers };
    case 'malformed':
      // With an error in it, there is no body at all.
      return { status: 400, body: failed(problem.errors.length > 0 ? SAYS.empty : problem.detail), headers };
    case 'invalid':
      if (isBeyondIds(problem.errors, request)) return { status: 404, body: failed(SAYS.noRecord), headers };
      return { status: 400, body: failed(invalid(problem.errors)), headers };
    default:
      return { status: problem.status, body: failed(problem.detail), headers };
  }
}

/** A number that no id can be is still a number, of a record that does not exist. */
function isBeyondIds(list: readonly FieldError[], { params }: FailedRequest): boolean {
  return list.some((error) => error.in === 'path') && /^[+-]?\d+$/.test(params.record_id ?? '');
}

function invalid(list: readonly FieldError[]): string {
  if (list.some((error) => error.in === 'path' && error.pointer === 'record_id')) return SAYS.noNumber;
  if (list.some((error) => error.code === 'at_least_one')) return SAYS.empty;
  return list.map(words).join(' ');
}

/** The document's names of types. */
const TYPES: Readonly<Record<string, string>> = { string: 'STRING', number: 'FLOAT', boolean: 'BOOLEAN' };

function words({ pointer, code, params, message }: FieldError): string {
  const field = pointer.replace(/^\//, '');
  if (field === '') return 'The body must be an object of fields.';
  const type = TYPES[String(params?.type)];
  if (code === 'type' && type) return `The field ${field} takes a ${type}: ${message}.`;
  return `The field ${field} is not valid: ${message}.`;
}
