import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';
import type { Resources } from '../../src/schema/row-types.ts';
import { eachPlace } from '../stores.ts';
import { at, notebook } from './notes.ts';
import { randomOf, Values } from './random-requests.ts';

/** Requests to each operation. `CONFORMANCE_ROUNDS` asks for more, `CONFORMANCE_SEED` for those of an earlier run. */
const ROUNDS = Number(process.env.CONFORMANCE_ROUNDS ?? 8);
const SEED = Number(process.env.CONFORMANCE_SEED ?? Date.now() % 1_000_000);

interface Operation {
  path: string;
  method: string;
  operation: unknown;
}

/** A request, for the message of a failure. */
interface Sent {
  method: string;
  url: string;
  body: unknown;
  headers: Record<string, string>;
}

/** Sends random requests to every operation of an app's document, and holds each answer against it. */
class Run {
  readonly #served: Served<Resources>;
  readonly #document: unknown;
  readonly #values: Values;
  readonly #checks = new Map<unknown, ReturnType<typeof Compile>>();
  readonly #tokens: (string | undefined)[];

  constructor(served: Served<Resources>, document: unknown, seed: number, tokens: (string | undefined)[]) {
    this.#served = served;
    this.#document = document;
    this.#values = new Values(document, randomOf(seed));
    this.#tokens = tokens;
  }

  /** Routes that end sessions come last, so that the tokens serve until then. */
  operations(): Operation[] {
    const paths = Object.entries(Object(at(this.#document, 'paths')));
    const all = paths.flatMap(([path, item]) =>
      Object.entries(Object(item)).map(([method, operation]) => ({ path, method, operation })),
    );
    return all.sort((a, b) => Number(a.path.includes('/sessions')) - Number(b.path.includes('/sessions')));
  }

  async tryOne({ path, method, operation }: Operation): Promise<void> {
    const sent = this.#request(path, method, operation);
    const body = sent.body === undefined ? {} : { body: sent.body };
    const reply = await this.#served.call(sent.method, sent.url, { headers: sent.headers, ...body });
    this.#hold(reply, operation, sent);
  }

  #request(path: string, method: string, operation: unknown): Sent {
    const values = this.#values;
    const wildness = values.chance(0.5) ? 0 : 0.2;
    const parameters = Object.values(Object(at(operation, 'parameters')));
    let url = path;
    const query = new URLSearchParams();
    for (const parameter of parameters) {
      const name = String(at(parameter, 'name'));
      const value = values.of(at(parameter, 'schema'), wildness);
      if (at(parameter, 'in') === 'path')
        url = url.replace(`{${name}}`, encodeURIComponent(text(value)) || '1');
      else if (at(parameter, 'in') === 'query' && values.chance(parameters.length > 20 ? 0.08 : 0.4))
        addQuery(query, name, value);
    }
    if (values.chance(wildness / 2)) query.append(text(values.hostile()), text(values.hostile()));
    const token = values.pick(this.#tokens);
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const content = Object(at(operation, 'requestBody', 'content'));
    const [type] = Object.keys(content);
    if (type) headers['Content-Type'] = 'application/json';
    const body = type && JSON.stringify(values.of(at(content, type, 'schema'), wildness));
    return { method: method.toUpperCase(), url: query.size > 0 ? `${url}?${query}` : url, body, headers };
  }

  #hold(reply: Reply, operation: unknown, sent: Sent): void {
    const { Authorization: _secret, ...headers } = sent.headers;
    const about = JSON.stringify({
      seed: SEED,
      ...sent,
      headers,
      status: reply.status,
      answer: reply.body,
    }).slice(0, 1500);
    assert.ok(reply.status < 500, about);
    const responses = at(operation, 'responses');
    const response = at(responses, String(reply.status));
    const documented = followed(response, this.#document);
    assert.ok(documented, `not documented: ${about}`);
    if (reply.status === 401) assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer/, about);
    if (reply.status === 204 || reply.status === 304) assert.equal(reply.body, undefined, about);
    if (reply.status === 429 || reply.status === 503)
      assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/, about);
    const type = (reply.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const schema = at(documented, 'content', type, 'schema');
    if (at(documented, 'content') === undefined || reply.body === undefined) return;
    assert.ok(schema !== undefined, `${type} is not documented: ${about}`);
    const check = this.#checkOf(schema);
    const wrong = check.Check(reply.body) ? [] : check.Errors(reply.body);
    assert.deepEqual(wrong, [], about);
  }

  #checkOf(schema: unknown): ReturnType<typeof Compile> {
    const known =
      this.#checks.get(schema) ?? Compile(Type.Unsafe(Object(inlined(schema, this.#document))) as TSchema);
    this.#checks.set(schema, known);
    return known;
  }
}

/** Resolves a reference. */
function followed(value: unknown, document: unknown): unknown {
  const reference = at(value, '$ref');
  return typeof reference === 'string' ? at(document, ...reference.split('/').slice(1)) : value;
}

/** A schema with everything that it refers to in its place. */
function inlined(schema: unknown, document: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each) => inlined(each, document));
  if (typeof schema !== 'object' || schema === null) return schema;
  const reference = at(schema, '$ref');
  if (typeof reference === 'string')
    return inlined(at(document, 'components', 'schemas', reference.split('/').at(-1) ?? ''), document);
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, inlined(value, document)]));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** An array is a repeated name. */
function addQuery(query: URLSearchParams, name: string, value: unknown): void {
  for (const each of [value].flat()) query.append(name, text(each));
}

/** A token of a new account where the app has passwords, and the administrator's secret. */
async function tokensOf<Rs extends Resources>(served: Served<Rs>): Promise<(string | undefined)[]> {
  const body = { username: 'tester', password: 'Abcdef1!' };
  await served.call('POST', '/v1/accounts', { body });
  const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
  const token = at(tokens, 'access_token');
  const mine = typeof token === 'string' ? [token, token, token] : [];
  return [...mine, served.administrator, undefined, 'stale'];
}

function conforms<Rs extends Resources>(name: string, open: () => Promise<Served<Rs>>): void {
  test(`${name} answers as its document says, ${ROUNDS} times each (seed ${SEED})`, async () => {
    const served = await open();
    try {
      const { body: document } = await served.call('GET', '/openapi.json');
      // What is sent is made of the document alone, so the app's own types do not matter here.
      const run = new Run(served as unknown as Served<Resources>, document, SEED, await tokensOf(served));
      for (const operation of run.operations())
        for (let round = 0; round < ROUNDS; round += 1) await run.tryOne(operation);
      assert.ok(!Object.hasOwn(Object.prototype, 'a'), 'nothing got into the prototype of all objects');
    } finally {
      await served.close();
    }
  });
}

eachPlace('random requests', (place) => {
  conforms('changelog', async () => serveApp(changelog, await place()));
  conforms('messages', async () => serveApp(messages, await place()));
  conforms('records', async () => serveApp(records, await place()));
  conforms('forum', async () => serveApp(forum, await place()));
  conforms('packages', async () => serveApp(packages, await place()));
  conforms('an app without a contract', async () => serveApp(notebook, await place()));
});
