import { isObject } from '../../rows/validate.ts';

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-11-26T08:00:00.000Z',
  date: '2026-11-26',
  uuid: '019ac2f0-5c00-7000-8000-000000000001',
  uri: 'https://example.com/',
  email: 'ada@example.com',
};

/** Values that the rules for names and passwords of most apps take. */
const NAMES: Readonly<Record<string, string>> = {
  username: 'AdaLovelace',
  password: 'Correct-horse7battery',
};

type Schemas = Readonly<Record<string, unknown>>;
type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A value that fits a schema of the document, for its examples; undefined where none can be made, such as for a pattern
 * that plain words do not match.
 *
 * @param schemas the components that are referred to.
 * @param name of the member that it stands for, which makes examples readable.
 */
export function sampleOf(schema: unknown, schemas: Schemas, name = 'value'): unknown {
  if (!isObject(schema)) return undefined;
  if (typeof schema.$ref === 'string') return sampleOf(schemas[schema.$ref.split('/').at(-1) ?? ''], schemas);
  const { examples, default: standard, enum: values, anyOf } = schema;
  if (Array.isArray(examples)) return examples[0];
  if (standard !== undefined) return standard;
  if ('const' in schema) return schema.const;
  if (Array.isArray(values)) return values[0];
  if (Array.isArray(anyOf)) return sampleOf(anyOf[0], schemas, name);
  const types = [schema.type].flat();
  // The id of a row that may not be there.
  if (types.includes('null') && schema.format === 'uuid') return null;
  const sample = plainSample(schema, types[0], schemas, name);
  return sample === undefined && types.includes('null') ? null : sample;
}

function plainSample(schema: JsonSchema, type: unknown, schemas: Schemas, name: string): unknown {
  switch (type) {
    case 'integer':
    case 'number':
      return Math.max(1, Number(schema.minimum ?? 1));
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array': {
      const item = sampleOf(schema.items, schemas, name);
      return item === undefined ? [] : [item];
    }
    case 'object': {
      const sample: Record<string, unknown> = {};
      for (const [name, member] of Object.entries(Object(schema.properties))) {
        const value = sampleOf(member, schemas, name);
        if (value !== undefined) sample[name] = value;
        else if (Array.isArray(schema.required) && schema.required.includes(name)) return undefined;
      }
      return sample;
    }
    case 'string': {
      const { format, pattern, minLength = 0, maxLength = 200 } = schema;
      const known = typeof format === 'string' ? FORMATS[format] : undefined;
      const words =
        known ??
        NAMES[name] ??
        `some ${name.replaceAll(/[^A-Za-z0-9]+/g, ' ')}`.padEnd(Number(minLength), '.');
      const sample = words.slice(0, Number(maxLength));
      if (typeof pattern !== 'string') return sample;
      const expression = new RegExp(pattern, 'u');
      return [sample, FORMATS.email, FORMATS.uri].find((each) => each !== undefined && expression.test(each));
    }
    default:
      return undefined;
  }
}
