import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  boolean,
  count,
  createdAt,
  date,
  decimal,
  exists,
  integer,
  integerId,
  its,
  json,
  list,
  many,
  me,
  number,
  oneOf,
  reference,
  references,
  resource,
  sum,
  text,
  timestamp,
  uuidId,
  where,
} from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import { at, problem } from '../../http-routes/notes.ts';
import { eachPlace } from '../../stores.ts';

const can = { read: anyone, create: anyone, update: anyone };

const resources = {
  hubs: resource({
    id: integerId(),
    fields: {
      name: text(),
      first: reference('things', { nullable: true }),
      second: reference('things', { nullable: true }),
      several: references('things', { max: 5 }),
      labels: references('labels', { max: 5 }),
      owner: author(),
      things: many('things', { by: 'hub' }),
      notes: many('notes', { by: 'hub' }),
    },
    can: { ...can, update: anyone },
  }),
  /** A column of each type, in another order than in the others. */
  things: resource({
    id: integerId(),
    fields: {
      amount: decimal({ digits: 9, scale: 2 }),
      on: date({ nullable: true }),
      name: text(),
      size: integer({ default: 3 }),
      ratio: number({ nullable: true }),
      done: boolean({ default: false }),
      data: json({ nullable: true }),
      tags: list(text(), { default: [] }),
      kind: oneOf(['plain', 'urgent'], { default: 'plain' }),
      due: timestamp({ nullable: true }),
      secret: text({ default: 'hidden', can: { read: where({ done: true }) } }),
      hub: reference('hubs', { nullable: true }),
      label: reference('labels', { nullable: true }),
      made: createdAt(),
    },
    order: ['-size', '-id'],
    can: { ...can, read: where({ size: { gt: 0 } }) },
  }),
  labels: resource({
    id: uuidId(),
    fields: {
      word: text(),
      on: date({ nullable: true }),
      uses: count('things', { label: its('id') }),
      total: sum('things', 'amount', { label: its('id') }),
      mine: exists('hubs', { owner: me }),
      hub: reference('hubs', { nullable: true }),
    },
    order: 'word',
    can,
  }),
  nodes: resource({
    id: integerId(),
    fields: {
      a: reference('nodes', { nullable: true }),
      b: reference('nodes', { nullable: true }),
      c: reference('nodes', { nullable: true }),
      d: reference('nodes', { nullable: true }),
      e: reference('nodes', { nullable: true }),
    },
    can,
  }),
  notes: resource({
    id: integerId(),
    fields: { line: text(), open: boolean({ default: true }), hub: reference('hubs') },
    order: '-id',
    can,
  }),
};

