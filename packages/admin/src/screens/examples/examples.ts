import { queryString } from 'trestle-client';

/** A declared field, as far as examples look at it. */
interface ExampleField {
  name: string;
  editor: string;
  schema: { enum?: readonly unknown[]; minimum?: number; minLength?: number; maxLength?: number };
  required: boolean;
  unique: boolean;
  resource: string | null;
  may: { create: boolean; update: boolean };
}

/** A declared resource, as far as examples look at it: free of the browser, so that tests run what they say. */
export interface ExampleResource {
  name: string;
  id: { schema: { type?: string | readonly string[] } };
  fields: readonly ExampleField[];
  may: { create: boolean; update: boolean; delete: boolean };
  steps: readonly { name: string; kind: 'operation' | 'transition'; may: boolean }[];
}

/** A request to show the code of. */
export interface ExampleRequest {
  /** `list`, `read`, `create`, `change`, `delete`, or the name of a step. */
  name: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the app's address, with its query. */
  path: string;
  body?: Readonly<Record<string, unknown>>;
  /** The call of the typed client. */
  call: string;
}

interface ExampleContext {
  resource: ExampleResource;
  query: object;
  /** The row that requests of one row are about; undefined where there is none yet. */
  row: Readonly<Record<string, unknown>> | undefined;
}

/** The requests of a resource, filled in with the view and the row that are shown. */
export function exampleRequests({ resource, query, row }: ExampleContext): ExampleRequest[] {
  const { name, id: idType, may, steps } = resource;
  const isInteger = idType.schema.type === 'integer';
  const id = row?.id ?? (isInteger ? 1 : '00000000-0000-0000-0000-000000000000');
  const one = `/v1/${name}/${encodeURIComponent(String(id))}`;
  const rows = `client.rows${/^[a-z_$][\w$]*$/i.test(name) ? `.${name}` : `['${name}']`}`;
  const call = (verb: string, ...values: unknown[]) => {
    const given = values.map((value) => JSON.stringify(value, undefined, typeof value === 'object' ? 2 : 0));
    return `unwrap(await ${rows}.${verb}(${given.join(', ')}))`;
  };
  const body = bodyOf(resource, row);
  const change = changeOf(resource, row);
  const requests: (ExampleRequest | false)[] = [
    { name: 'list', method: 'GET', path: `/v1/${name}${queryString(query)}`, call: call('list', query) },
    { name: 'read', method: 'GET', path: one, call: call('get', id) },
    may.create && { name: 'create', method: 'POST', path: `/v1/${name}`, body, call: call('create', body) },
    may.update &&
      change !== undefined && {
        name: 'change',
        method: 'PATCH',
        path: one,
        body: change,
        call: call('patch', id, change),
      },
    ...steps
      .filter((step) => step.may)
      .map(({ name: step, kind }) => ({
        name: step,
        method: 'POST' as const,
        path: `${one}:${step}`,
        call: call(kind === 'transition' ? 'transition' : 'start', id, step),
      })),
    may.delete && { name: 'delete', method: 'DELETE', path: one, call: call('delete', id) },
  ];
  return requests.filter((request) => request !== false);
}

/** The fields that a new row must have, with values of another row or of their types. */
function bodyOf({ fields }: ExampleResource, row: ExampleContext['row']): Record<string, unknown> {
  const required = fields.filter(({ may, required }) => may.create && required);
  return Object.fromEntries(required.map((field) => [field.name, sampleOf(field, row?.[field.name])]));
}

/** One field with the value that it has, or one of its type. */
function changeOf(
  { fields }: ExampleResource,
  row: ExampleContext['row'],
): Record<string, unknown> | undefined {
  const field = fields.find(({ may, resource }) => may.update && resource === null);
  return field && { [field.name]: row?.[field.name] ?? sampleOf(field, undefined) };
}

function sampleOf(field: ExampleField, known: unknown): unknown {
  const { editor, schema, resource, unique } = field;
  if (known !== undefined && known !== null && !unique) return known;
  if (schema.enum) return schema.enum[0];
  if (resource !== null) return editor === 'references' ? [] : 1;
  if (editor === 'timestamp') return '2030-01-01T12:00:00.000Z';
  if (editor === 'date') return '2030-01-01';
  if (editor === 'email') return 'someone@example.com';
  if (editor === 'url') return 'https://example.com/';
  if (editor === 'decimal') return '1';
  if (editor === 'number') return schema.minimum ?? 1;
  if (editor === 'checkbox') return true;
  if (editor === 'list') return [];
  if (editor === 'object' || editor === 'json') return {};
  return 'Example'.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength);
}

export const LANGUAGES = ['curl', 'TypeScript', 'Python'] as const;
export type ExampleLanguage = (typeof LANGUAGES)[number];

/** The code of a request, which takes an API key or a token from `TOKEN`. `url` is the app's address. */
export function exampleCode(
  language: ExampleLanguage,
  { method, path, body, call, name }: ExampleRequest,
  url: string,
): string {
  const address = url + path;
  if (language === 'curl') {
    const lines = [
      `curl -g${method === 'GET' ? '' : ` -X ${method}`} '${quoted(address)}'`,
      `  -H "Authorization: Bearer $TOKEN"`,
      ...(body ? [`  -H 'Content-Type: application/json'`, `  -d '${quoted(JSON.stringify(body))}'`] : []),
    ];
    return lines.join(' \\\n');
  }
  if (language === 'TypeScript') {
    const result = name === 'list' ? 'const page = ' : method === 'DELETE' ? '' : 'const row = ';
    return [
      "import { createClient, unwrap } from 'trestle-client';",
      "import type app from './app.ts';",
      '',
      `const client = createClient<typeof app>({ url: '${url}', key: process.env.TOKEN ?? '' });`,
      `${result}${call};`,
      ...(result === '' ? [] : [`console.log(${name === 'list' ? 'page.items' : 'row'});`]),
    ].join('\n');
  }
  const type = body ? `, 'Content-Type': 'application/json'` : '';
  return [
    'import json, os, urllib.request',
    '',
    'request = urllib.request.Request(',
    `    ${JSON.stringify(address)},`,
    `    method='${method}',`,
    `    headers={'Authorization': f"Bearer {os.environ['TOKEN']}"${type}},`,
    ...(body ? [`    data=json.dumps(${pythonOf(body)}).encode(),`] : []),
    ')',
    'with urllib.request.urlopen(request) as response:',
    method === 'DELETE' ? '    print(response.status)' : '    print(json.load(response))',
  ].join('\n');
}

/** A text between single quotes of a shell. */
function quoted(text: string): string {
  return text.replaceAll("'", "'\\''");
}

/** A value as a literal of Python. */
function pythonOf(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(pythonOf).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}: ${pythonOf(inner)}`);
  return `{${members.join(', ')}}`;
}
