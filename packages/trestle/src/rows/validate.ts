import type { TSchema } from 'typebox';
import { Compile } from 'typebox/schema';
import { instantNow } from '../clock.ts';
import { type FieldError, Problem } from '../problems.ts';
import { accountOf, type Caller } from '../schema/caller.ts';
import { completeValue } from '../schema/field.ts';
import type { Write } from '../schema/field-type.ts';
import type { Id, RowId } from '../schema/id.ts';
import type { Model, ModelField, Projection, Row } from './model.ts';
import type { Edit } from './relations/settable.ts';

type Values = Readonly<Record<string, unknown>>;

/** Returns the errors of a value; an empty array for a valid one. */
export type Check = (value: unknown) => FieldError[];

interface SchemaError {
  keyword: string;
  schemaPath: string;
  instancePath: string;
  params: object;
  message: string;
}

/**
 * Compiles a schema into a check. This is the one place that turns schema errors into ours.
 * The first value compiles it: most of the engine's own tables are never given one.
 */
export function compileSchema(schema: TSchema): Check {
  let validator: ReturnType<typeof Compile> | undefined;
  return (value) => {
    validator ??= Compile(schema);
    if (validator.Check(value)) return [];
    const found = new Map<string, FieldError>();
    const [, errors] = validator.Errors(value);
    for (const error of errors) {
      for (const fieldError of fieldErrors(error, value, schema))
        if (!found.has(fieldError.pointer)) found.set(fieldError.pointer, fieldError);
    }
    // An error of the union itself comes last, and errors beyond a number are left out.
    for (const { schemaPath, instancePath } of errors)
      if (/\/anyOf\/\d+$/.test(schemaPath)) joinBranches(found, instancePath, { errors, value, schema });
    return [...found.values()];
  };
}

/**
 * Joins what the branches of a union say of a value: of one that fits a branch but for what is inside, that alone; of another, all
 * that it could be.
 */
function joinBranches(
  found: Map<string, FieldError>,
  at: string,
  { errors, value, schema }: { errors: readonly SchemaError[]; value: unknown; schema: TSchema },
): void {
  const first = found.get(at);
  if (first?.code !== 'type' && first?.code !== 'const') return;
  if ([...found.keys()].some((pointer) => pointer.startsWith(`${at}/`))) {
    found.delete(at);
    return;
  }
  const kinds = errors.flatMap((error) => {
    const isOfValue = error.instancePath === at && (error.keyword === 'type' || error.keyword === 'const');
    return isOfValue ? fieldErrors(error, value, schema).map(({ params }) => expectation(params)) : [];
  });
  if (kinds.length > 1)
    found.set(at, { ...first, message: `expected ${kinds.join(' or ')}, got ${kindOf(valueAt(value, at))}` });
}

/** The kind or the one value that an error expects. */
function expectation(params: FieldError['params']): string {
  return params && 'allowedValue' in params ? JSON.stringify(params.allowedValue) : a(params?.type);
}

function fieldErrors(error: SchemaError, root: unknown, schema: TSchema): FieldError[] {
  const params = error.params as Readonly<Record<string, unknown>>;
  const at = error.instancePath;
  const own = Object(valueAt(schema, error.schemaPath));
  switch (error.keyword) {
    case 'required':
      return names(params.requiredProperties).map((name) => ({
        pointer: `${at}/${escaped(name)}`,
        code: 'required',
        message: 'this field is required',
      }));
    case 'additionalProperties':
      // Members of any name, of which one does not fit: its own errors say so.
      if (isObject(own.additionalProperties)) return [];
      return names(params.additionalProperties).map((name) => ({
        pointer: `${at}/${escaped(name)}`,
        code: 'unknown',
        message: 'there is no such field',
        // Those of the whole body are in its problem.
        ...(at !== '' && { params: { allowed: Object.keys(own.properties ?? {}) } }),
      }));
    // `anyOf` and `boolean` repeat what their branches say; a null branch only says that null would do.
    case 'anyOf':
    case 'boolean':
      return [];
    case 'const':
    case 'type': {
      // One value alone would do: that says more than its type.
      if (params.type === 'null' || (error.keyword === 'type' && 'const' in own)) return [];
      const text = `expected ${expectation(params)}, got ${kindOf(valueAt(root, at))}`;
      return [single(at, error.keyword, text, params)];
    }
    case 'minimum':
    case 'maximum': {
      const { minimum, maximum } = own;
      const range = error.keyword === 'minimum' ? `${minimum} or more` : `${maximum} or less`;
      // The limits of exact integers are no limits of a field.
      const hasBoth = minimum > Number.MIN_SAFE_INTEGER && maximum < Number.MAX_SAFE_INTEGER;
      const limits = hasBoth ? `${minimum} to ${maximum}` : range;
      return [single(at, error.keyword, `expected ${limits}, got ${String(valueAt(root, at))}`, params)];
    }
    default:
      return [
        single(
          at,
          CODES[error.keyword] ?? error.keyword,
          message(error.keyword, params, error.message, own),
          params,
        ),
      ];
  }
}

