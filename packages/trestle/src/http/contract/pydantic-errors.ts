import { type FieldError, isNullError } from '../../problems.ts';

/** One error as Pydantic 1, and so FastAPI until 0.99, has it. */
export interface PydanticError {
  /** The part of the request, then the path inside it. */
  loc: (string | number)[];
  /** For people: what is wrong. */
  msg: string;
  /** Stable: the kind of mistake, such as `value_error.missing`. */
  type: string;
}

/**
 * Errors in the form of FastAPI's 422 answers, in the words of Pydantic 1, for contracts with such clients.
 *
 * @example
 * const body = { detail: pydanticErrors(problem.errors) };
 * // { detail: [{ loc: ['body', 'title'], msg: 'field required', type: 'value_error.missing' }] }
 */
export function pydanticErrors(errors: readonly FieldError[]): PydanticError[] {
  return errors.map((error) => {
    const steps = error.pointer.split('/').filter((step) => step !== '');
    const loc = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    const [type, msg] = typeAndMessage(error);
    return { loc: [error.in ?? 'body', ...loc], msg, type };
  });
}

const TYPE_ERRORS: Readonly<Record<string, readonly [type: string, msg: string]>> = {
  string: ['type_error.str', 'str type expected'],
  integer: ['type_error.integer', 'value is not a valid integer'],
  number: ['type_error.float', 'value is not a valid float'],
  boolean: ['type_error.bool', 'value could not be parsed to a boolean'],
  array: ['type_error.list', 'value is not a valid list'],
  object: ['type_error.dict', 'value is not a valid dict'],
};

function typeAndMessage(error: FieldError): readonly [type: string, msg: string] {
  const { code, message, params = {} } = error;
  const limit = String(params.limit);
  // FastAPI takes a body of null for none.
  const isMissing = code === 'required' || (error.pointer === '' && isNullError(error));
  if (isMissing) return ['value_error.missing', 'field required'];
  switch (code) {
    case 'type':
      if (isNullError(error)) return ['type_error.none.not_allowed', 'none is not an allowed value'];
      return TYPE_ERRORS[String(params.type)] ?? ['type_error', message];
    case 'minimum':
      return ['value_error.number.not_ge', `ensure this value is greater than or equal to ${limit}`];
    case 'maximum':
      return ['value_error.number.not_le', `ensure this value is less than or equal to ${limit}`];
    case 'min_length':
      return ['value_error.any_str.min_length', `ensure this value has at least ${limit} characters`];
    case 'max_length':
      return ['value_error.any_str.max_length', `ensure this value has at most ${limit} characters`];
    case 'min_items':
      return ['value_error.list.min_items', `ensure this value has at least ${limit} items`];
    case 'max_items':
      return ['value_error.list.max_items', `ensure this value has at most ${limit} items`];
    default:
      return ['value_error', message];
  }
}
