import { Type } from 'typebox';
import { passwordRule } from '../../../accounts/passwords/credentials.ts';
import { scopesOf } from '../../../accounts/request-bodies.ts';
import { isDestructive, migrationStatus } from '../../../database/migrations/migrate.ts';
import { type Engine, renamesOfApp, tablesOfApp } from '../../../engine.ts';
import { describeResource } from '../../../rows/declaration/resource-view.ts';
import { ruleMatrix } from '../../../rows/declaration/rule-matrix.ts';
import { OPERATOR_ROLES } from '../../../schema/accounts.ts';
import type { App } from '../../../schema/app.ts';
import { answer, type Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { VERBS } from '../../../schema/rules.ts';
import { LIMITS } from '../../server/limits.ts';
import { PAGE } from '../uniform/list-query.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute } from './admin-route.ts';

/** `GET /v1/admin/declaration`: all that a user interface has to know of an app, as the caller may use it. */
export function declarationRoute<Rs extends Resources>(engine: Engine<Rs>): Route {
  const { store, models, accountModels, authenticate: _, ...rest } = engine;
  // Every app stands where some app is asked for.
  const app = rest.app as unknown as App;
  const rules = ruleMatrix(app).map(({ app: _name, ...line }) => line);
  const scopes = scopesOf(Object.keys(app.resources));
  const options = {
    operationId: 'getDeclaration',
    summary: 'What is declared: resources, fields, relations, operations, rules, migrations',
    description:
      '`may` is by the caller; `schema` is the JSON Schema of a value without null; rules are in the words of the declaration.',
    answers: { 200: declaration },
  };
  return adminRoute('GET', '/declaration', options, async ({ caller }) => {
    const { name, description, accounts, uniform } = app;
    const { patterns: _patterns, ...password } = passwordRule(accounts);
    const migrations = await migrationStatus(store, tablesOfApp(app), renamesOfApp(app));
    return answer(200, {
      name,
      description,
      uniform,
      engine: { node: process.versions.node, database: store.dialect.name },
      roles: [...OPERATOR_ROLES, ...accounts.roles],
      accounts: {
        ...describeResource(accountModels.accounts, caller),
        // Signing up, roles and deletion are verbs of their own.
        signInBy: accounts.signInBy,
        password: accounts.password === false ? null : password,
        operatorPassword: password,
        keys: accounts.keys,
      },
      resources: [...models.values()]
        .filter((model) => model.name !== 'accounts')
        .map((model) => describeResource(model, caller)),
      jobs: Object.entries(app.jobs).map(([job, { every, cron, timeZone, retries, timeout }]) => ({
        name: job,
        every: every === undefined ? null : String(every),
        cron: cron ?? null,
        timeZone,
        retries: retries ?? null,
        timeout: timeout === undefined ? null : String(timeout),
      })),
      rules,
      scopes,
      limits: { page: PAGE, body: LIMITS.body, target: LIMITS.target, verbs: VERBS },
      migrations: {
        current: migrations.current,
        pending: migrations.plan.steps.map(({ line, risk }) => ({ step: line, risk })),
        isDestructive: isDestructive(migrations.plan),
        obstacles: migrations.obstacles,
        applied: migrations.entries.map(({ appliedAt, steps }) => ({ at: appliedAt, steps })),
      },
    });
  });
}

const text = Type.String();
const texts = Type.Array(text);
const flag = Type.Boolean();
const anyObject = Type.Unsafe<unknown>({ type: 'object', additionalProperties: {} });
const nullable = <T extends object>(schema: T) => Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }] });

const field = titled(
  'DeclaredField',
  Type.Object({
    name: text,
    label: text,
    type: text,
    editor: text,
    schema: anyObject,
    nullable: flag,
    default: Type.Unknown(),
    required: flag,
    unique: flag,
    indexed: flag,
    computed: flag,
    server: flag,
    may: Type.Object({ read: flag, create: flag, update: flag }),
    can: anyObject,
    operators: texts,
    sortable: flag,
    searched: flag,
    scale: nullable(Type.Integer()),
    resource: nullable(text),
    onDelete: nullable(text),
  }),
);

const resourceMembers = {
  name: text,
  label: text,
  uniform: flag,
  id: Type.Object({ type: text, schema: anyObject }),
  display: text,
  fields: Type.Array(field),
  relations: Type.Array(
    Type.Object({
      name: text,
      kind: Type.Unsafe({ type: 'string', enum: ['one', 'list', 'many'] }),
      resource: text,
      by: nullable(text),
      max: nullable(Type.Integer()),
    }),
  ),
  order: texts,
  unique: Type.Array(texts),
  atLeastOne: texts,
  checks: Type.Array(Type.Object({ name: text, message: text })),
  search: texts,
  live: flag,
  history: flag,
  softDelete: flag,
  feed: flag,
  countsReads: flag,
  conditional: Type.Unsafe({ type: 'string', enum: ['optional', 'required'] }),
  may: Type.Object({ read: flag, create: flag, update: flag, delete: flag }),
  steps: Type.Array(
    titled(
      'DeclaredStep',
      Type.Object({
        name: text,
        kind: Type.Unsafe({ type: 'string', enum: ['operation', 'transition'] }),
        field: text,
        from: texts,
        to: text,
        can: text,
        may: flag,
      }),
    ),
  ),
};

const declaration = titled(
  'Declaration',
  Type.Object({
    name: text,
    description: text,
    uniform: flag,
    engine: Type.Object({ node: text, database: text }),
    roles: texts,
    accounts: titled(
      'DeclaredAccounts',
      Type.Object({
        ...resourceMembers,
        signInBy: texts,
        password: nullable(anyObject),
        operatorPassword: anyObject,
        keys: anyObject,
      }),
    ),
    resources: Type.Array(titled('DeclaredResource', Type.Object(resourceMembers))),
    jobs: Type.Array(
      Type.Object({
        name: text,
        every: nullable(text),
        cron: nullable(text),
        timeZone: text,
        retries: nullable(Type.Integer()),
        timeout: nullable(text),
      }),
    ),
    rules: Type.Array(
      titled('DeclaredRule', Type.Object({ resource: text, action: text, rule: text, callers: anyObject })),
    ),
    scopes: texts,
    limits: Type.Object({
      page: Type.Object({ default: Type.Integer(), max: Type.Integer() }),
      body: Type.Integer(),
      target: Type.Integer(),
      verbs: texts,
    }),
    migrations: Type.Object({
      current: flag,
      pending: Type.Array(Type.Object({ step: text, risk: text })),
      isDestructive: flag,
      obstacles: texts,
      applied: Type.Array(Type.Object({ at: Type.String({ format: 'date-time' }), steps: texts })),
    }),
  }),
);