function single(
  pointer: string,
  code: string,
  text: string,
  params: Readonly<Record<string, unknown>>,
): FieldError {
  return { pointer, code, message: text, params };
}

const CODES: Readonly<Record<string, string>> = {
  minLength: 'min_length',
  maxLength: 'max_length',
  minItems: 'min_items',
  maxItems: 'max_items',
  '~refine': 'type',
};

function message(
  keyword: string,
  params: Readonly<Record<string, unknown>>,
  otherwise: string,
  schema: Readonly<Record<string, unknown>>,
): string {
  const limit = String(params.limit);
  switch (keyword) {
    case 'minLength':
      return limit === '1' ? 'may not be empty' : `expected at least ${limit} characters`;
    case 'maxLength':
      return `expected at most ${limit} characters`;
    case 'minItems':
      return `expected at least ${limit} items`;
    case 'maxItems':
      return `expected at most ${limit} items`;
    case 'pattern':
    case 'format': {
      // A declaration may give its own message.
      const own = schema['x-message'];
      return typeof own === 'string' ? own : `must match ${String(params.format ?? params.pattern)}`;
    }
    case 'enum':
      return `expected one of ${names(params.allowedValues).join(', ')}`;
    case '~refine':
      return String(params.message);
    default:
      return otherwise;
  }
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
};

function a(type: unknown): string {
  return ARTICLES[String(type)] ?? String(type);
}

/** The type of a value, for error messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'boolean') return String(value);
  return ARTICLES[typeof value] ?? typeof value;
}

function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function names(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The 404 of a row: the same whether it is missing or hidden from the caller. */
export function notFound(model: Model, id: unknown): Problem {
  return new Problem('not_found', {
    detail: `There is no row ${String(id)} in ${model.name}.`,
    data: { resource: model.name, id },
  });
}

/** An id that is written as text: in a path, a token, or a column that ids of every kind share. What cannot be one stays as it is. */
export function idFromText({ type }: Pick<Id, 'type'>, text: string): RowId {
  const id = type.fromText(text, () => undefined);
  return typeof id === 'number' ? id : text;
}

/** Throws `not_found` for what cannot be an id of this resource. */
export function requireId(model: Model, id: RowId): void {
  if (model.checkId(id).length > 0) throw notFound(model, id);
}

/**
 * A body that passed its check. Throws `unknown_field` (naming what is allowed) or `invalid`.
 *
 * @param fields those that its caller may set.
 */
export function checkedBody(
  model: Model,
  given: unknown,
  check: Check,
  { fields }: Pick<Projection, 'fields'> = model,
): Readonly<Record<string, unknown>> {
  const body = model.normalize ? model.normalize(given) : given;
  const errors = check(body);
  if (errors.length > 0) {
    const writable = fields.filter((field) => field.writable).map((field) => field.name);
    throw bodyProblem(errors, writable, model.name);
  }
  if (!isObject(body)) {
    const message = `expected an object, got ${kindOf(body)}`;
    throw bodyProblem([{ pointer: '', code: 'type', message }], []);
  }
  return body;
}

interface BodyRules<T> {
  /** Normalizes members that are strings, before the check. */
  readonly normalize?: Readonly<Record<string, (text: string) => string>>;
  /** Further errors, asked of bodies that fit the schema. */
  readonly further?: (body: T) => FieldError[];
}

/**
 * Compiles a request body that is no row's: its schema for the documentation, and the one check of it, which answers the body
 * normalized and throws `unknown_field` and `invalid`. T is the type that the schema describes.
 */
export function compileBody<T>(
  schema: TSchema,
  { normalize, further }: BodyRules<T> = {},
): { readonly schema: TSchema; check(given: unknown): T } {
  const errorsOf = compileSchema(schema);
  return {
    schema,
    check(given) {
      const normalized =
        normalize && isObject(given)
          ? Object.fromEntries(
              Object.entries(given).map(([name, value]) => [
                name,
                typeof value === 'string' ? (normalize[name]?.(value) ?? value) : value,
              ]),
            )
          : given;
      const errors = errorsOf(normalized);
      // A body without errors has the type that its schema describes.
      const result = normalized as T;
      const all = errors.length > 0 ? errors : (further?.(result) ?? []);
      if (all.length === 0) return result;
      const members = 'properties' in schema ? Object.keys(schema.properties as object) : [];
      throw bodyProblem(all, members);
    },
  };
}

