import { isDeepStrictEqual } from 'node:util';
import type { TSchema } from 'typebox';
import { isObject } from '../../rows/validate.ts';
import { sampleOf } from './samples.ts';

/**
 * How a document shows a schema. What is read carries no word that only checks; a body that leaves unknown members out
 * is open.
 */
export interface Use {
  in: 'request' | 'response';
  open: boolean;
}

/** Keywords that only a check of a given value needs. */
const VALIDATION = new Set([
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'additionalProperties',
  'default',
]);

const SCHEMAS = ['items', 'anyOf', 'allOf', 'additionalProperties'];

/** The named parts of a document, each once. */
export class Components {
  readonly schemas: Record<string, unknown> = {};
  readonly responses: Record<string, unknown> = {};

  /** A schema as JSON; what has a `title` becomes a component that is referred to. */
  refer(schema: TSchema, use: Use): unknown {
    return this.#json(schema, use, false);
  }

  /** A response that many operations share: a reference, or itself where another one has the name. */
  response(name: string, response: Record<string, unknown>): Record<string, unknown> {
    this.responses[name] ??= response;
    return isDeepStrictEqual(this.responses[name], response)
      ? { $ref: `#/components/responses/${name}` }
      : response;
  }

  #json(schema: unknown, use: Use, isInner: boolean): unknown {
    if (Array.isArray(schema)) return schema.map((item) => this.#json(item, use, true));
    if (!isObject(schema)) return schema;
    const { title, ...rest } = schema;
    const members = this.#members(rest, use);
    if (typeof title !== 'string') return isInner ? members : this.#withExample(members);
    const component = this.#withExample(members);
    let name = title;
    // Two that differ under one title stand side by side.
    for (let at = 2; !isDeepStrictEqual(this.schemas[name] ?? component, component); at += 1)
      name = `${title}${at}`;
    this.schemas[name] = component;
    return { $ref: `#/components/schemas/${name}` };
  }

  #members(schema: Record<string, unknown>, use: Use): Record<string, unknown> {
    const { 'x-limits': limits, ...own } = schema;
    const { 'x-trim': trims, 'x-message': _message, ...words } = { ...own, ...(isObject(limits) && limits) };
    const shown: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(words)) {
      if (use.in === 'response' && VALIDATION.has(key) && !isObject(value)) continue;
      if (use.open && key === 'additionalProperties' && value === false) continue;
      // Under `properties` the keys are names of members, of which one may be called `title`.
      if (key === 'properties' && isObject(value))
        shown[key] = Object.fromEntries(
          Object.entries(value).map(([name, each]) => [name, this.#json(each, use, true)]),
        );
      else shown[key] = SCHEMAS.includes(key) ? this.#json(value, use, true) : value;
    }
    if (trims && use.in === 'request') shown.description ??= 'White space at both ends is removed first.';
    return withoutNullBranch(shown);
  }

  /** An object's schema with an example, where it has none and one can be made of it. */
  #withExample(schema: Record<string, unknown>): Record<string, unknown> {
    if (schema.type !== 'object' || schema.examples !== undefined || !isObject(schema.properties))
      return schema;
    const example = sampleOf(schema, this.schemas);
    return example === undefined ? schema : { ...schema, examples: [example] };
  }
}

/** `anyOf: [{ type: 'string' }, { type: 'null' }]` as `type: ['string', 'null']`, which every generator reads. */
function withoutNullBranch(schema: Record<string, unknown>): Record<string, unknown> {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const branch: unknown = anyOf.find((each) => isObject(each) && each.type !== 'null');
  const hasNull = anyOf.some((each) => isObject(each) && each.type === 'null');
  // Any value may be null already.
  if (hasNull && branch && Object.keys(branch).length === 0) return rest;
  if (!hasNull || !isObject(branch) || typeof branch.type !== 'string' || 'enum' in branch) return schema;
  return { ...branch, ...rest, type: [branch.type, 'null'] };
}
