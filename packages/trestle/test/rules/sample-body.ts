import type { Field } from '../../src/schema/field.ts';
import type { Resource } from '../../src/schema/resource.ts';

/** Rows that references may name, by resource. */
export type Parents = ReadonlyMap<string, string | number>;

let made = 0;

/** A body the resource takes, made from its declaration: every writable field, each time with other texts. */
export function sampleBody(resource: Resource, parents: Parents): Record<string, unknown> {
  made += 1;
  const writable = Object.entries(resource.fields).filter(([, field]) => field.automatic === undefined);
  return Object.fromEntries(writable.map(([name, field]) => [name, sampleValue(field, parents)]));
}

function sampleValue(field: Field, parents: Parents): unknown {
  if (field.reference) return parents.get(field.reference.target);
  if (field.kind === 'enum')
    return 'enum' in field.schema && Array.isArray(field.schema.enum) ? field.schema.enum[0] : '';
  if (field.kind === 'text' && field.nullable) return null;
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
  return field.default ?? samples[field.kind] ?? null;
}
