// The code that the admin UI shows for requests: each example of each language is run against a server, and does what it says.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type RunningApp, startApps } from '../../trestle/test/harness.ts';
import {
  type ExampleLanguage,
  type ExampleResource,
  exampleCode,
  exampleRequests,
  LANGUAGES,
} from '../src/screens/examples/examples.ts';
import { filterTree } from '../src/screens/rows/filter-tree.ts';
import { OPERATOR } from './browser.ts';
import { library, operatorToken, seed } from './library.ts';

const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;
const missing = ['curl', 'python3'].find((program) => spawnSync(program, ['--version']).error);
const skip = missing ? `there is no ${missing}` : false;

let served: RunningApp;
let folder: string;
let token: string;
let declaration: { resources: readonly ExampleResource[] };

before(async () => {
  served = await startApps(library);
  await served.engines[0]?.operators.create(HERE, OPERATOR, 'administrator');
  await seed(served);
  token = await operatorToken(served);
  declaration = (await served.call<typeof declaration>('GET /v1/admin/declaration', { token })).body;
  // Here, so that what it imports is found as in an app's own folder.
  folder = await mkdtemp(join(import.meta.dirname, 'examples-'));
});
after(async () => {
  await served?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Runs an example; answers its output. */
async function run(language: ExampleLanguage, code: string): Promise<string> {
  const env = { ...process.env, TOKEN: token };
  const start = async (program: string, args: readonly string[]) =>
    (await promisify(execFile)(program, args, { env, cwd: folder })).stdout;
  if (language === 'curl') return start('bash', ['-c', code.replace('curl ', 'curl -sS --fail-with-body ')]);
  if (language === 'Python') return start('python3', ['-c', code]);
  const file = join(folder, 'example.ts');
  await writeFile(file, code);
  return start(process.execPath, [file]);
}

const query = {
  filter:
    filterTree([
      ['author.name', 'eq', 'Ada'],
      {
        any: [
          ['title', 'icontains', '00'],
          ['pages', 'in', [11, 13]],
        ],
      },
    ]) ?? {},
  sort: ['-pages'],
  expand: { author: true },
};

for (const language of LANGUAGES)
  test(`examples in ${language} do what they say`, { skip }, async () => {
    const resource = declaration.resources.find(({ name }) => name === 'books');
    assert.ok(resource);
    const made = await served.call<{ id: number }>('POST /v1/books', {
      token,
      body: { title: `It's for "${language}" & others`, author: 1 },
    });
    const row = (await served.call<Record<string, unknown>>(`GET /v1/books/${made.body.id}`, { token })).body;
    const requests = exampleRequests({ resource, query, row });
    assert.deepEqual(
      requests.map(({ name }) => name),
      ['list', 'read', 'create', 'change', 'shelve', 'discard', 'delete'],
    );
    for (const request of requests) {
      const code = exampleCode(language, request, served.url);
      const printed = await run(language, code);
      const read = await served.call<Record<string, unknown>>(`GET /v1/books/${made.body.id}`, { token });
      const { name } = request;
      if (name === 'list') {
        assert.match(printed, /Book 013.*Book 011.*Book 009.*Book 001/s, code);
        assert.doesNotMatch(printed, /Book 002|Book 101/, code);
      } else if (name === 'create') {
        const { body } = await served.call<{ items: { title: string; author: number }[] }>(
          'GET /v1/books?sort=-id&limit=1',
          { token },
        );
        assert.deepEqual([body.items[0]?.title, body.items[0]?.author], [row.title, row.author], code);
      } else if (name === 'delete') assert.equal(read.status, 404, code);
      else assert.match(printed, /It\\?'s for/, code);
      if (name === 'shelve') assert.equal(read.body.status, 'shelved', code);
      if (name === 'discard') assert.equal(read.body.status, 'gone', code);
    }
  });

test('an operation is started by its example, and text ids stand in addresses', { skip }, async () => {
  const resource = declaration.resources.find(({ name }) => name === 'volumes');
  assert.ok(resource);
  for (const language of LANGUAGES) {
    const { body: row } = await served.call<{ id: number }>('POST /v1/volumes', {
      token,
      body: { label: language },
    });
    const start = exampleRequests({ resource, query: {}, row: { ...row } }).find(
      ({ name }) => name === 'bind',
    );
    assert.ok(start);
    const code = exampleCode(language, start, served.url);
    assert.match(await run(language, code), /operation|bind|id/, code);
    const moves = await served.call<{ items: unknown[] }>(`GET /v1/volumes/${row.id}/moves`, { token });
    assert.equal(moves.body.items.length, 1, code);
  }
});
