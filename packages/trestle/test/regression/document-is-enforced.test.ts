// What a document says of bodies, parameters and credentials is what the server enforces, and the reverse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resources } from 'trestle';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';
import { at, notebook } from '../http-routes/notes.ts';

/** Statuses that say that a request was not as the document has it. */
const REFUSED = [400, 404, 406, 413, 415, 422];
/** Longer than any text that is limited by what the service stores. */
const LONG = 'x'.repeat(1_000_100);

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: unknown;
}

/** One app with somebody who may use most of it. */
class Walk {
  readonly #served: Served<Resources>;
  readonly #document: unknown;
  readonly #tokens: { readonly account: string; readonly administrator: string };
  readonly differences: string[] = [];
  /** A row of each collection, for the paths of one. */
  readonly #ids = new Map<string, string>();

  constructor(served: Served<Resources>, document: unknown, account: string) {
    this.#served = served;
    this.#document = document;
    this.#tokens = { account, administrator: served.administrator };
  }

  operations(): Operation[] {
    return Object.entries(Object(at(this.#document, 'paths'))).flatMap(([path, item]) =>
      Object.entries(Object(item)).map(([method, operation]) => ({
        id: String(at(operation, 'operationId')),
        method: method.toUpperCase(),
        path,
        operation,
      })),
    );
  }

  /** The JSON Schema of the body, and a value that fits it. */
  #body(operation: unknown): { schema: unknown; example: Record<string, unknown> } | undefined {
    const schema = this.#followed(at(operation, 'requestBody', 'content', 'application/json', 'schema'));
    return schema === undefined ? undefined : { schema, example: Object(at(schema, 'examples', 0)) };
  }

  #followed(value: unknown): unknown {
    const reference = at(value, '$ref');
    return typeof reference === 'string' ? at(this.#document, ...reference.split('/').slice(1)) : value;
  }

  #url(path: string): string {
    const id = this.#ids.get(path.split('/{')[0] ?? '') ?? '1';
    return path.replaceAll(/\{\w+\}/g, id);
  }

  async call({ method, path, operation }: Operation, body?: unknown, query = ''): Promise<Reply> {
    const schemes = JSON.stringify(at(operation, 'security') ?? []);
    const isPublic = schemes === '[]' || schemes.includes('{}');
    const description = String(at(operation, 'description'));
    const token = description.includes('administrator') ? this.#tokens.administrator : this.#tokens.account;
    const needed = query === '' ? requiredQuery(operation) : query;
    const reply = await this.#served.call(method, `${this.#url(path)}${needed}`, {
      ...(!(isPublic && schemes === '[]') && { token }),
      ...(body !== undefined && { body }),
    });
    if (reply.status === 201) this.#ids.set(path, String(at(reply.body, 'id')));
    return reply;
  }

  #expect(operation: Operation, says: string, { status, body }: Reply, isRefused: boolean): void {
    if (status === 429 || /already/.test(JSON.stringify(body) ?? '')) return;
    if (REFUSED.includes(status) !== isRefused)
      this.differences.push(`${operation.id} ${says}: ${status} ${JSON.stringify(body)?.slice(0, 200)}`);
  }

  async credentials(each: Operation): Promise<void> {
    const schemes = Object.values(Object(at(each.operation, 'security')));
    const { status } = await this.#served.call(each.method, this.#url(each.path));
    const isOpen = schemes.length === 0 || schemes.some((scheme) => Object.keys(Object(scheme)).length === 0);
    const signsIn = /sign|log ?in|token/i.test(`${at(each.operation, 'summary')}${each.id}`);
    if (isOpen === [401, 403].includes(status) && !(isOpen && signsIn))
      this.differences.push(`${each.id} is ${isOpen ? '' : 'not '}for everybody, anonymous: ${status}`);
    const two = { Authorization: 'Bearer one', 'X-API-Key': 'two' };
    const both = await this.#served.call(each.method, this.#url(each.path), { headers: two });
    const isAdministrators = schemes.some((scheme) => JSON.stringify(scheme).includes('secret'));
    if (schemes.length > 0 && !isAdministrators && both.status !== 400)
      this.differences.push(`${each.id} takes two credentials: ${both.status}`);
  }

  async bodies(each: Operation): Promise<void> {
    const found = this.#body(each.operation);
    if (!found) return;
    const { schema, example } = found;
    this.#expect(each, 'takes its example', await this.call(each, example), false);
    const isRequired = at(each.operation, 'requestBody', 'required') === true;
    this.#expect(each, `without a body (required: ${isRequired})`, await this.call(each), isRequired);
    const branches = Object.values(Object(at(schema, 'anyOf'))).map((one) => this.#followed(one));
    const isClosed = (branches.length > 0 ? branches : [schema]).every(
      (one) => at(one, 'additionalProperties') === false,
    );
    const more = await this.call(each, { ...example, not_there: 1 });
    this.#expect(each, `with another member (closed: ${isClosed})`, more, isClosed);
    const required = Object.values(Object(at(schema, 'required')));
    const least = Number(at(schema, 'minProperties') ?? 0);
    for (const [name, member] of Object.entries(Object(at(schema, 'properties')))) {
      // A credential.
      if (name === 'access-token') continue;
      const { [name]: _left, ...without } = example;
      const tooFew = Object.keys(without).length < least;
      const isNeeded = required.includes(name) || tooFew;
      this.#expect(each, `without ${name} (required: ${isNeeded})`, await this.call(each, without), isNeeded);
      await this.#member(each, name, this.#followed(member), example);
    }
  }

  async #member(each: Operation, name: string, schema: unknown, example: object): Promise<void> {
    const types = [at(schema, 'type')].flat();
    const sent = (value: unknown) => this.call(each, { ...example, [name]: value });
    if (!types.includes('null') && schema !== undefined && at(schema, 'type') !== undefined)
      this.#expect(each, `${name} null`, await sent(null), true);
    if (types.includes('string') && at(schema, 'enum') === undefined && at(schema, 'format') === undefined) {
      const limit = Number(at(schema, 'maxLength') ?? Infinity);
      const tooLong = Number.isFinite(limit) ? 'x'.repeat(limit + 1) : LONG.slice(0, 300_000);
      this.#expect(each, `${name} too long (${limit})`, await sent(tooLong), Number.isFinite(limit));
      const least = Number(at(schema, 'minLength') ?? 0);
      if (least > 0) this.#expect(each, `${name} too short`, await sent('x'.repeat(least - 1)), true);
      else if (at(schema, 'pattern') === undefined)
        this.#expect(each, `${name} empty`, await sent(''), false);
    }
    for (const [bound, by] of [
      ['minimum', -1],
      ['maximum', 1],
    ] as const) {
      const limit = Number(at(schema, bound) ?? Number.NaN);
      if (Number.isSafeInteger(limit + by))
        this.#expect(each, `${name} beyond its ${bound}`, await sent(limit + by), true);
    }
  }

  async parameters(each: Operation): Promise<void> {
    for (const parameter of Object.values(Object(at(each.operation, 'parameters')))) {
      if (at(parameter, 'in') !== 'query') continue;
      const name = encodeURIComponent(String(at(parameter, 'name')));
      const schema = at(parameter, 'schema');
      const wrong = wrongParameter(schema);
      if (wrong !== undefined)
        this.#expect(each, `${name}=${wrong}`, await this.call(each, undefined, `?${name}=${wrong}`), true);
    }
  }
}