eachPlace('relations of one level', (place) => {
  let served: Served<typeof resources>;
  let token = '';
  const call = async (path: string) => {
    const from = served.statements();
    const { status, body } = await served.call('GET', `/v1/${path}`, { token });
    assert.equal(status, 200, JSON.stringify(body));
    return { rows: at(body, 'items') as object[], statements: served.statements() - from };
  };

  before(async () => {
    const declared = app({ name: 'levels', accounts: accounts({ password: anyText }), resources });
    served = await serveApp(declared, await place());
    const credentials = { username: 'ann', password: 'a password' };
    await served.call('POST', '/v1/accounts', { body: credentials });
    const session = await served.call('POST', '/v1/sessions', { body: credentials });
    token = String(at(session.body, 'access_token'));
    const make = async (path: string, body: object) => {
      const made = await served.call('POST', `/v1/${path}`, { body, token });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return at(made.body, 'id');
    };
    for (const name of ['h1', 'h2', 'h3']) await make('hubs', { name });
    const labels: unknown[] = [];
    for (const word of ['b', 'a', 'c']) labels.push(await make('labels', { word, on: '2026-02-03', hub: 1 }));
    for (let n = 0; n < 12; n += 1)
      await make('things', {
        amount: `${n}.50`,
        name: `t${n}`,
        size: n % 4,
        ratio: n % 2 ? n / 3 : null,
        done: n % 3 === 0,
        data: n % 2 ? { n: [n] } : null,
        tags: [`x${n}`],
        due: n % 2 ? '2026-01-02T03:04:05.678Z' : null,
        on: n % 2 ? '2026-01-02' : null,
        hub: 1 + (n % 2),
        label: labels[n % 3],
      });
    for (let n = 0; n < 7; n += 1) await make('notes', { line: `n${n}`, hub: 1 + (n % 3) });
    await make('nodes', {});
    await served.call('PATCH', '/v1/nodes/1', { body: { a: 1, b: 1, c: 1, d: 1, e: 1 }, token });
    await served.call('PATCH', '/v1/hubs/1', {
      token,
      body: { first: 2, second: 7, several: [7, 4, 2], labels },
    });
    await served.call('PATCH', '/v1/hubs/2', { token, body: { first: 2, second: 5, labels: [labels[2]] } });
  });
  after(() => served.close());

  const relations = {
    first: '',
    second: '&expand[second][fields]=amount,secret,due',
    several: '',
    labels: '',
    owner: '',
    things: '&expand[things][limit]=3&expand[things][sort]=name&expand[things][filter][done]=false',
    notes: '&expand[notes][fields]=line',
  };

  test('are as each of them alone, in one statement', async () => {
    const together = await call(
      `hubs?expand=${Object.keys(relations)}${Object.values(relations).join('')}&sort=id&limit=3`,
    );
    assert.equal(together.statements, 2);
    for (const [name, query] of Object.entries(relations)) {
      const alone = await call(`hubs?expand=${name}${query}&sort=id&limit=3`);
      assert.equal(alone.statements, 2);
      assert.deepEqual(
        together.rows.map((row) => at(row, 'expand', name)),
        alone.rows.map((row) => at(row, 'expand', name)),
        name,
      );
    }
    const [first, second] = together.rows as [object, object];
    assert.deepEqual(
      (at(first, 'expand', 'things') as object[]).map((row) => at(row, 'name')),
      ['t10', 't2'],
    );
    assert.deepEqual(at(first, 'expand', 'second'), {
      id: 7,
      amount: '6.50',
      secret: 'hidden',
      due: null,
    });
    assert.equal('secret' in Object(at(first, 'expand', 'first')), false);
    assert.deepEqual(at(second, 'expand', 'notes'), [
      { id: 5, line: 'n4' },
      { id: 2, line: 'n1' },
    ]);
    // A row that the rule hides is missing, in the order of the others.
    assert.equal(at(second, 'expand', 'second'), null);
    assert.deepEqual(
      (at(first, 'expand', 'several') as object[]).map((row) => at(row, 'id')),
      [7, 4, 2],
    );
  });

  test('on two and three levels are a statement each', async () => {
    const paths = ['first.label.hub', 'first.hub', 'things.label', 'things.hub.notes', 'labels.hub', 'owner'];
    const together = await call(`hubs?limit=3&sort=id&expand=${paths}`);
    assert.equal(together.statements, 4);
    for (const path of paths) {
      const names = path.split('.');
      const alone = await call(`hubs?limit=3&sort=id&expand=${path}`);
      assert.equal(alone.statements, names.length + 1);
      // The rows at the end of the path, which others are shown beside on the way.
      const ends = (rows: object[], [name = '', ...rest]: string[]): unknown[] => {
        const found = rows.flatMap((row) => at(row, 'expand', name) ?? []) as object[];
        return rest.length > 0 ? ends(found, rest) : found.map((row) => ({ ...row, expand: undefined }));
      };
      assert.deepEqual(ends(together.rows, names), ends(alone.rows, names), path);
    }
  });

  test('are read in transactions, and of one row', async () => {
    const one = await served.call('GET', '/v1/hubs/1?expand=first,notes,things.label', { token });
    const [row] = (await call('hubs?sort=id&limit=1&expand=first,notes,things.label')).rows;
    assert.deepEqual(one.body, row);
  });

  test('are a hundred at most', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const paths = (depth: number): string[] =>
      depth === 0 ? [''] : names.flatMap((name) => paths(depth - 1).map((rest) => `${name}.${rest}`));
    const expand = paths(3).map((path) => path.slice(0, -1));
    const of = (some: readonly string[]) => served.call('GET', `/v1/nodes/1?expand=${some}`);
    const from = served.statements();
    problem(await of(expand), 400, 'invalid_query');
    assert.equal(served.statements() - from, 0);
    // Three of the first level, 15 of the second, 75 of the third.
    const fits = await of(expand.slice(0, 75));
    assert.equal(fits.status, 200);
    assert.equal(at(fits.body, 'expand', 'c', 'expand', 'e', 'expand', 'e', 'id'), 1);
  });
});
