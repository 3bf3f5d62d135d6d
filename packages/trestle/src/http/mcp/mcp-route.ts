import type { McpHttpHandler } from '@modelcontextprotocol/server';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { Problem } from '../../problems.ts';
import { bytes } from '../../schema/routes/bytes.ts';
import { type Route, type RouteRequest, route } from '../../schema/routes/route.ts';
import { anyone } from '../../schema/rules.ts';
import type { Tool, ToolRequest } from './mcp-tools.ts';

interface McpOptions {
  readonly name: string;
  readonly description: string;
  /** The path of the app: '' alone, `/messages` with others. */
  readonly base: string;
  /** Asked with the first request: most servers get none. */
  readonly tools: () => Promise<ReadonlyMap<string, Tool>>;
}

/** Credentials that a call of a tool hands on to the route behind it. */
const CREDENTIALS = ['authorization', 'x-api-key'] as const;
/** Characters of an answer that a tool gives; a longer one is to be asked for in parts. */
const MAX_ANSWER_LENGTH = 200_000;

/**
 * `POST /mcp`: the app's resources as tools of the Model Context Protocol (revision 2026-07-28, streamable HTTP, stateless). A
 * call is a request to the route behind the tool, with the credentials of the caller, so that rules, scopes, limits and the log
 * are those of the uniform API. Tools that write are for API keys that may.
 */
export function mcpRoute(fastify: FastifyInstance, options: McpOptions): Route {
  let handler: Promise<McpHttpHandler> | undefined;
  const described = {
    tag: 'mcp',
    can: anyone,
    operationId: 'mcp',
    summary: 'The Model Context Protocol',
    description:
      "JSON-RPC for programs that use tools: each route of a resource is one, under the caller's rules. Tools that write are " +
      'there for API keys whose scopes and rules allow it.',
    body: Type.Unsafe<unknown>({ type: 'object', additionalProperties: true }),
    checkBody: false,
    readOnly: true,
    produces: 'text/event-stream',
    answers: { 200: null, 202: null },
  } as const;
  return route('POST', '/mcp', described, async (request) => {
    handler ??= openHandler(fastify, options);
    const { fetch } = await handler;
    const { headers, caller, body, signal } = request;
    const passed = Object.entries(headers).filter(([, value]) => typeof value === 'string');
    const asked = new Request(`http://mcp${request.url}`, {
      method: 'POST',
      headers: Object.fromEntries(passed) as Record<string, string>,
      body: JSON.stringify(body),
      signal,
    });
    const authInfo = { token: '', clientId: caller.kind, scopes: [], extra: { request } };
    const response = await fetch(asked, { parsedBody: body, authInfo });
    const type = response.headers.get('content-type');
    const status = response.status;
    if (!response.body || type === null) return { status };
    return { ...bytes({ content: response.body, type }, { 'cache-control': 'no-store' }), status };
  });
}

async function openHandler(fastify: FastifyInstance, options: McpOptions): Promise<McpHttpHandler> {
  // Loaded with the first request: it takes longer to load than all else.
  const { createMcpHandler, Server } = await import('@modelcontextprotocol/server');
  const { name, description } = options;
  const tools = [...(await options.tools()).values()];
  return createMcpHandler(({ authInfo }) => {
    // It was put there above.
    const request = authInfo?.extra?.request as RouteRequest;
    const server = new Server(
      { name, version: '1.0.0' },
      { capabilities: { tools: {} }, ...(description !== '' && { instructions: description }) },
    );
    const offered = tools.filter((tool) => tool.isFor(request.caller));
    server.setRequestHandler('tools/list', () => ({
      tools: offered.map(({ name, title, description, inputSchema, annotations }) => ({
        name,
        title,
        description,
        inputSchema,
        annotations,
      })),
    }));
    server.setRequestHandler('tools/call', async ({ params }) => {
      const tool = offered.find((each) => each.name === params.name);
      const who =
        request.caller.kind === 'key' ? 'this API key' : 'a caller without an API key that allows it';
      if (!tool) return failed(`There is no tool '${params.name}' for ${who}.`);
      try {
        const asked = tool.requestOf(params.arguments ?? {});
        return await callTool(fastify, asked, options.base, request);
      } catch (error) {
        if (error instanceof Problem) return failed(error.detail);
        throw error;
      }
    });
    return server;
  });
}

async function callTool(
  fastify: FastifyInstance,
  { method, url, body }: ToolRequest,
  base: string,
  request: RouteRequest,
) {
  const { headers, origin } = request;
  const own = CREDENTIALS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  const answer = await fastify.inject({
    method,
    url: `${base}${url}`,
    remoteAddress: origin.address,
    headers: {
      ...Object.fromEntries(own),
      host: 'mcp',
      accept: 'application/json',
      ...(origin.requestId && { 'x-request-id': origin.requestId }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { payload: JSON.stringify(body) }),
  });
  const text = answer.body === '' ? 'Done.' : answer.body;
  if (text.length > MAX_ANSWER_LENGTH)
    return failed(`The answer has ${text.length} characters; ask for less with limit or fields.`);
  const isError = answer.statusCode >= 400;
  return { content: [{ type: 'text' as const, text }], ...(isError && { isError }) };
}

function failed(text: string) {
  return { content: [{ type: 'text' as const, text }], isError: true };
}