/** The query parameters that an operation cannot do without. */
function requiredQuery(operation: unknown): string {
  const parameters = Object.values(Object(at(operation, 'parameters')));
  const needed = parameters.filter((one) => at(one, 'in') === 'query' && at(one, 'required') === true);
  const pairs = needed.map((one) => `${at(one, 'name')}=${at(one, 'schema', 'maximum') ?? 1}`);
  // Of filters one at least, which no document can say.
  const all = 'filter[id][null]';
  if (pairs.length > 0 && parameters.some((one) => at(one, 'name') === all)) pairs.push(`${all}=false`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** A value that a parameter's schema refuses, if there is any. */
function wrongParameter(schema: unknown): string | undefined {
  const isArray = at(schema, 'type') === 'array';
  const item = isArray ? at(schema, 'items') : schema;
  if (at(item, 'enum') !== undefined) return 'not-one-of-them';
  switch (at(item, 'type')) {
    case 'integer':
      return at(item, 'maximum') === undefined ? '1.5' : String(Number(at(item, 'maximum')) + 1);
    case 'number':
    case 'boolean':
      return 'neither';
    default:
      return at(item, 'format') === 'date-time' ? 'yesterday' : undefined;
  }
}

/** An access token of a new account, or a key where there are no passwords. */
async function accountOf(served: Served<Resources>): Promise<string> {
  const credentials = { username: 'tester', password: 'Abcdef1!' };
  await served.call('POST', '/v1/accounts', { body: credentials });
  const { body } = await served.call('POST', '/v1/sessions', { body: credentials });
  const token = at(body, 'access_token');
  if (typeof token === 'string') return token;
  const made = await served.call('POST', '/v1/accounts', {
    body: { username: 'tester' },
    token: served.administrator,
  });
  const account = at(made.body, 'id') ?? null;
  const key = await served.call('POST', '/v1/keys', { body: { account }, token: served.administrator });
  return String(at(key.body, 'key'));
}

function holds<Rs extends Resources>(name: string, open: () => Promise<Served<Rs>>): void {
  test(`${name}: the document is what is enforced`, async () => {
    const served = (await open()) as unknown as Served<Resources>;
    try {
      const { body: document } = await served.call('GET', '/openapi.json');
      const token = await accountOf(served);
      const walk = new Walk(served, document, token);
      const all = walk.operations().filter(({ id }) => !/^end|password/i.test(id));
      // A key manages no keys, no sessions and no account: it gets 403, whatever it sends.
      const refused = token.startsWith('trs_')
        ? /^(?!listApi).*Key(?:s|Uses)?$|^updateMe$|^listSessions$/
        : /^$/;
      // The rows of a batch's example may not be there, nor is there a backup to restore, another's account is not to be changed, and the path of an upsert has a
      // value that the body has too.
      const others = /^(?:batch|restoreBackup|updateAccount|upsert.*)$/;
      const isLeftOut = (id: string) => refused.test(id) || others.test(id);
      const ways = all.filter(({ method, id }) => method !== 'DELETE' && !isLeftOut(id));
      for (const each of ways.filter(({ method }) => method === 'POST')) await walk.bodies(each);
      for (const each of ways.filter(({ method }) => method !== 'POST')) await walk.bodies(each);
      for (const each of ways.filter(({ method }) => method === 'GET')) await walk.parameters(each);
      for (const each of all) await walk.credentials(each);
      assert.deepEqual(walk.differences, []);
    } finally {
      await served.close();
    }
  });
}

holds('changelog', () => serveApp(changelog));
holds('messages', () => serveApp(messages));
holds('records', () => serveApp(records));
holds('forum', () => serveApp(forum));
holds('packages', () => serveApp(packages));
holds('an app without a contract', () => serveApp(notebook));
