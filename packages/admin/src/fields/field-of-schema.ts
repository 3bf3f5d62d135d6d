import type { DeclaredField, Schema } from '../api/declaration.ts';

/** A value inside an object or a list as a field of its own, so that it has the same editors. */
export function fieldOfSchema(name: string, schema: Schema, isRequired: boolean): DeclaredField {
  const choices = schema.anyOf?.filter(({ type }) => type !== 'null');
  const inner = choices?.length === 1 && choices[0] ? choices[0] : schema;
  const types = [inner.type].flat();
  return {
    name,
    type: String(types[0] ?? 'json'),
    editor: editorOf(inner, types),
    schema: inner,
    nullable: types.includes('null') || (choices?.length ?? 0) < (schema.anyOf?.length ?? 0),
    required: isRequired,
    default: null,
    unique: false,
    computed: false,
    server: false,
    may: { create: true, update: true },
    operators: [],
    sortable: false,
    resource: null,
    onDelete: null,
  };
}

function editorOf({ enum: values, format }: Schema, types: readonly (string | undefined)[]): string {
  if (values) return 'select';
  if (types.includes('string')) {
    if (format === 'date-time') return 'timestamp';
    return format === 'date' ? 'date' : 'text';
  }
  if (types.includes('integer') || types.includes('number')) return 'number';
  if (types.includes('boolean')) return 'checkbox';
  if (types.includes('array')) return 'list';
  return types.includes('object') ? 'object' : 'json';
}

/** The value that an editor of a new item begins with. */
export function blankOf(field: DeclaredField): unknown {
  if (field.default !== null) return field.default;
  if (field.nullable) return null;
  const { editor, schema } = field;
  if (editor === 'checkbox') return false;
  if (editor === 'list' || editor === 'references') return [];
  if (editor === 'object') {
    const members = Object.entries(schema.properties ?? {});
    return Object.fromEntries(
      members.map(([name, inner]) => [name, blankOf(fieldOfSchema(name, inner, true))]),
    );
  }
  return editor === 'select' ? schema.enum?.[0] : editor === 'number' ? 0 : '';
}
