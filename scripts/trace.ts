import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as testing from '../packages/trestle/src/testing.ts';
import { instrument, type SourceFunction, type Tracer } from './instrument.ts';

const HELP = `npm run trace -- [options] [flow…]

Counts the functions and files of packages/trestle/src and apps that one request enters, and the file switches:
adjacent functions in the order of entry that lie in different files. The same request was sent once before. It is sent three
times, and the time with the fewest functions counts: in the others a timer of the server went off. Fastify, jose, Node
and constructors are not counted.

Flows: patch (with If-Match), list (filter and cursor), sign-in, refresh, operation (from accept to finish).

  --list         the functions in the order they were entered
  --write        puts the table into ARCHITECTURE.md
  --check        fails where a flow enters more functions or files than ARCHITECTURE.md says
  --root FOLDER  the repository to trace, such as another commit's work tree (default: this one)
  --help         this text`;

type Served = Awaited<ReturnType<typeof testing.serveApp>>;
type Reply = Awaited<ReturnType<Served['call']>>;

interface Flow {
  title: string;
  app: string;
  /** Prepares what the request needs and returns it, ready to be sent again and again. */
  prepare(served: Served): Promise<() => Promise<Reply>>;
  status: number;
  /** Resolves when what the request started has ended. */
  ended?: (served: Served, reply: Reply) => Promise<void>;
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: resolve(import.meta.dirname, '..') },
    help: { type: 'boolean', default: false },
  },
});

/** The table of ARCHITECTURE.md. */
const TABLE = /\| flow \| functions \|[\s\S]*?\n\n/;

/** How often each flow is traced. */
const TIMES = 3;
const CREDENTIALS = { username: 'ann', password: 'correct horse battery' };

async function tokenOf(served: Served): Promise<string> {
  await served.call('POST', '/v1/accounts', { body: CREDENTIALS });
  const { body } = await served.call('POST', '/v1/sessions', { body: CREDENTIALS });
  return (body as { access_token: string }).access_token;
}

const FLOWS: Readonly<Record<string, Flow>> = {
  patch: {
    title: 'PATCH with If-Match',
    app: 'changelog',
    async prepare(served) {
      const token = await tokenOf(served);
      const { headers } = await served.call('POST', '/v1/projects', { token, body: { title: 'one' } });
      let tag = headers.get('etag') ?? '';
      let count = 0;
      return async () => {
        count += 1;
        const body = { title: `title ${count}` };
        const sent = { token, body, headers: { 'if-match': tag } };
        const reply = await served.call('PATCH', '/v1/projects/1', sent);
        tag = reply.headers.get('etag') ?? '';
        return reply;
      };
    },
    status: 200,
  },
  list: {
    title: 'list with filter and cursor',
    app: 'changelog',
    async prepare(served) {
      const token = await tokenOf(served);
      for (let count = 0; count < 60; count += 1)
        await served.call('POST', '/v1/projects', { token, body: { title: `title ${count % 10}` } });
      const list = '/v1/projects?filter[title][contains]=title&sort=title&limit=10';
      const { body } = await served.call('GET', list, { token });
      const { next } = body as { next: string };
      return () => served.call('GET', `${list}&cursor=${encodeURIComponent(next)}`, { token });
    },
    status: 200,
  },
  'sign-in': {
    title: 'sign-in',
    app: 'messages',
    async prepare(served) {
      await tokenOf(served);
      return () => served.call('POST', '/v1/sessions', { body: CREDENTIALS });
    },
    status: 200,
  },
  refresh: {
    title: 'refresh',
    app: 'messages',
    async prepare(served) {
      await tokenOf(served);
      const { body } = await served.call('POST', '/v1/sessions', { body: CREDENTIALS });
      let { refresh_token } = body as { refresh_token: string };
      return async () => {
        const reply = await served.call('POST', '/v1/sessions:refresh', { body: { refresh_token } });
        ({ refresh_token } = reply.body as { refresh_token: string });
        return reply;
      };
    },
    status: 200,
  },
  operation: {
    title: 'operation, accept to finish',
    app: 'packages',
    async prepare(served) {
      const secret = { headers: { 'secret-key': served.administrator } };
      const { body: token } = await served.call('GET', '/auth/new?name=trace', secret);
      const body = { name: 'tool', version: '1.0' };
      const created: unknown[] = [];
      for (let count = 0; count <= TIMES; count += 1)
        created.push((await served.call('POST', '/v1/packages', { token: String(token), body })).body);
      return () => {
        const { id } = created.pop() as { id: number };
        return served.call('POST', `/v1/packages/${id}:download`, { token: String(token) });
      };
    },
    status: 202,
    ended: operationEnded,
  },
};

