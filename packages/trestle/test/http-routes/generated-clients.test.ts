import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Served } from 'trestle/testing';
import { FUZZED } from './fuzzer.ts';

/** A folder with the generators: `.ci/run` installs them, and names it. */
const TOOLS = process.env.CLIENT_GENERATORS ?? '';
const NPM = join(TOOLS, 'node_modules/.bin');
const PYTHON = join(TOOLS, 'py/bin');
const JAVA = join(PYTHON, 'openapi-generator-cli');
const TSC = resolve(import.meta.dirname, '../../../../node_modules/.bin/tsc');
const missing = (path: string) =>
  TOOLS !== '' && existsSync(path) ? false : `no generators: set CLIENT_GENERATORS to a folder with ${path}`;

/** The same calls with openapi-fetch and @hey-api/openapi-ts. */
const CALLS = `
import createFetch from "openapi-fetch";
import type { paths } from "./messages/types.js";
import { client as hey } from "./messages/hey/client.gen.js";
import * as sdk from "./messages/hey/index.js";

const baseUrl = process.argv[2] ?? '';
const body = { username: 'tester', password: 'Abcdef1!' };
function same(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(a + ' is not ' + b);
}

const plain = createFetch<paths>({ baseUrl });
const tokens = (await plain.POST('/v1/sessions', { body })).data;
const headers = { Authorization: 'Bearer ' + tokens?.access_token };
const api = createFetch<paths>({ baseUrl, headers });
const one = await api.POST('/v1/messages', { body: { content: 'a, b' } });
const id = one.data?.id ?? 0;
const two = (await api.POST('/v1/messages', { body: { content: 'c' } })).data?.id ?? 0;
type Query = NonNullable<paths['/v1/messages']['get']['parameters']['query']>;
const ids = async (query: Query) => (await api.GET('/v1/messages', { params: { query: { sort: 'id', ...query } } })).data?.items.map((row) => row.id);
same(await ids({ 'filter[content][eq]': 'a, b' }), [id]);
same(await ids({ 'filter[id][in]': [id, two] }), [id, two]);
same(await ids({ 'filter[id][between]': [two, two + 9] }), [two]);
same(await ids({ 'filter[author][null]': true }), []);
same(await ids({ 'filter[or]': JSON.stringify([{ id: { eq: id } }, { content: { starts: 'c' } }]) }), [id, two]);
const tag = one.response.headers.get('etag') ?? '';
const path = { id };
const change = (content: string) => api.PATCH('/v1/messages/{id}', { params: { path, header: { 'If-Match': tag } }, body: { content } });
same((await change('x')).data?.content, 'x');
same((await change('y')).error?.code, 'precondition_failed');
same((await api.GET('/v1/me')).data?.username, 'tester');
same((await api.DELETE('/v1/messages/{id}', { params: { path } })).response.status, 204);

hey.setConfig({ baseUrl });
const signed = await sdk.signIn({ body });
hey.setConfig({ baseUrl, auth: () => signed.data?.access_token });
const first = (await sdk.createMessage({ body: { content: 'h1' } })).data?.id ?? 0;
const second = (await sdk.createMessage({ body: { content: 'h2' } })).data?.id ?? 0;
const list = await sdk.listMessages({ query: { sort: 'id', 'filter[id][in]': [first, second], 'filter[content][starts]': 'h' } });
same(list.data?.items.map((row) => row.id), [first, second]);
const filters = JSON.stringify([{ id: { eq: first } }]);
same((await sdk.listMessages({ query: { 'filter[or]': filters } })).data?.items.length, 1);
same((await sdk.getMessage({ path: { id: 999 } })).error?.code, 'not_found');
same((await sdk.replaceMessage({ path: { id: first }, body: { content: 'z' } })).data?.content, 'z');
same((await sdk.updateMessage({ path: { id: first }, body: { content: 'q' } })).data?.content, 'q');
same((await sdk.listKeys()).data?.items, []);
same((await sdk.deleteMessage({ path: { id: first } })).response?.status, 204);
`;