/** Throws `invalid` for a row that does not pass what is declared of several fields: `atLeastOne` and `check`. */
export function requireConsistent(model: Model, row: Readonly<Record<string, unknown>>): void {
  const { atLeastOne } = model.resource;
  if (atLeastOne.length > 0 && atLeastOne.every((name) => row[name] === null || row[name] === undefined))
    throw new Problem('invalid', {
      detail: `Give at least one of ${atLeastOne.join(', ')}.`,
      errors: [
        { pointer: '', code: 'at_least_one', message: `give at least one of ${atLeastOne.join(', ')}` },
      ],
      data: { atLeastOne },
    });
  for (const { name, message, passes } of model.checks) {
    if (passes(row)) continue;
    throw new Problem('invalid', {
      detail: `The row does not pass the check '${name}'.`,
      errors: [{ pointer: '', code: 'check', message }],
      data: { check: name },
    });
  }
}

/** A plain object that is not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The problem of a body with these errors: `unknown_field`, naming the members that may be given, or `invalid`.
 *
 * @param resource what the members belong to (default: the request alone).
 */
export function bodyProblem(
  errors: readonly FieldError[],
  allowed: readonly string[],
  resource?: string,
): Problem {
  const unknown = errors.filter(({ code }) => code === 'unknown');
  if (unknown.length === 0) return new Problem('invalid', { errors, detail: summary(errors) });
  const given = unknown.map(({ pointer }) => pointer.slice(1)).join(', ');
  // A member inside another is one of that, not of the body.
  const { pointer = '', params } = unknown.find((error) => error.params?.allowed) ?? {};
  const inner = params && {
    of: ` of ${pointer.slice(1, pointer.lastIndexOf('/'))}`,
    allowed: names(params.allowed),
  };
  const ofBody = { of: resource === undefined ? '' : ` of ${resource}`, allowed };
  const known = unknown.every((error) => error.params?.allowed) && inner ? inner : ofBody;
  return new Problem('unknown_field', {
    errors: [...unknown, ...errors.filter(({ code }) => code !== 'unknown')],
    detail: `Unknown field: ${given}. Writable fields${known.of}: ${known.allowed.join(', ')}.`,
    data: { allowed: known.allowed },
  });
}

/** The errors of a problem in one line. */
export function summary(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, message }) => (pointer ? `${pointer}: ${message}` : message)).join('; ');
}

/** A conflict that does not name the fields which its caller may not read. */
export function withoutHidden(error: unknown, { byName }: Projection): unknown {
  if (!(error instanceof Problem) || error.code !== 'conflict') return error;
  const errors = error.errors.filter(({ pointer }) => byName.has(pointer.slice(1)));
  if (errors.length === error.errors.length) return error;
  return new Problem('conflict', { detail: 'The row is in conflict with another.', errors });
}

/**
 * The fields of a row as they are kept: as given; else, of a row that is there, what the server has set, and all of it where
 * the row is patched (`keep`); else what the server sets on a new row, or the default.
 */
export function completeRow(
  model: Model,
  caller: Caller,
  given: Values,
  {
    current,
    keep = false,
    settable = model,
  }: { current?: Row | undefined; keep?: boolean; settable?: Projection } = {},
): Record<string, unknown> {
  const write = new WriteValues(caller);
  const next: Record<string, unknown> = {};
  for (const { name, field, type } of model.fields) {
    const value = given[name];
    if (value === undefined && current && (keep || type.server || !settable.byName.has(name)))
      next[name] = current[name];
    else if (value === undefined && type.server)
      next[name] = type.server.created ? write[type.server.created] : field.default;
    else next[name] = value === undefined || type.complete ? completeValue(field, value) : value;
  }
  return next;
}

/** The fields that an update sets; none where it changes nothing. What the server sets on an edit is added to `next`. */
export function fieldsToSet(
  { fields, dialect }: Model,
  caller: Caller,
  next: Record<string, unknown>,
  { current, touch, unread }: Edit & { readonly current: Row },
): string[] {
  const differs = ({ name, kind }: ModelField) =>
    unread?.includes(name) ||
    dialect.encode(kind, next[name] ?? null) !== dialect.encode(kind, current[name] ?? null);
  if (!touch && !fields.some(differs)) return [];
  const write = new WriteValues(caller);
  for (const { name, type } of fields) {
    const edited = type.server?.edited;
    if (edited && next[name] === current[name]) next[name] = write[edited];
  }
  return fields.filter(differs).map(({ name }) => name);
}

/** Who writes, and when. */
export class WriteValues implements Write {
  readonly now = instantNow();
  readonly zero = 0;
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get account(): RowId | null {
    return accountOf(this.#caller);
  }
}

/** A patch whose nested objects are merged into the row's own, so that they are checked as wholes. */
export function mergeNested(model: Model, current: Row, patch: Values): Values {
  const merged: Record<string, unknown> = { ...patch };
  for (const [name, value] of Object.entries(patch)) {
    const merge = model.byName.get(name)?.type.merge;
    if (merge && isObject(value)) merged[name] = merge(current[name], value);
  }
  return merged;
}