/** Looks at the database itself: a look through the engine would be traced. */
async function operationEnded(served: Served, reply: Reply): Promise<void> {
  const { id } = reply.body as { id: string };
  const database = new DatabaseSync(join(served.data, 'packages.db'), { readOnly: true });
  const tables = database
    .prepare("select name from sqlite_master where name in ('_trestle_operations', '_trestle_jobs')")
    .all();
  const state = database.prepare(`select state from "${tables[0]?.name}" where id = ?`);
  while (!/succeeded|failed|cancel/.test(String(state.get(id)?.state))) await pause(2);
  database.close();
}

/** Sends the request: it is no part of the server. */
const CLIENT = 'packages/trestle/src/testing.ts';

async function traced(flow: Flow, tracer: Tracer): Promise<SourceFunction[]> {
  const load = (path: string) => import(pathToFileURL(join(options.root, path)).href);
  const { serveApp } = (await load(CLIENT)) as typeof testing;
  const { default: app } = await load(`apps/${flow.app}/app.ts`);
  const data = mkdtempSync(join(tmpdir(), 'trestle-trace-'));
  const served = await serveApp(app, { data });
  try {
    const request = await flow.prepare(served);
    await once(flow, served, request);
    let fewest: SourceFunction[] | undefined;
    for (let time = 0; time < TIMES; time += 1) {
      await pause(50);
      tracer.start();
      await once(flow, served, request);
      await pause(10);
      const entered = tracer.stop().filter(({ file }) => file !== CLIENT);
      if (fewest === undefined || distinct(entered) < distinct(fewest)) fewest = entered;
    }
    return fewest ?? [];
  } finally {
    await served.close();
    rmSync(data, { recursive: true });
  }
}

async function once(flow: Flow, served: Served, request: () => Promise<Reply>): Promise<void> {
  const reply = await request();
  if (reply.status !== flow.status) throw new Error(`${reply.status}: ${JSON.stringify(reply.body)}`);
  await flow.ended?.(served, reply);
}

function described({ file, line, name }: SourceFunction): string {
  return `${file}:${line} ${name}`;
}

function distinct(entered: readonly SourceFunction[]): number {
  return new Set(entered.map(described)).size;
}

function row(title: string, entered: readonly SourceFunction[]): string {
  const functions = distinct(entered);
  const files = new Set(entered.map(({ file }) => file)).size;
  const switches = entered.filter(({ file }, index) => index > 0 && entered[index - 1]?.file !== file).length;
  return `| ${title} | ${functions} | ${files} | ${switches} |`;
}

const unknown = positionals.filter((name) => !Object.hasOwn(FLOWS, name));
if (options.help || unknown.length > 0) {
  console.log(HELP);
  process.exitCode = options.help ? 0 : 1;
} else {
  process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
  const tracer = instrument(options.root);
  const listed: string[] = [];
  const lines = ['| flow | functions | files | file switches |', '| --- | --- | --- | --- |'];
  for (const [name, flow] of Object.entries(FLOWS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const entered = await traced(flow, tracer);
    lines.push(row(flow.title, entered));
    if (options.list) listed.push(...entered.map(described));
  }
  console.log([...lines, ...listed].join('\n'));
  if (options.write) writeTable(lines);
  if (options.check) checkTable(lines);
}

function writeTable(lines: readonly string[]): void {
  const path = join(options.root, 'ARCHITECTURE.md');
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(TABLE, () => `${lines.join('\n')}\n\n`),
  );
}

function checkTable(lines: readonly string[]): void {
  const table = TABLE.exec(readFileSync(join(options.root, 'ARCHITECTURE.md'), 'utf8'))?.[0] ?? '';
  const told = new Map(table.split('\n').map((line) => [cells(line)[0], cells(line)] as const));
  for (const [title = '', functions, files] of lines.slice(2).map(cells)) {
    const [, mostFunctions, mostFiles] = told.get(title) ?? [];
    if (Number(functions) <= Number(mostFunctions) && Number(files) <= Number(mostFiles)) continue;
    console.error(`${title}: ARCHITECTURE.md says ${mostFunctions} functions in ${mostFiles} files`);
    process.exitCode = 1;
  }
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}