/** The same with openapi-python-client. */
const PYTHON_CALLS = `
import json, sys
from messages import AuthenticatedClient, Client
from messages.api.messages import create_message, delete_message, get_message, list_messages, update_message
from messages.api.sessions import sign_in
from messages.models import MessageBody, MessagePatch, SignInBody
url = sys.argv[1]
token = sign_in.sync(client=Client(base_url=url), body=SignInBody(username='tester', password='Abcdef1!')).access_token
client = AuthenticatedClient(base_url=url, token=token)
one = create_message.sync(client=client, body=MessageBody(content='p, 1'))
two = create_message.sync(client=client, body=MessageBody(content='p2'))
ids = lambda **query: [row.id for row in list_messages.sync(client=client, sort='id', **query).items]
assert ids(filteridin=[one.id, two.id]) == [one.id, two.id]
assert ids(filtercontenteq='p, 1') == [one.id]
assert ids(filterauthornull=True) == []
assert ids(filteror=json.dumps([{'id': {'eq': two.id}}])) == [two.id]
assert update_message.sync(one.id, client=client, body=MessagePatch(content='x')).content == 'x'
assert get_message.sync(9999, client=client).code.value == 'not_found'
assert delete_message.sync_detailed(one.id, client=client).status_code == 204
`;

/** The same with the clients of openapi-generator, for TypeScript and for Python; that one asks for problems alone on DELETE. */
const FETCH_CALLS = `
import { Configuration, MessagesApi, ResponseError, SessionsApi } from "./java/messages/index";

const basePath = process.argv[2] ?? '';
function same(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(a + ' is not ' + b);
}
const signInBody = { username: 'tester', password: 'Abcdef1!' };
const { accessToken } = await new SessionsApi(new Configuration({ basePath })).signIn({ signInBody });
const api = new MessagesApi(new Configuration({ basePath, accessToken }));
const one = await api.createMessage({ messageBody: { content: 'o, 1' } });
const two = await api.createMessage({ messageBody: { content: 'o2' } });
type Query = NonNullable<Parameters<MessagesApi['listMessages']>[0]>;
const ids = async (query: Query) => (await api.listMessages({ sort: 'id', ...query })).items.map((row) => row.id);
same(await ids({ filterIdIn: [one.id, two.id] }), [one.id, two.id]);
same(await ids({ filterContentEq: 'o, 1' }), [one.id]);
same(await ids({ filterCreatedAtLt: new Date(0) }), []);
same(await ids({ filterAuthorNull: true }), []);
same(await ids({ filterOr: JSON.stringify([{ id: { eq: two.id } }]) }), [two.id]);
same((await api.updateMessage({ id: one.id, messagePatch: { content: 'x' } }))?.content, 'x');
const missing = await api.getMessage({ id: 99999 }).catch((error: ResponseError) => error.response.status);
same(missing, 404);
await api.deleteMessage({ id: one.id });
`;
const PYTHON_JAVA_CALLS = `
import json, sys
import messages_java as m
config = m.Configuration(host=sys.argv[1])
signed = m.SessionsApi(m.ApiClient(config)).sign_in(m.SignInBody(username='tester', password='Abcdef1!'))
config.access_token = signed.access_token
api = m.MessagesApi(m.ApiClient(config))
one = api.create_message(m.MessageBody(content='j, 1'))
two = api.create_message(m.MessageBody(content='j2'))
ids = lambda **query: [row.id for row in api.list_messages(sort='id', **query).items]
assert ids(filter_id_in=[one.id, two.id]) == [one.id, two.id]
assert ids(filter_content_eq='j, 1') == [one.id]
assert ids(filter_created_at_gte=two.created_at, filter_content_starts='j2') == [two.id]
assert ids(filter_or=json.dumps([{'id': {'eq': two.id}}])) == [two.id]
assert api.update_message(one.id, m.MessagePatch(content='x')).content == 'x'
api.delete_message(one.id)
try:
    api.get_message(one.id)
    raise AssertionError('it is there still')
except m.exceptions.NotFoundException:
    pass
`;

