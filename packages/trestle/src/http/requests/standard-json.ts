import type { TSchema } from 'typebox';
import { exactNumber } from '../../schema/exact-number.ts';
import { parseJsonText } from './json.ts';

/** Where a value comes from: JSON has types of its own; a form, a query and a path have texts alone. */
export interface ShapeOptions {
  /** Turn texts into the numbers, booleans and lists that the schema says. */
  texts: boolean;
  /** Leave out members that the schema does not name, at every depth. */
  dropUnknown: boolean;
}

export type Shape = (value: unknown) => unknown;

/** The parts of a JSON Schema that decide a value's shape. */
interface Outline {
  type?: string;
  properties?: Readonly<Record<string, TSchema>>;
  items?: TSchema;
  anyOf?: readonly TSchema[];
  'x-trim'?: boolean;
}

/** A plain object that is not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Compiles what brings a value towards its schema. It never fails: what cannot be turned stays as it came, and the check
 * that follows says what is wrong with it.
 */
export function shapeOf(schema: TSchema, options: ShapeOptions): Shape {
  const outline = schema as Outline;
  if (outline.anyOf) return unionShape(outline.anyOf, options);
  switch (outline.type) {
    case 'object':
      return outline.properties ? objectShape(outline.properties, options) : same;
    case 'array':
      return outline.items ? listShape(outline.items, options) : same;
    case 'integer':
      return options.texts ? toInteger : same;
    case 'number':
      return options.texts ? toNumber : same;
    case 'boolean':
      return options.texts ? toBoolean : same;
    case 'string':
      if (outline['x-trim']) return options.texts ? (value) => trimmed(last(value)) : trimmed;
      return options.texts ? last : same;
    default:
      return same;
  }
}

const same: Shape = (value) => value;

const trimmed: Shape = (value) => (typeof value === 'string' ? value.trim() : value);

/** Of a repeated parameter the last counts, as in the frameworks the contracts come from. */
const last: Shape = (value) => (Array.isArray(value) ? value.at(-1) : value);

function objectShape(properties: Readonly<Record<string, TSchema>>, options: ShapeOptions): Shape {
  const members = Object.entries(properties).map(
    ([name, schema]) => [name, shapeOf(schema, options)] as const,
  );
  return (value) => {
    const given = options.texts ? parsed(value, '{') : value;
    if (!isRecord(given)) return given;
    const result: Record<string, unknown> = options.dropUnknown ? {} : { ...given };
    for (const [name, shape] of members) if (Object.hasOwn(given, name)) result[name] = shape(given[name]);
    return result;
  };
}

/** In a form a list is a repeated name, or one JSON text. */
function listShape(items: TSchema, options: ShapeOptions): Shape {
  const shape = shapeOf(items, options);
  return (value) => {
    const given = options.texts ? parsed(value, '[') : value;
    if (Array.isArray(given)) return given.map(shape);
    return options.texts && typeof given === 'string' ? [shape(given)] : given;
  };
}

/** Null aside, the first kind that takes a text; in a form an empty text is null where null is one of the kinds. */
function unionShape(kinds: readonly TSchema[], options: ShapeOptions): Shape {
  const shapes = kinds
    .filter((kind) => (kind as Outline).type !== 'null')
    .map((kind) => shapeOf(kind, options));
  const nullable = shapes.length < kinds.length;
  const plainText = kinds.some((kind) => (kind as Outline).type === 'string');
  return (value) => {
    if (options.texts && nullable && !plainText && last(value) === '') return null;
    for (const shape of shapes) {
      const shaped = shape(value);
      if (shaped !== value) return shaped;
    }
    return value;
  };
}

function parsed(value: unknown, opening: '{' | '['): unknown {
  const text = opening === '{' ? last(value) : value;
  if (typeof text !== 'string' || !text.trimStart().startsWith(opening)) return text;
  try {
    return parseJsonText(text);
  } catch {
    return text;
  }
}

/** Whole numbers beyond 2^53 stay texts: they would not be the number that was meant. */
const toInteger: Shape = (value) => {
  const text = last(value);
  if (typeof text !== 'string' || !/^[+-]?\d{1,16}$/.test(text)) return text;
  const integer = Number(text);
  return Number.isSafeInteger(integer) ? integer : text;
};

const toNumber: Shape = (value) => {
  const text = last(value);
  if (typeof text !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text;
  return (
    exactNumber(
      text
        .replace(/^\+/, '')
        .replace(/^(-?)\./, '$10.')
        .replace(/\.(?=$|[eE])/, ''),
    ) ?? text
  );
};

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes', 't', 'y'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no', 'f', 'n'].map((word) => [word, false] as const),
]);

const toBoolean: Shape = (value) => {
  const text = last(value);
  return typeof text === 'string' ? (BOOLEANS.get(text.toLowerCase()) ?? text) : text;
};
