import type { FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { type FieldError, Problem } from '../../problems.ts';
import { compileSchema } from '../../rows/validate.ts';
import type { Route } from '../../schema/contract.ts';
import { isRecord, shapeOf } from './standard-json.ts';

/** What a route's code is given of a request. */
export interface Input {
  params: unknown;
  query: unknown;
  body: unknown;
}

/** Reads and checks one request's input. Throws `Problem`. */
export type InputReader = (request: FastifyRequest) => Input;

/** Brings one part to its shape, and adds what is wrong with it to the errors. */
type Reader = (given: unknown, errors: FieldError[]) => unknown;
type BodyReader = (request: FastifyRequest, errors: FieldError[]) => unknown;

const FORM = 'application/x-www-form-urlencoded';

/**
 * Input as contracts take it: members and parameters that are not named are left out, as the originals did, and all that
 * is wrong with path, query and body comes in one `invalid` problem.
 */
export function contractInput(route: Route): InputReader {
  const { params, query, body, checkQuery = true, checkBody = true } = route.options;
  const readPath = texts(params, 'path', true);
  const readQuery = texts(query, 'query', checkQuery);
  const readBody = bodies(body, checkBody, true);
  return (request) => {
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
export function uniformInput(route: Route): InputReader {
  const { params, query, body, checkQuery = true, checkBody = true } = route.options;
  const readPath = texts(params, 'path', true);
  const readQuery = texts(query, 'query', true);
  const readBody = bodies(body, checkBody, false);
  const allowed = namesOf(query);
  return (request) => {
    const errors: FieldError[] = [];
    const path = readPath(request.params, errors);
    if (errors.length > 0) throw new Problem('not_found');
    if (checkQuery) refuseUnknown(request.query, allowed);
    const search = checkQuery ? readQuery(request.query, errors) : request.query;
    if (errors.length > 0) throw new Problem('invalid_query', { errors, detail: summary(errors) });
    const content = readBody(request, errors);
    if (errors.length > 0) throw bodyProblem(errors, namesOf(body));
    return { params: path, query: search, body: content };
  };
}

/** Throws for parameters that are not among the allowed ones, or that come more than once. */
export function refuseUnknown(query: unknown, allowed: readonly string[]): void {
  if (!isRecord(query)) return;
  for (const [name, value] of Object.entries(query)) {
    if (!allowed.includes(name)) throw unknownParameter(name, allowed);
    if (Array.isArray(value)) throw invalidParameter(name, 'repeated', 'give this parameter once');
  }
}

/** `unknown_parameter`, naming what is allowed. */
export function unknownParameter(name: string, allowed: readonly string[]): Problem {
  const message =
    allowed.length > 0 ? `the parameters here are ${allowed.join(', ')}` : 'there are no parameters here';
  const error: FieldError = { pointer: name, code: 'unknown', message, params: { allowed }, in: 'query' };
  return new Problem('unknown_parameter', {
    detail: `'${name}' is no parameter here: ${message}.`,
    errors: [error],
  });
}

/** `invalid_query` for one parameter. */
export function invalidParameter(name: string, code: string, message: string): Problem {
  const error: FieldError = { pointer: name, code, message, in: 'query' };
  return new Problem('invalid_query', { detail: `${name}: ${message}.`, errors: [error] });
}

function bodyProblem(errors: readonly FieldError[], allowed: readonly string[]): Problem {
  const unknown = errors.filter((error) => error.code === 'unknown');
  if (unknown.length === 0) return new Problem('invalid', { errors, detail: summary(errors) });
  return new Problem('unknown_field', {
    detail: `The fields here are ${allowed.join(', ')}.`,
    errors: unknown,
  });
}

function summary(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join('; ');
}

function namesOf(schema: TSchema | undefined): string[] {
  const properties = schema && 'properties' in schema ? schema.properties : undefined;
  return isRecord(properties) ? Object.keys(properties) : [];
}

/** A part that is made of texts: a path or a query. */
function texts(schema: TSchema | undefined, part: 'path' | 'query', checked: boolean): Reader {
  if (!schema) return () => ({});
  if (!checked) return (given) => given;
  const shape = shapeOf(schema, { texts: true, dropUnknown: true });
  const check = compileSchema(schema);
  return (given, errors) => {
    const value = shape(given ?? {});
    for (const error of check(value)) errors.push({ ...error, pointer: error.pointer.slice(1), in: part });
    return value;
  };
}

/** The body, JSON or form. None at all counts as an empty one, so that what is missing is named. */
function bodies(schema: TSchema | undefined, checked: boolean, dropUnknown: boolean): BodyReader {
  if (!schema) return (request) => (dropUnknown ? {} : request.body);
  const fromJson = shapeOf(schema, { texts: false, dropUnknown });
  const fromForm = shapeOf(schema, { texts: true, dropUnknown });
  const check = checked ? compileSchema(schema) : undefined;
  return (request, errors) => {
    const isForm = request.headers['content-type']?.toLowerCase().startsWith(FORM) ?? false;
    const given = request.body ?? (request.body === undefined ? {} : null);
    const value = isForm ? fromForm(given) : fromJson(given);
    if (check) for (const error of check(value)) errors.push({ in: 'body', ...error });
    return value;
  };
}
