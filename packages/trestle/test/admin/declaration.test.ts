import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accounts,
  administrator,
  anyone,
  app,
  author,
  count,
  createdAt,
  decimal,
  its,
  many,
  nobody,
  oneOf,
  own,
  reference,
  references,
  resource,
  role,
  signedIn,
  text,
  transitions,
} from 'trestle';
import { compileSchema } from '../../src/rows/validate.ts';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { operatorOf } from './operators.ts';

const projects = resource({
  fields: { name: text({ max: 80, unique: true }), issues: many('issues', { by: 'project' }) },
  can: { read: anyone, create: administrator },
});
const tags = resource({ fields: { name: text() }, can: { read: anyone } });
const issues = resource({
  fields: {
    title: text({ min: 1, max: 160, search: true }),
    kind: oneOf(['bug', 'idea'], { default: 'bug' }),
    budget: decimal({ digits: 8, scale: 2, nullable: true, can: { read: role('chief'), update: nobody } }),
    project: reference('projects', { onDelete: 'cascade' }),
    tags: references('tags', { max: 3 }),
    similar: count('issues', { project: its('project') }),
    stage: transitions(['open', 'closed'], { close: { from: 'open', to: 'closed', can: own('owner') } }),
    owner: author(),
    created_at: createdAt(),
  },
  order: '-created_at',
  can: { read: signedIn, create: signedIn, update: own('owner'), delete: own('owner') },
  check: { named: { that: (row) => row.title !== 'x', message: 'needs a better title' } },
  live: true,
  history: true,
  softDelete: true,
});

const tracker = app({
  name: 'tracker',
  description: 'Issues.',
  accounts: accounts({ roles: ['chief'] }),
  resources: { projects, tags, issues },
});

interface Field {
  name: string;
  may: object;
  [member: string]: unknown;
}
interface Described {
  name: string;
  fields: Field[];
  [member: string]: unknown;
}
interface Declaration {
  resources: Described[];
  accounts: Described;
  rules: { resource: string; action: string; rule: string; callers: Record<string, string> }[];
  [member: string]: unknown;
}

eachPlace('the declaration for user interfaces', (place) => {
  test('resources with fields, relations and steps, as the caller may use them; rules; migrations', async () => {
    await using server = await startApps(tracker, await place());
    const root = await operatorOf(server);
    const viewer = await operatorOf(server, 'viewer');
    const { status, body } = await root.call<Declaration>('GET /v1/admin/declaration');
    assert.equal(status, 200);
    const found = body.resources.find(({ name }) => name === 'issues');
    assert.ok(found);
    const { fields, ...shape } = found;
    assert.deepEqual(
      [shape.label, shape.display, shape.order, shape.search, shape.live, shape.history, shape.softDelete],
      ['Issues', 'title', ['-created_at'], ['title'], true, true, true],
    );
    assert.deepEqual(shape.checks, [{ name: 'named', message: 'needs a better title' }]);
    assert.deepEqual(shape.may, { read: true, create: true, update: true, delete: true });
    assert.deepEqual(shape.steps, [
      {
        kind: 'transition',
        field: 'stage',
        can: "own('owner')",
        name: 'close',
        from: ['open'],
        to: 'closed',
        may: true,
      },
    ]);
    assert.deepEqual(shape.relations, [
      { name: 'project', kind: 'one', resource: 'projects', by: null, max: null },
      { name: 'tags', kind: 'list', resource: 'tags', by: null, max: 3 },
      { name: 'owner', kind: 'one', resource: 'accounts', by: null, max: null },
    ]);
    const field = (name: string) => fields.find((each) => each.name === name);
    assert.deepEqual(field('title'), {
      name: 'title',
      label: 'Title',
      type: 'text',
      editor: 'text',
      schema: { type: 'string', minLength: 1, maxLength: 160 },
      nullable: false,
      default: null,
      required: true,
      unique: false,
      indexed: false,
      computed: false,
      server: false,
      may: { read: true, create: true, update: true },
      can: {},
      operators: [
        'eq',
        'ne',
        'gt',
        'gte',
        'lt',
        'lte',
        'in',
        'nin',
        'null',
        'contains',
        'icontains',
        'starts',
        'ends',
        'between',
      ],
      sortable: true,
      searched: true,
      scale: null,
      resource: null,
      onDelete: null,
    });
    assert.deepEqual([field('kind')?.default, field('kind')?.required], ['bug', false]);
    assert.deepEqual(
      [field('budget')?.scale, field('budget')?.can, field('budget')?.may],
      [2, { read: "role('chief')", update: 'nobody' }, { read: true, create: true, update: false }],
    );
    assert.deepEqual([field('project')?.resource, field('project')?.onDelete], ['projects', 'cascade']);
    assert.deepEqual(
      [field('similar')?.computed, field('similar')?.may],
      [true, { read: true, create: false, update: false }],
    );
    assert.deepEqual(
      [field('owner')?.resource, field('owner')?.server, field('created_at')?.server],
      ['accounts', true, true],
    );
    const children = body.resources.find(({ name }) => name === 'projects')?.relations;
    assert.deepEqual(children, [
      { name: 'issues', kind: 'many', resource: 'issues', by: 'project', max: null },
    ]);
    const rule = body.rules.find(({ resource, action }) => resource === 'issues' && action === 'update');
    assert.deepEqual(rule, {
      resource: 'issues',
      action: 'update',
      rule: "own('owner')",
      callers: { anonymous: 'none', account: 'some', chief: 'some', viewer: 'none', administrator: 'all' },
    });
    assert.deepEqual(body.roles, ['administrator', 'viewer', 'chief']);
    assert.ok(Array.isArray(body.scopes) && body.scopes.includes('issues:read'));
    const { current, pending, applied } = body.migrations as {
      current: boolean;
      pending: [];
      applied: { steps: string[] }[];
    };
    assert.deepEqual([current, pending, applied.length], [true, [], 1]);
    assert.ok(body.accounts.fields.some(({ name }) => name === 'username'));

    // A viewer's forms have nothing to set.
    const { body: seen } = await viewer.call<Declaration>('GET /v1/admin/declaration');
    for (const { may, fields: all } of [...seen.resources, seen.accounts]) {
      const { read, ...changes } = may as { read: boolean };
      assert.deepEqual([read, Object.values(changes)], [true, [false, false, false]]);
      for (const one of all)
        assert.deepEqual({ ...one.may, read: true }, { read: true, create: false, update: false });
    }

    // The document says what is answered.
    const { body: document } = await server.call<{
      paths: Record<
        string,
        { get: { responses: Record<string, { content: Record<string, { schema: object }> }> } }
      >;
      components: { schemas: Record<string, object> };
    }>('GET /openapi.json');
    const { schema } =
      document.paths['/v1/admin/declaration']?.get.responses['200']?.content['application/json'] ?? {};
    const whole = JSON.parse(
      JSON.stringify({ ...schema, components: document.components }).replaceAll(
        '#/components/',
        '#/components/',
      ),
    );
    assert.deepEqual(compileSchema(whole)(body), []);
    assert.equal((await server.call('GET /v1/admin/declaration')).status, 401);
  });
});
