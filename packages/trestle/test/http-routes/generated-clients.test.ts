import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { installPackages } from '../npm-folder.ts';
import { FUZZED } from './fuzzer.ts';

const GENERATORS = resolve(import.meta.dirname, '../generators');
const ROOT = resolve(import.meta.dirname, '../../../..');
const BIN = join(ROOT, 'node_modules/.bin');
/** The programs of a Python environment with the generators that npm does not have: `.ci/run` makes it. */
const PYTHON = process.env.CLIENT_GENERATORS ?? '';
const missing = (program: string) =>
  PYTHON !== '' && existsSync(join(PYTHON, program))
    ? false
    : `no ${program}: set CLIENT_GENERATORS to the bin folder of a Python environment with it`;
/** The app of the twenty calls, and the one that declares all there is; every app in .ci/run. */
const NAMES = process.env.TRESTLE_TEST_FILES === 'all' ? Object.keys(FUZZED) : ['messages', 'everything'];

/** How openapi-python-client is told of the two media types that it does not know; see docs/uniform-api.md. */
const PYTHON_CONFIG = {
  content_type_overrides: {
    'application/x-ndjson': 'text/plain',
    'application/vnd.sqlite3': 'application/octet-stream',
  },
};

const COMPILER_OPTIONS = {
  strict: true,
  target: 'es2024',
  module: 'esnext',
  moduleResolution: 'bundler',
  noEmit: true,
  lib: ['esnext', 'dom', 'dom.iterable'],
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
  skipLibCheck: true,
};

describe('generated clients', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-clients-'));
  let unreachable: string | undefined;
  before(async () => {
    unreachable = await installPackages(GENERATORS);
    for (const name of NAMES) {
      const served = await FUZZED[name]?.();
      const document = Object((await served?.call('GET', '/openapi.json'))?.body);
      await served?.close();
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'openapi.json'), JSON.stringify(document));
      // Webhooks are nothing that a client calls, and openapi-generator imports their types without a name.
      const { webhooks: _, ...calls } = document;
      writeFileSync(join(folder, name, 'calls.json'), JSON.stringify(calls));
    }
    cpSync(join(GENERATORS, 'clients'), folder, { recursive: true });
    symlinkSync(join(GENERATORS, 'node_modules'), join(folder, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('of openapi-typescript and @hey-api/openapi-ts compile strictly, and make the twenty calls', async (t) => {
    if (unreachable) return t.skip(unreachable);
    await run(folder, process.execPath, join(GENERATORS, 'generate.mjs'), folder, ...NAMES);
    await compile(['openapi-fetch', 'hey-api'], ['*/types.d.ts', '*/hey/**/*.ts']);
    await callsOf(process.execPath, 'openapi-fetch.mjs');
    await callsOf(process.execPath, 'hey-api.mjs');
  });

  test('of openapi-python-client are generated without a warning, and make the twenty calls', {
    skip: missing('openapi-python-client'),
  }, async () => {
    writeFileSync(join(folder, 'python.json'), JSON.stringify(PYTHON_CONFIG));
    for (const name of NAMES) {
      const options = ['--meta', 'none', '--config', 'python.json', '--output-path', `py/${name}`];
      mkdirSync(join(folder, 'py'), { recursive: true });
      const generate = ['generate', '--path', `${name}/openapi.json`, ...options];
      const printed = await run(folder, join(PYTHON, 'openapi-python-client'), ...generate);
      assert.doesNotMatch(printed, /warning/i, name);
    }
    await callsOf(join(PYTHON, 'python'), 'openapi_python_client.py');
  });

  test('of openapi-generator for axios and Python compile strictly, and make the twenty calls', {
    skip: missing('openapi-generator-cli'),
  }, async (t) => {
    if (unreachable) return t.skip(unreachable);
    const job = (name: string, options: object) => {
      const file = join(folder, `${Object.values(options).join('-').replaceAll(/\W/g, '_')}.json`);
      writeFileSync(file, JSON.stringify({ inputSpec: join(folder, name, 'calls.json'), ...options }));
      return file;
    };
    const axios = {
      generatorName: 'typescript-axios',
      additionalProperties: { useSingleRequestParameter: true },
    };
    const python = {
      generatorName: 'python',
      packageName: 'messages_java',
      outputDir: join(folder, 'py-java'),
    };
    const jobs = NAMES.map((name) => job(name, { ...axios, outputDir: join(folder, name, 'axios') }));
    // One machine for all of them: each start of Java takes as long as all the work.
    const generate = ['batch', '--threads', '2', ...jobs, job('messages', python)];
    await run(folder, join(PYTHON, 'openapi-generator-cli'), ...generate);
    await compile(['openapi-generator'], ['*/axios/*.ts']);
    await callsOf(process.execPath, 'openapi-generator.mjs');
    await callsOf(join(PYTHON, 'python'), 'openapi_generator.py');
  });

  /** Compiles clients of every app with the strictest settings and without a word, and those that make calls into modules. */
  async function compile(clients: readonly string[], generated: readonly string[]): Promise<void> {
    const sources = clients.map((name) => `${name}.ts`);
    const project = { compilerOptions: COMPILER_OPTIONS, include: [...generated, ...sources] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
    assert.equal(await run(folder, join(BIN, 'tsc'), '-p', '.', '--checkers', '1'), '');
    const format = ['--bundle', '--format=esm', '--packages=external', '--out-extension:.js=.mjs'];
    const bundle = [...sources, ...format, '--outdir=.', '--log-level=warning'];
    assert.equal(await run(folder, join(BIN, 'esbuild'), ...bundle), '');
  }

  /** Has a client make its calls to a new server of messages. */
  async function callsOf(program: string, client: string): Promise<void> {
    const served = await FUZZED.messages?.();
    try {
      await run(folder, program, client, served?.url ?? '');
    } finally {
      await served?.close();
    }
  }
});

/** Runs a program to its end, and gives what it printed; rejects with that where it failed. Servers go on meanwhile. */
async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const modules = ['py', 'py-java'].map((name) => join(cwd, name)).join(delimiter);
  const env = { ...process.env, PATH: `${PYTHON}${delimiter}${process.env.PATH}`, PYTHONPATH: modules };
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = Object(error);
    throw new Error(`${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  }
}
