/**
 * The reference on SQLite: a server written by hand for this one table. Fastify, node:sqlite, statements prepared once, JSON
 * schemas. GROUP=1 commits the writes of one event-loop tick together; SYNCHRONOUS=FULL or NORMAL; PUBLIC=1 writes a
 * line for each request and sends the headers that Trestle sends.
 */
import { randomUUID } from 'node:crypto';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import {
  type ById,
  changed,
  created,
  hashPassword,
  isPassword,
  isToken,
  type Listed,
  listed,
  one,
  type SignIn,
  signToken,
  type WithContent,
} from './fastify-shared.ts';

const { DATABASE = '', PORT, SYNCHRONOUS = 'FULL', GROUP, PUBLIC } = process.env;
const COLUMNS = 'id, content, views, created_at, updated_at';

const database = new DatabaseSync(DATABASE);
database.exec(`pragma journal_mode = wal; pragma synchronous = ${SYNCHRONOUS}; pragma cache_size = -65536;
  pragma mmap_size = 268435456; pragma temp_store = memory`);
const byId = database.prepare(`select ${COLUMNS} from messages where id = ?`);
const count = database.prepare(`update messages set views = views + 1 where id = ? returning ${COLUMNS}`);
const insert = database.prepare(
  `insert into messages (content, views, created_at, updated_at) values (?, 0, ?, ?) returning ${COLUMNS}`,
);
const update = database.prepare(
  `update messages set content = ?, views = 0, updated_at = ? where id = ? returning ${COLUMNS}`,
);
const EQUAL_VIEWS = 'views = ?';
const lists = new Map<string, StatementSync>();

function listStatement(conditions: readonly string[]): StatementSync {
  const key = conditions.join(' and ');
  const known = lists.get(key);
  if (known) return known;
  const where = key ? `where ${key}` : '';
  // The plus keeps SQLite from walking the whole index of dates for the few rows that an equality lets through.
  const order = conditions.includes(EQUAL_VIEWS) ? '+created_at' : 'created_at';
  const made = database.prepare(`select ${COLUMNS} from messages ${where} order by ${order} desc limit ?`);
  lists.set(key, made);
  return made;
}

function list({ limit, contains, views, before }: Listed['Querystring']) {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, value: SQLInputValue) => {
    conditions.push(condition);
    values.push(value);
  };
  if (contains !== undefined) add('instr(content, ?) > 0', contains);
  if (views !== undefined) add(EQUAL_VIEWS, views);
  if (before !== undefined) add('created_at < ?', before);
  return listStatement(conditions).all(...values, limit);
}

type Rows = ReturnType<StatementSync['all']>;
interface Waiting {
  statement: StatementSync;
  values: readonly SQLInputValue[];
  done: PromiseWithResolvers<Rows>;
}
let queue: Waiting[] = [];

function commitTogether(): void {
  const group = queue;
  queue = [];
  database.exec('begin immediate');
  const results = group.map(({ statement, values }) => statement.all(...values));
  database.exec('commit');
  group.forEach(({ done }, at) => {
    done.resolve(results[at] ?? []);
  });
}

function write(statement: StatementSync, ...values: SQLInputValue[]): Rows | Promise<Rows> {
  if (!GROUP) return statement.all(...values);
  const done = Promise.withResolvers<Rows>();
  if (queue.push({ statement, values, done }) === 1) setImmediate(commitTogether);
  return done.promise;
}

const app = PUBLIC
  ? fastify({ logger: true, disableRequestLogging: true, genReqId: () => randomUUID() })
  : fastify();
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};
if (PUBLIC) {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(HEADERS).header('x-request-id', request.id);
    done();
  });
  app.addHook('onResponse', ({ method, routeOptions: { url: route }, log }, reply, done) => {
    log.info({ method, route, status: reply.statusCode, ms: reply.elapsedTime });
    done();
  });
}

async function signedIn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!isToken(request.headers.authorization)) await reply.code(401).send({ error: 'unauthorized' });
}

function found(reply: FastifyReply, row: unknown): void {
  if (row) reply.send(row);
  else reply.code(404).send({ error: 'not found' });
}

app.get<ById>('/messages/:id', { schema: one }, (request, reply) => {
  found(reply, byId.get(request.params.id));
});
app.get<ById>('/checked/:id', { schema: one, onRequest: signedIn }, (request, reply) => {
  found(reply, byId.get(request.params.id));
});
app.get<ById>('/messages/:id/view', { schema: one }, async (request, reply) => {
  const [row] = await write(count, request.params.id);
  found(reply, row);
  return reply;
});
app.get<Listed>('/messages', { schema: listed }, (request, reply) => {
  // JSON.stringify was quicker here than Fastify's serialiser from a schema.
  reply.type('application/json; charset=utf-8').send(JSON.stringify(list(request.query)));
});
app.post<WithContent>('/messages', { schema: created, onRequest: signedIn }, async (request, reply) => {
  const now = new Date().toISOString();
  const [row] = await write(insert, request.body.content, now, now);
  reply.code(201);
  return row;
});
app.patch<ById & WithContent>(
  '/messages/:id',
  { schema: changed, onRequest: signedIn },
  async (request, reply) => {
    const [row] = await write(update, request.body.content, new Date().toISOString(), request.params.id);
    found(reply, row);
    return reply;
  },
);

database.exec(
  'create table if not exists sessions (id integer primary key, account integer, at text) strict',
);
const addSession = database.prepare('insert into sessions (account, at) values (?, ?) returning id');
const account = await hashPassword('a password of the benchmark');
app.post<SignIn>('/sign-in', async (request, reply) => {
  if (!(await isPassword(request.body.password, account))) return reply.code(401).send({ error: 'wrong' });
  await write(addSession, 1, new Date().toISOString());
  return { access: signToken(1) };
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
