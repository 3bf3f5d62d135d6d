import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { type FieldError, Problem } from '../../problems.ts';
import { bodyProblem, compileSchema, isObject, kindOf, summary } from '../../rows/validate.ts';
import { exactNumber } from '../../schema/fields/number.ts';
import type { Route } from '../../schema/routes/route.ts';
import { FORM_TYPE, MULTIPART_TYPE, parseJsonText } from './bodies.ts';

/** Path, query and body of a request, as the schemas of its route say. */
export interface Input {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** Reads and checks one request's input. Throws `Problem`. */
export type InputReader = (request: FastifyRequest) => Input;

/** Brings one part to its schema, and adds what is wrong with it to the errors. */
type Reader = (given: unknown, errors: FieldError[]) => unknown;
type BodyReader = (request: FastifyRequest, errors: FieldError[]) => unknown;

/**
 * Input as contracts take it: members and parameters that are not named are left out, as the originals did, and all that
 * is wrong with path, query and body comes in one `invalid` problem.
 */
export function contractInput({ method, options }: Route): InputReader {
  const { params, query, body, checkQuery = true, bodyRequired = method !== 'DELETE' } = options;
  const readPath = stringsReader(params, 'path', true);
  const readQuery = stringsReader(query, 'query', checkQuery);
  const readBody = body ? bodyReader(body, options, true) : () => ({});
  // Where an empty body lacks something, it is read as one, so that the answer names what is missing.
  const refusesNone = body && bodyRequired && compileSchema(body)({}).length === 0;
  return (request) => {
    if (refusesNone && request.body === undefined) throw missingBody();
    const errors: FieldError[] = [];
    const input = {
      params: readPath(request.params, errors),
      query: readQuery(request.query, errors),
      body: readBody(request, errors),
    };
    if (errors.length > 0) throw new Problem('invalid', { errors, detail: summary(errors) });
    return input;
  };
}

/**
 * Input as the uniform API takes it: a parameter or member that is not named, or that comes twice, is refused with the
 * names that are; an id that no row can have is `not_found`, like one that no row has.
 */
export function uniformInput({ options }: Route): InputReader {
  const { params, body, checkQuery = true, bodyRequired = true } = options;
  const query = checkQuery ? options.query : undefined;
  const readPath = params && stringsReader(params, 'path', true);
  const readQuery = query && stringsReader(query, 'query', true);
  const readBody = body && bodyReader(body, options, false);
  const allowed = namesOf(query);
  const queryOf = (given: unknown): unknown => {
    refuseUnknown(given, allowed);
    const errors: FieldError[] = [];
    const read = readQuery ? readQuery(given, errors) : {};
    if (errors.length > 0) throw new Problem('invalid_query', { errors, detail: summary(errors) });
    return read;
  };
  // Most requests have no query: what that comes to is known already, unless a parameter has to be given.
  const { required = [] } = (query ?? {}) as Outline;
  const none = checkQuery && required.length === 0 ? queryOf({}) : undefined;
  return (request) => {
    const errors: FieldError[] = [];
    const path = readPath ? readPath(request.params, errors) : {};
    if (errors.length > 0) throw new Problem('not_found');
    let search = none;
    if (!checkQuery) search = request.query;
    else if (!search || request.url.includes('?')) search = queryOf(request.query);
    if (!readBody) return { params: path, query: search, body: request.body };
    if (bodyRequired && request.body === undefined) throw missingBody();
    const content = readBody(request, errors);
    if (errors.length > 0) throw bodyProblem(errors, namesOf(body));
    return { params: path, query: search, body: content };
  };
}

function missingBody(): Problem {
  const error = { pointer: '', code: 'required', message: 'a body is required', in: 'body' } as const;
  return new Problem('malformed', {
    detail: 'The request has no body; {} is an empty one.',
    errors: [error],
  });
}

/** Throws for parameters that are not among the allowed ones, or that come more than once. */
export function refuseUnknown(query: unknown, allowed: readonly string[]): void {
  // The router's queries are objects always.
  for (const [name, value] of Object.entries(query ?? {})) {
    if (!allowed.includes(name)) {
      const message =
        allowed.length > 0 ? `the parameters are ${allowed.join(', ')}` : 'there are no parameters';
      const error = { pointer: name, code: 'unknown', message, params: { allowed }, in: 'query' } as const;
      throw new Problem('unknown_parameter', {
        detail: `Unknown parameter '${name}': ${message}.`,
        errors: [error],
      });
    }
    if (Array.isArray(value)) throw invalidParameter(name, 'repeated', 'give this parameter once');
  }
}

/** `invalid_query` for one parameter. */
export function invalidParameter(name: string, code: string, message: string): Problem {
  const error: FieldError = { pointer: name, code, message, in: 'query' };
  return new Problem('invalid_query', { detail: `${name}: ${message}.`, errors: [error] });
}

function namesOf(schema: TSchema | undefined): string[] {
  const properties = schema && 'properties' in schema ? schema.properties : undefined;
  return isObject(properties) ? Object.keys(properties) : [];
}

/** Reads a path or a query, which are made of strings. */
function stringsReader(schema: TSchema | undefined, part: 'path' | 'query', checked: boolean): Reader {
  if (!schema) return () => ({});
  if (!checked) return (given) => given;
  const coerce = compileCoerce(schema, { strings: true, dropUnknown: true });
  const check = compileSchema(schema);
  return (given, errors) => {
    const value = coerce(given ?? {});
    for (const error of check(value)) errors.push({ ...error, pointer: error.pointer.slice(1), in: part });
    return value;
  };
}

/**
 * Reads the body. None at all counts as an empty one, so that what is missing is named. A body that the route checks itself is
 * still an object where its schema says so: no code is handed a null that its types deny.
 */
function bodyReader(schema: TSchema, options: Route['options'], dropUnknown: boolean): BodyReader {
  const { checkBody = true, coerce = false } = options;
  const fromStrings = compileCoerce(schema, { strings: true, dropUnknown });
  const fromJson = compileCoerce(schema, { strings: coerce && 'scalars', dropUnknown });
  const check = checkBody && compileSchema(schema);
  const mustBeObject = !checkBody && 'properties' in schema;
  return (request, errors) => {
    const type = request.headers['content-type']?.toLowerCase() ?? '';
    const isForm = type.startsWith(FORM_TYPE) || type.startsWith(MULTIPART_TYPE);
    const body = request.body === undefined ? {} : request.body;
    const coerceBody = isForm ? fromStrings : fromJson;
    const value = coerceBody === same ? body : coerceBody(body);
    if (check) for (const error of check(value)) errors.push({ in: 'body', ...error });
    if (mustBeObject && !isObject(value)) {
      const message = `expected an object, got ${kindOf(value)}`;
      errors.push({ in: 'body', pointer: '', code: 'type', message, params: { type: 'object' } });
    }
    return value;
  };
}

/** Where a value comes from: JSON has types of its own; a form, a query and a path have strings alone. */
interface CoerceOptions {
  /** Turn strings into the numbers, booleans and arrays that the schema says: all of them, or numbers and booleans alone. */
  strings: boolean | 'scalars';
  /** Leave out members that the schema does not name, at every depth. */
  dropUnknown: boolean;
}

type Coerce = (value: unknown) => unknown;

/** The members of a JSON Schema that decide the type of a value. */
interface Outline {
  type?: string;
  properties?: Readonly<Record<string, TSchema>>;
  required?: readonly string[];
  items?: TSchema;
  anyOf?: readonly TSchema[];
  'x-trim'?: boolean;
}

/**
 * Compiles what brings a value towards its schema. It never fails: what cannot be turned stays as it came, and the check
 * that follows says what is wrong with it.
 */
function compileCoerce(schema: TSchema, options: CoerceOptions): Coerce {
  const outline = schema as Outline;
  if (outline.anyOf) {
    // Null aside, the first type that takes a string; in a form an empty string is null where null is one of the types.
    const coercions = outline.anyOf
      .filter((type) => (type as Outline).type !== 'null')
      .map((type) => compileCoerce(type, options));
    const isNullable = coercions.length < outline.anyOf.length;
    const isString = outline.anyOf.some((type) => (type as Outline).type === 'string');
    return (value) => {
      if (options.strings === true && isNullable && !isString && last(value) === '') return null;
      for (const coerce of coercions) {
        const coerced = coerce(value);
        if (coerced !== value) return coerced;
      }
      return value;
    };
  }
  const scalar = (coerce: Coerce): Coerce => {
    if (options.strings !== 'scalars') return options.strings ? coerce : same;
    return (value) => (typeof value === 'string' ? coerce(value) : value);
  };
  switch (outline.type) {
    case 'object':
      return outline.properties ? coerceObject(outline, options) : same;
    case 'array':
      return outline.items ? coerceArray(outline.items, options) : same;
    case 'integer':
      // Integers beyond 2^53 stay strings: they would not be the number that was meant.
      return scalar((value) => {
        const text = Array.isArray(value) ? value.at(-1) : value;
        if (typeof text !== 'string' || !/^[+-]?\d{1,16}$/.test(text)) return text;
        const integer = Number(text);
        return Number.isSafeInteger(integer) ? integer : text;
      });
    case 'number':
      return scalar((value) => {
        const text = last(value);
        if (typeof text !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text;
        const plain = text
          .replace(/^\+/, '')
          .replace(/^(-?)\./, '$10.')
          .replace(/\.(?=$|[eE])/, '');
        return exactNumber(plain) ?? text;
      });
    case 'boolean':
      return scalar((value) => {
        const text = last(value);
        return typeof text === 'string' ? (BOOLEANS.get(text.toLowerCase()) ?? text) : text;
      });
    case 'string':
      if (outline['x-trim']) return options.strings === true ? (value) => trimmed(last(value)) : trimmed;
      return options.strings === true ? last : same;
    default:
      return same;
  }
}

const same: Coerce = (value) => value;

const trimmed: Coerce = (value) => (typeof value === 'string' ? value.trim() : value);

/** Of a repeated parameter the last counts, as in the frameworks the contracts come from. */
const last: Coerce = (value) => (Array.isArray(value) ? value.at(-1) : value);

/** In a form and a query of a contract, an empty string is no number and no boolean: a member that may be left out is. */
function coerceObject({ properties = {}, required = [] }: Outline, options: CoerceOptions): Coerce {
  const dropEmpty = options.strings === true && options.dropUnknown;
  const members = Object.entries(properties).map(([name, schema]) => {
    const isScalar = ['integer', 'number', 'boolean'].includes((schema as Outline).type ?? '');
    return {
      name,
      coerce: compileCoerce(schema, options),
      mayBeEmpty: dropEmpty && isScalar && !required.includes(name),
    };
  });
  if (!options.strings && !options.dropUnknown && members.every(({ coerce }) => coerce === same)) return same;
  return (value) => {
    const given = options.strings === true && !isObject(value) ? parsed(last(value), '{') : value;
    if (!isObject(given)) return given;
    const result: Record<string, unknown> = options.dropUnknown ? {} : { ...given };
    for (const { name, coerce, mayBeEmpty } of members) {
      if (!Object.hasOwn(given, name) || (mayBeEmpty && given[name] === '')) continue;
      result[name] = coerce === same ? given[name] : coerce(given[name]);
    }
    return result;
  };
}

/** In a form an array is a repeated name, or one JSON text. */
function coerceArray(items: TSchema, options: CoerceOptions): Coerce {
  const coerce = compileCoerce(items, options);
  return (value) => {
    const given = options.strings === true ? parsed(value, '[') : value;
    if (Array.isArray(given)) return given.map(coerce);
    return options.strings === true && typeof given === 'string' ? [coerce(given)] : given;
  };
}

function parsed(text: unknown, opening: '{' | '['): unknown {
  if (typeof text !== 'string' || !text.trimStart().startsWith(opening)) return text;
  try {
    return parseJsonText(text);
  } catch {
    return text;
  }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes', 't', 'y'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no', 'f', 'n'].map((word) => [word, false] as const),
]);
