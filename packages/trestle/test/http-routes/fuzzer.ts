import assert from 'node:assert/strict';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';
import type { Place } from '../stores.ts';
import { everything } from './everything.ts';
import { at, notebook } from './notes.ts';
import { randomOf, Values } from './random-requests.ts';

/** The five systems, an app without a contract and one with all that can be declared, each served at a place. */
export const FUZZED: Readonly<Record<string, (place?: Partial<Place>) => Promise<Served>>> = {
  changelog: async (place) => untyped(await serveApp(changelog, place)),
  messages: async (place) => untyped(await serveApp(messages, place)),
  records: async (place) => untyped(await serveApp(records, place)),
  forum: async (place) => untyped(await serveApp(forum, place)),
  packages: async (place) => untyped(await serveApp(packages, place)),
  notebook: async (place) => untyped(await serveApp(notebook, place)),
  everything: async (place) => untyped(await serveApp(everything, place)),
};

/** Requests are made of the document alone, so the app's own types do not matter. */
function untyped(served: object): Served {
  return served as Served;
}

/**
 * Sends seeded random requests to every operation of an app's document, and holds each answer against it: no 5xx, no status, media
 * type or header that is not documented, no body that its schema refuses. The same seed sends the same requests.
 *
 * @throws {AssertionError} with the request that was answered otherwise.
 */
export async function fuzz(
  served: Served,
  { seed, rounds }: { seed: number; rounds: number },
): Promise<number> {
  const { body: document } = await served.call('GET', '/openapi.json');
  const run = new Run(served, document, seed, await tokensOf(served));
  let sent = 0;
  for (const operation of run.operations())
    for (let round = 0; round < rounds; round += 1) {
      await run.tryOne(operation);
      sent += 1;
    }
  assert.ok(!Object.hasOwn(Object.prototype, 'a'), 'nothing got into the prototype of all objects');
  return sent;
}

const CONDITIONS = ['"1"', '*', 'W/"1"', '"x"', '', ','];
const MEDIA_TYPES = ['application/json', 'application/problem+json', 'text/html', 'text/plain', '*/*', 'x'];

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

class Run {
  readonly #served: Served;
  readonly #document: unknown;
  readonly #values: Values;
  readonly #checks = new Map<unknown, ReturnType<typeof Compile>>();
  readonly #tokens: (string | undefined)[];
  readonly #seed: number;
  /** Ids that were answered, so that rows which are there are asked for too. */
  readonly #ids: string[] = ['1', '2'];

  constructor(served: Served, document: unknown, seed: number, tokens: (string | undefined)[]) {
    this.#served = served;
    this.#document = document;
    this.#values = new Values(document, randomOf(seed));
    this.#tokens = tokens;
    this.#seed = seed;
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
    const reply = await this.#reply(sent);
    this.#hold(reply, operation, sent);
  }

  /** The answer; of a stream, which does not end by itself, its first part. */
  async #reply({ method, url, headers, body }: Sent): Promise<Reply> {
    const given = typeof body === 'string' ? { body } : {};
    const response = await fetch(`${this.#served.url}${url}`, {
      method,
      headers,
      redirect: 'manual',
      ...given,
    });
    const reply = { status: response.status, headers: response.headers, body: undefined };
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('text/event-stream')) {
      await response.body?.getReader().cancel();
      return reply;
    }
    const text = await response.text();
    return { ...reply, body: text === '' ? undefined : /json/.test(type) ? JSON.parse(text) : text };
  }

  #request(path: string, method: string, operation: unknown): Sent {
    const values = this.#values;
    const wildness = values.chance(0.5) ? 0 : 0.2;
    const parameters = Object.values(Object(at(operation, 'parameters')));
    let url = path;
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    for (const parameter of parameters) {
      const name = String(at(parameter, 'name'));
      const value = values.of(at(parameter, 'schema'), wildness);
      if (at(parameter, 'in') === 'path') {
        const id = values.chance(0.5) ? values.pick(this.#ids) : value;
        url = url.replace(`{${name}}`, encodeURIComponent(text(id)) || '1');
      } else if (at(parameter, 'in') === 'header' && values.chance(0.3))
        headers[name] = values.pick(CONDITIONS) ?? '';
      else if (at(parameter, 'in') === 'query' && values.chance(parameters.length > 20 ? 0.08 : 0.4))
        addQuery(query, name, value);
    }
    if (values.chance(wildness / 2)) query.append(text(values.hostile()), text(values.hostile()));
    const target = query.size > 0 ? `${url}?${query}` : url;
    return { method: method.toUpperCase(), url: target, ...this.#content(operation, wildness, headers) };
  }

  /** The body of a request and the fields that go with it: mostly as documented. */
  #content(operation: unknown, wildness: number, fields: Record<string, string>) {
    const values = this.#values;
    const token = values.pick(this.#tokens);
    const headers = { ...fields, ...(token !== undefined && { Authorization: `Bearer ${token}` }) };
    if (values.chance(wildness / 4)) Object.assign(headers, { Accept: values.pick(MEDIA_TYPES) });
    const content = Object(at(operation, 'requestBody', 'content'));
    const [type] = Object.keys(content);
    if (!type) return { headers, body: undefined };
    const isBroken = values.chance(wildness / 4);
    const contentType = isBroken ? values.pick(MEDIA_TYPES) : 'application/json';
    const whole = JSON.stringify(values.of(at(content, type, 'schema'), wildness));
    const body = isBroken ? values.pick(['', '{', 'null', whole, whole.slice(1)]) : whole;
    return { headers: { ...headers, 'Content-Type': contentType ?? '' }, body };
  }

  #hold(reply: Reply, operation: unknown, sent: Sent): void {
    const { Authorization: _secret, ...headers } = sent.headers;
    const about = JSON.stringify({
      seed: this.#seed,
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
    const id = at(reply.body, 'id');
    if (reply.status === 201 && id !== undefined) this.#ids.push(String(id));
    for (const name of Object.keys(Object(at(documented, 'headers'))))
      if (name !== 'Retry-After' && name !== 'Idempotent-Replayed' && !name.startsWith('RateLimit'))
        assert.ok(reply.headers.has(name), `${name} is documented: ${about}`);
    const type = (reply.headers.get('content-type') ?? '').split(';')[0] ?? '';
    // People are shown a page where a program gets a problem.
    if (reply.status >= 400 && type === 'text/html') return;
    const schema = at(documented, 'content', type, 'schema');
    if (at(documented, 'content') === undefined || reply.body === undefined || reply.body === '') return;
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
async function tokensOf(served: Served): Promise<(string | undefined)[]> {
  const body = { username: 'tester', password: 'Abcdef1!' };
  await served.call('POST', '/v1/accounts', { body });
  const { body: tokens } = await served.call('POST', '/v1/sessions', { body });
  const token = at(tokens, 'access_token');
  const mine = typeof token === 'string' ? [token, token, token] : [];
  return [...mine, served.administrator, undefined, 'stale'];
}
