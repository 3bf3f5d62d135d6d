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
