import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Served } from '../../src/testing.ts';

export async function makeKey(served: Served, token: string, scopes: readonly string[]): Promise<string> {
  const { status, body } = await served.call('POST', '/v1/keys', { token, body: { name: 'agent', scopes } });
  assert.equal(status, 201, JSON.stringify(body));
  return String(Reflect.get(Object(body), 'key'));
}

export async function connect(served: Served, t: TestContext, credential?: string): Promise<Client> {
  const headers = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  const transport = new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`), {
    requestInit: { headers },
  });
  const client = new Client({ name: 'a test', version: '1' });
  await client.connect(transport);
  t.after(() => client.close());
  return client;
}

export async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const { content, isError = false } = await client.callTool({ name, arguments: given });
  const [first] = content;
  assert.equal(first?.type, 'text');
  return { isError, text: first.text, row: first.text.startsWith('{') ? JSON.parse(first.text) : undefined };
}

/** The tool and the arguments that come to the same as a request of the uniform API. */
export function toolCalls(
  document: unknown,
): (asked: readonly [line: string, body?: unknown]) => { tool: string; given: Record<string, unknown> } {
  const paths = Object.entries<Record<string, { operationId: string }>>(Object(document).paths);
  const patterns = paths.map(([template, methods]) => {
    const pattern = template.replace(/\{(\w+)\}/g, '(?<$1>[^/:]+)');
    return { pattern: new RegExp(`^${pattern}$`), methods, parameters: template.split('{').length };
  });
  // A fixed segment comes before a parameter.
  patterns.sort((one, other) => one.parameters - other.parameters);
  return ([line, body]) => {
    const [method = '', url = ''] = line.split(' ');
    const { pathname, searchParams } = new URL(`http://app/v1${url}`);
    const given = { ...argumentsOf(searchParams), ...(body !== undefined && { body }) };
    for (const { pattern, methods } of patterns) {
      const match = pattern.exec(pathname);
      const { operationId } = methods[method.toLowerCase()] ?? {};
      if (match && operationId) return { tool: operationId, given: { ...match.groups, ...given } };
    }
    return { tool: 'none', given };
  };
}

/** Parameters of a query as arguments: those of a filter as one object. */
function argumentsOf(query: URLSearchParams): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [name, value] of query) {
    const path = name.match(/[^[\]]+/g) ?? [];
    // Filters in an array are given as they are: with their operators.
    const [leaf, isAlternative] = [path.at(-1) ?? '', path[1] === 'or'];
    let holder = given;
    for (const [at, key] of path.slice(0, -1).entries()) {
      holder[key] ??= isAlternative && at === 1 ? [] : {};
      holder = Object(holder[key]);
    }
    holder[leaf] = isAlternative ? { eq: value } : value;
  }
  return given;
}
