import type { TSchema } from 'typebox';
import { exactNumber } from '../../schema/exact-number.ts';
import { parseJsonText } from './json.ts';

/** Where a value comes from: JSON has types of its own; a form, a query and a path have strings alone. */
export interface CoerceOptions {
  /** Turn strings into the numbers, booleans and arrays that the schema says: all of them, or numbers and booleans alone. */
  strings: boolean | 'scalars';
  /** Leave out members that the schema does not name, at every depth. */
  dropUnknown: boolean;
}

export type Coerce = (value: unknown) => unknown;

/** The members of a JSON Schema that decide the type of a value. */
interface Outline {
  type?: string;
  properties?: Readonly<Record<string, TSchema>>;
  required?: readonly string[];
  items?: TSchema;
  anyOf?: readonly TSchema[];
  'x-trim'?: boolean;
}

/** A plain object that is not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Compiles what brings a value towards its schema. It never fails: what cannot be turned stays as it came, and the check
 * that follows says what is wrong with it.
 */
export function compileCoerce(schema: TSchema, options: CoerceOptions): Coerce {
  const outline = schema as Outline;
  if (outline.anyOf) return coerceUnion(outline.anyOf, options);
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
      return scalar(toInteger);
    case 'number':
      return scalar(toNumber);
    case 'boolean':
      return scalar(toBoolean);
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
  return (value) => {
    const given = options.strings === true && !isRecord(value) ? parsed(last(value), '{') : value;
    if (!isRecord(given)) return given;
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

/** Null aside, the first type that takes a string; in a form an empty string is null where null is one of the types. */
function coerceUnion(types: readonly TSchema[], options: CoerceOptions): Coerce {
  const coercions = types
    .filter((type) => (type as Outline).type !== 'null')
    .map((type) => compileCoerce(type, options));
  const isNullable = coercions.length < types.length;
  const isString = types.some((type) => (type as Outline).type === 'string');
  return (value) => {
    if (options.strings === true && isNullable && !isString && last(value) === '') return null;
    for (const coerce of coercions) {
      const coerced = coerce(value);
      if (coerced !== value) return coerced;
    }
    return value;
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

/** Integers beyond 2^53 stay strings: they would not be the number that was meant. */
const toInteger: Coerce = (value) => {
  const text = Array.isArray(value) ? value.at(-1) : value;
  if (typeof text !== 'string' || !/^[+-]?\d{1,16}$/.test(text)) return text;
  const integer = Number(text);
  return Number.isSafeInteger(integer) ? integer : text;
};

const toNumber: Coerce = (value) => {
  const text = last(value);
  if (typeof text !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text;
  const plain = text
    .replace(/^\+/, '')
    .replace(/^(-?)\./, '$10.')
    .replace(/\.(?=$|[eE])/, '');
  return exactNumber(plain) ?? text;
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes', 't', 'y'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no', 'f', 'n'].map((word) => [word, false] as const),
]);

const toBoolean: Coerce = (value) => {
  const text = last(value);
  return typeof text === 'string' ? (BOOLEANS.get(text.toLowerCase()) ?? text) : text;
};
