import type { Field } from '../../../src/schema/field.ts';
import type { Resource } from '../../../src/schema/resource.ts';

/** Rows that references may name, by resource. */
export type Parents = ReadonlyMap<string, string | number>;

let made = 0;

/** A body the resource takes, made from its declaration: every writable field, each time with other texts. */
export function sampleBody(resource: Resource, parents: Parents): Record<string, unknown> {
  made += 1;
  const writable = Object.entries(resource.fields).filter(([, { type }]) => !type.server);
  return Object.fromEntries(writable.map(([name, field]) => [name, sampleValue(field, parents)]));
}

function sampleValue(field: Field, parents: Parents): unknown {
  const { name, reference, schema } = field.type;
  if (reference) return parents.get(reference.target);
  if ('enum' in schema && Array.isArray(schema.enum)) return schema.enum[0];
  if (name === 'text' && field.nullable) return null;
  const samples: Record<string, unknown> = {
    text: `sample ${made}`,
    integer: 1,
    number: 1.5,
    boolean: true,
    timestamp: '2026-01-01T00:00:00.000Z',
    list: [],
    object: {},
    json: { any: 'thing' },
  };
  return field.default ?? samples[name] ?? null;
}
