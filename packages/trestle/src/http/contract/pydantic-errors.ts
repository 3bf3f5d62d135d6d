import type { FieldError } from '../../problems.ts';

/** One error as Pydantic, and so FastAPI, has it. */
export interface PydanticError {
  /** Where: the part of the request, then the path inside it. */
  loc: (string | number)[];
  msg: string;
  type: string;
}

/**
 * Errors in the form of FastAPI's 422 answers (`{"detail": [{"loc": ["body", "title"], "msg": …, "type": …}]}`), for
 * contracts whose clients were written for one.
 */
export function pydanticErrors(errors: readonly FieldError[]): PydanticError[] {
  return errors.map(pydanticError);
}

function pydanticError(error: FieldError): PydanticError {
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