describe('generated clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-clients-'));
  const servers: Served[] = [];
  let url = '';
  before(async () => {
    if (TOOLS === '') return;
    for (const [name, open] of Object.entries(FUZZED)) {
      const served = await open();
      servers.push(served);
      if (name === 'messages') url = served.url;
      const account = { username: 'tester', password: 'Abcdef1!' };
      if (name === 'messages') await served.call('POST', '/v1/accounts', { body: account });
      const { body } = await served.call('GET', '/openapi.json');
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'openapi.json'), JSON.stringify(body));
    }
    symlinkSync(join(TOOLS, 'node_modules'), join(folder, 'node_modules'));
  });
  after(async () => {
    for (const served of servers) await served.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('openapi-typescript and @hey-api/openapi-ts compile strictly, and call', {
    skip: missing(NPM),
  }, async () => {
    for (const name of Object.keys(FUZZED)) {
      const document = `./${name}/openapi.json`;
      await run(folder, join(NPM, 'openapi-typescript'), document, '-o', `${name}/types.d.ts`);
      const plugins = ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'].flatMap((each) => [
        '-p',
        each,
      ]);
      await run(folder, join(NPM, 'openapi-ts'), '-i', document, '-o', `${name}/hey`, ...plugins, '--silent');
    }
    const options = {
      strict: true,
      target: 'es2024',
      module: 'esnext',
      moduleResolution: 'bundler',
      noEmit: true,
    };
    const lib = ['esnext', 'dom', 'dom.iterable'];
    const compilerOptions = { ...options, lib, types: ['node'], skipLibCheck: true };
    const include = ['*/types.d.ts', '*/hey/**/*.ts', 'calls.ts'];
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include }));
    writeFileSync(join(folder, 'calls.ts'), CALLS);
    assert.equal(await run(folder, TSC, '-p', '.'), '');
    await run(
      folder,
      join(NPM, 'esbuild'),
      'calls.ts',
      '--bundle',
      '--format=esm',
      '--outfile=calls.mjs',
      '--log-level=error',
    );
    await run(folder, process.execPath, 'calls.mjs', url);
  });

  test('openapi-python-client generates without a warning, and calls', {
    skip: missing(PYTHON),
  }, async () => {
    for (const name of Object.keys(FUZZED)) {
      const args = [
        'generate',
        '--path',
        `${name}/openapi.json`,
        '--output-path',
        `py/${name}`,
        '--meta',
        'none',
      ];
      mkdirSync(join(folder, 'py'), { recursive: true });
      const said = await run(folder, join(PYTHON, 'openapi-python-client'), ...args);
      assert.doesNotMatch(said, /warning/i, name);
    }
    writeFileSync(join(folder, 'py/calls.py'), PYTHON_CALLS);
    await run(folder, join(PYTHON, 'python'), 'py/calls.py', url);
  });

  test('openapi-generator makes clients that compile strictly, and call', {
    skip: missing(JAVA),
  }, async () => {
    const java = join(folder, 'java');
    mkdirSync(java);
    const job = (name: string, options: object) => {
      // Webhooks are nothing that a client calls, and this generator imports their types without a name.
      const { webhooks: _, ...document } = JSON.parse(
        readFileSync(join(folder, name, 'openapi.json'), 'utf8'),
      );
      const inputSpec = join(folder, name, 'openapi-calls.json');
      writeFileSync(inputSpec, JSON.stringify(document));
      const config = { inputSpec, ...options };
      const file = join(java, `${Object.values(options).join('-').replaceAll(/\W/g, '_')}.json`);
      writeFileSync(file, JSON.stringify(config));
      return file;
    };
    const jobs = Object.keys(FUZZED).map((name) =>
      job(name, { generatorName: 'typescript-fetch', outputDir: join(java, name) }),
    );
    const python = { generatorName: 'python', outputDir: join(java, 'python'), packageName: 'messages_java' };
    // One machine for all of them: each start of Java takes as long as all the work.
    await run(folder, JAVA, 'batch', '--threads', '2', ...jobs, job('messages', python));
    const compilerOptions = {
      strict: true,
      target: 'es2024',
      module: 'esnext',
      moduleResolution: 'bundler',
      noEmit: true,
      lib: ['esnext', 'dom', 'dom.iterable'],
      types: ['node'],
      skipLibCheck: true,
    };
    const include = ['java/**/*.ts', 'java.ts'];
    writeFileSync(join(folder, 'tsconfig.java.json'), JSON.stringify({ compilerOptions, include }));
    writeFileSync(join(folder, 'java.ts'), FETCH_CALLS);
    assert.equal(await run(folder, TSC, '-p', 'tsconfig.java.json'), '');
    const bundle = ['--bundle', '--format=esm', '--outfile=java.mjs', '--log-level=error'];
    await run(folder, join(NPM, 'esbuild'), 'java.ts', ...bundle);
    await run(folder, process.execPath, 'java.mjs', url);
    writeFileSync(join(java, 'python/calls.py'), PYTHON_JAVA_CALLS);
    await run(join(java, 'python'), join(PYTHON, 'python'), 'calls.py', url);
  });
});

/** Runs a command to its end, and gives what it said; rejects with that where it failed. The servers go on meanwhile. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, PATH: `${PYTHON}:${process.env.PATH}` };
  try {
    return (await promisify(execFile)(command, args, { cwd, env })).stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}\n${Object(error).stdout}\n${Object(error).stderr}`);
  }
}
