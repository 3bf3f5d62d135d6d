// Feathers 5 on Koa with Knex and better-sqlite3, shaped like what its generator writes.
import { NotAuthenticated } from '@feathersjs/errors';
import { feathers } from '@feathersjs/feathers';
import { KnexService } from '@feathersjs/knex';
import { bodyParser, errorHandler, koa, parseAuthentication, rest } from '@feathersjs/koa';
import { Ajv, getValidator, querySyntax, hooks as schemaHooks } from '@feathersjs/schema';
import knex from 'knex';

const database = knex({
  client: 'better-sqlite3',
  connection: { filename: process.env.DATABASE },
  useNullAsDefault: true,
  pool: {
    afterCreate: (connection, done) => {
      connection.pragma('journal_mode = WAL');
      connection.pragma('synchronous = NORMAL');
      done();
    },
  },
});

const properties = {
  id: { type: 'number' },
  content: { type: 'string', minLength: 1, maxLength: 160 },
  views: { type: 'number' },
  created_at: { type: 'string' },
  updated_at: { type: 'string' },
};
const body = {
  $id: 'Body',
  type: 'object',
  additionalProperties: false,
  required: ['content'],
  properties: { content: properties.content },
};
const query = {
  $id: 'Query',
  type: 'object',
  additionalProperties: false,
  properties: { ...querySyntax(properties, { content: { $like: { type: 'string' } } }) },
};
const validBody = schemaHooks.validateData(getValidator(body, new Ajv({})));
const validQuery = schemaHooks.validateQuery(getValidator(query, new Ajv({ coerceTypes: true })));

async function signedIn({ params }) {
  if (params.provider && params.headers.authorization !== 'Bearer static-token') throw new NotAuthenticated();
}

const app = koa(feathers());
app.use(errorHandler());
app.use(parseAuthentication());
app.use(bodyParser());
app.configure(rest());
app.use(
  'messages',
  new KnexService({
    Model: database,
    name: 'messages',
    paginate: { default: 30, max: 200 },
    operators: ['$like'],
    filters: {},
  }),
);
app.use('views', {
  async get(id) {
    return (await database('messages').where({ id }).increment('views', 1).returning('*'))[0];
  },
});
app.service('messages').hooks({
  before: {
    all: [validQuery],
    create: [
      signedIn,
      validBody,
      async ({ data }) => {
        const now = new Date().toISOString();
        Object.assign(data, { views: 0, created_at: now, updated_at: now });
      },
    ],
    patch: [
      signedIn,
      validBody,
      async ({ data }) => Object.assign(data, { views: 0, updated_at: new Date().toISOString() }),
    ],
    update: [signedIn],
    remove: [signedIn],
  },
});
await app.listen(Number(process.env.PORT), '127.0.0.1');
