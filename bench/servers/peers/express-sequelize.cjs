// Express 5 and Sequelize 6 on SQLite.
const express = require('express');
const { Sequelize, DataTypes, Op } = require('sequelize');

const sequelize = new Sequelize({ dialect: 'sqlite', storage: process.env.DATABASE, logging: false });
const Message = sequelize.define(
  'Message',
  {
    content: { type: DataTypes.STRING(160), allowNull: false, validate: { len: [1, 160] } },
    views: { type: DataTypes.INTEGER, allowNull: false, defaultValue: 0 },
  },
  { tableName: 'messages', createdAt: 'created_at', updatedAt: 'updated_at' },
);

const app = express();
app.use(express.json());

function signedIn(request, response, next) {
  if (request.get('authorization') === 'Bearer static-token') next();
  else response.status(401).json({ error: 'unauthorized' });
}

function send(response, row, status = 200) {
  if (row) response.status(status).json(row);
  else response.status(404).json({ error: 'not found' });
}

app.get('/messages/:id', async (request, response) =>
  send(response, await Message.findByPk(request.params.id)),
);
app.get('/messages/:id/view', async (request, response) => {
  await Message.increment('views', { where: { id: request.params.id }, silent: true });
  send(response, await Message.findByPk(request.params.id));
});
app.get('/messages', async (request, response) => {
  const { limit = 30, contains, views, before } = request.query;
  const where = {};
  if (contains) where.content = { [Op.substring]: contains };
  if (views) where.views = +views;
  // As text: the table holds ISO 8601, and Sequelize writes its dates in another form.
  if (before) where[Op.and] = sequelize.where(sequelize.col('created_at'), Op.lt, before);
  const order = [['created_at', 'DESC']];
  response.json(await Message.findAll({ where, order, limit: Math.min(+limit, 200) }));
});
app.post('/messages', signedIn, async (request, response) =>
  send(response, await Message.create({ content: request.body.content }), 201),
);
app.patch('/messages/:id', signedIn, async (request, response) => {
  const found = await Message.findByPk(request.params.id);
  send(response, found && (await found.update({ content: request.body.content, views: 0 })));
});
app.use((error, _request, response, _next) => {
  response.status(error.name === 'SequelizeValidationError' ? 422 : 500).json({ error: error.message });
});

async function start() {
  await sequelize.query('pragma journal_mode = wal');
  await sequelize.query('pragma synchronous = normal');
  app.listen(process.env.PORT, '127.0.0.1');
}

void start();
