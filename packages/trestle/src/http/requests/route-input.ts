import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { type FieldError, Problem } from '../../problems.ts';
import { compileSchema, kindOf } from '../../rows/validate.ts';
import type { Route } from '../../schema/contract.ts';
import { FORM_TYPE, MULTIPART_TYPE } from './bodies.ts';
import { type Coerce, compileCoerce, isRecord } from './coerce.ts';

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
  const { params, query, body, checkQuery = true, bodyRequired = true } = options;
  const readPath = stringsReader(params, 'path', true);
  const readQuery = stringsReader(query, 'query', true);
  const readBody = body && bodyReader(body, options, false);
  const allowed = namesOf(query);
  return (request) => {
    const errors: FieldError[] = [];
    const path = readPath(request.params, errors);
    if (errors.length > 0) throw new Problem('not_found');
    if (checkQuery) refuseUnknown(request.query, allowed);
    const search = checkQuery ? readQuery(request.query, errors) : request.query;
    if (errors.length > 0) throw new Problem('invalid_query', { errors, detail: summary(errors) });
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
  if (!isRecord(query)) return;
  for (const [name, value] of Object.entries(query)) {
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

function bodyProblem(errors: readonly FieldError[], allowed: readonly string[]): Problem {
  const unknown = errors.filter((error) => error.code === 'unknown').map(({ pointer }) => pointer.slice(1));
  if (unknown.length === 0) return new Problem('invalid', { errors, detail: summary(errors) });
  const detail = `Unknown field: ${unknown.join(', ')}. Fields: ${allowed.join(', ')}.`;
  return new Problem('unknown_field', { errors, detail });
}

function summary(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join('; ');
}

function namesOf(schema: TSchema | undefined): string[] {
  const properties = schema && 'properties' in schema ? schema.properties : undefined;
  return isRecord(properties) ? Object.keys(properties) : [];
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
  const check = checkBody ? compileSchema(schema) : 'properties' in schema ? checkRecord : undefined;
  return (request, errors) => {
    const coerceBody: Coerce = isForm(request.headers['content-type']) ? fromStrings : fromJson;
    const value = coerceBody(request.body === undefined ? {} : request.body);
    if (check) for (const error of check(value)) errors.push({ in: 'body', ...error });
    return value;
  };
}

function isForm(type: string | undefined): boolean {
  if (type === undefined || type.startsWith('application/json')) return false;
  const lower = type.toLowerCase();
  return lower.startsWith(FORM_TYPE) || lower.startsWith(MULTIPART_TYPE);
}

function checkRecord(value: unknown): FieldError[] {
  if (isRecord(value)) return [];
  const message = `expected an object, got ${kindOf(value)}`;
  return [{ pointer: '', code: 'type', message, params: { type: 'object' } }];
}
