// What a careful programmer writes by hand: Express 5 and better-sqlite3.
const express = require('express');
const Database = require('better-sqlite3');

const COLUMNS = 'id, content, views, created_at, updated_at';
const database = new Database(process.env.DATABASE);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = NORMAL');
const byId = database.prepare(`select ${COLUMNS} from messages where id = ?`);
// RETURNING is read with all(): with get() SQLite skips its automatic checkpoint, and the -wal file grows without end.
const count = database.prepare(`update messages set views = views + 1 where id = ? returning ${COLUMNS}`);
const insert = database.prepare(
  `insert into messages (content, views, created_at, updated_at) values (?, 0, ?, ?) returning ${COLUMNS}`,
);
const update = database.prepare(
  `update messages set content = ?, views = 0, updated_at = ? where id = ? returning ${COLUMNS}`,
);
const lists = {};

function listStatement(conditions) {
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const sql = `select ${COLUMNS} from messages ${where} order by created_at desc limit ?`;
  lists[sql] ??= database.prepare(sql);
  return lists[sql];
}

const app = express();
app.disable('x-powered-by');
app.use(express.json());

function signedIn(request, response, next) {
  if (request.get('authorization') === 'Bearer static-token') next();
  else response.status(401).json({ error: 'unauthorized' });
}

function validated(request, response, next) {
  const content = request.body?.content;
  if (typeof content === 'string' && content.length >= 1 && content.length <= 160) next();
  else response.status(422).json({ error: 'content must have 1 to 160 characters' });
}

function send(response, row, status = 200) {
  if (row) response.status(status).json(row);
  else response.status(404).json({ error: 'not found' });
}

app.get('/messages/:id', (request, response) => send(response, byId.get(+request.params.id)));
app.get('/messages/:id/view', (request, response) => send(response, count.all(+request.params.id)[0]));
app.get('/messages', (request, response) => {
  const { limit = 30, contains, views, before } = request.query;
  const conditions = [];
  const values = [];
  if (contains) conditions.push('instr(content, ?) > 0') && values.push(contains);
  if (views) conditions.push('views = ?') && values.push(+views);
  if (before) conditions.push('created_at < ?') && values.push(before);
  response.json(listStatement(conditions).all(...values, Math.min(+limit, 200)));
});
app.post('/messages', signedIn, validated, (request, response) => {
  const now = new Date().toISOString();
  send(response, insert.all(request.body.content, now, now)[0], 201);
});
app.patch('/messages/:id', signedIn, validated, (request, response) =>
  send(response, update.all(request.body.content, new Date().toISOString(), +request.params.id)[0]),
);
app.listen(process.env.PORT, '127.0.0.1');
