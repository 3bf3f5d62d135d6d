/** The reference on PostgreSQL: Fastify and pg by hand, with named prepared statements and a pool of ten connections. */
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import pg from 'pg';
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

const COLUMNS = 'id, content, views, created_at, updated_at';
const BIGINT = 20;
pg.types.setTypeParser(BIGINT, Number);
const pool = new pg.Pool({ connectionString: process.env.DATABASE, max: 10 });

async function query(name: string, text: string, values: unknown[]): Promise<unknown[]> {
  const { rows } = await pool.query({ name, text, values });
  return rows;
}

function list({ limit, contains, views, before }: Listed['Querystring']): Promise<unknown[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown) =>
    conditions.push(condition.replace('?', `$${values.push(value)}`));
  if (contains !== undefined) add('strpos(content, ?) > 0', contains);
  if (views !== undefined) add('views = ?', views);
  if (before !== undefined) add('created_at < ?', before);
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const text = `select ${COLUMNS} from messages ${where} order by created_at desc limit $${values.push(limit)}`;
  return query(`list ${conditions.join()}`, text, values);
}

const app = fastify();

async function signedIn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (!isToken(request.headers.authorization)) await reply.code(401).send({ error: 'unauthorized' });
}

function send(reply: FastifyReply, [row]: unknown[]) {
  return row ?? reply.code(404).send({ error: 'not found' });
}

const byId = `select ${COLUMNS} from messages where id = $1`;
app.get<ById>('/messages/:id', { schema: one }, async (request, reply) =>
  send(reply, await query('one', byId, [request.params.id])),
);
app.get<ById>('/checked/:id', { schema: one, onRequest: signedIn }, async (request, reply) =>
  send(reply, await query('one', byId, [request.params.id])),
);
app.get<ById>('/messages/:id/view', { schema: one }, async (request, reply) => {
  const text = `update messages set views = views + 1 where id = $1 returning ${COLUMNS}`;
  return send(reply, await query('count', text, [request.params.id]));
});
app.get<Listed>('/messages', { schema: listed }, async (request, reply) => {
  const rows = await list(request.query);
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(rows));
});
app.post<WithContent>('/messages', { schema: created, onRequest: signedIn }, async (request, reply) => {
  const text = `insert into messages (content, views, created_at, updated_at) values ($1, 0, $2, $2) returning ${COLUMNS}`;
  const [row] = await query('insert', text, [request.body.content, new Date().toISOString()]);
  reply.code(201);
  return row;
});
app.patch<ById & WithContent>(
  '/messages/:id',
  { schema: changed, onRequest: signedIn },
  async (request, reply) => {
    const text = `update messages set content = $1, views = 0, updated_at = $2 where id = $3 returning ${COLUMNS}`;
    const values = [request.body.content, new Date().toISOString(), request.params.id];
    return send(reply, await query('update', text, values));
  },
);

await pool.query('create table if not exists sessions (id serial primary key, account integer, at text)');
const account = await hashPassword('a password of the benchmark');
app.post<SignIn>('/sign-in', async (request, reply) => {
  if (!(await isPassword(request.body.password, account))) return reply.code(401).send({ error: 'wrong' });
  await query('session', 'insert into sessions (account, at) values ($1, $2)', [1, new Date().toISOString()]);
  return { access: signToken(1) };
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
