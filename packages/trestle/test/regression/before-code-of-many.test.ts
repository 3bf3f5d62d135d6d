// Code before writes runs once for each row of a transaction, is given rows that the transaction has made, and under ids that they keep.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anyone, app, integerId, reference, resource, text, uuidId } from 'trestle';
import { Problem, system } from 'trestle/contract';
import { type Reply, serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const open = { read: anyone, create: anyone, update: anyone, delete: anyone };

/** Tasks of projects, with code before each write of a task. */
function office(id: ReturnType<typeof integerId> | ReturnType<typeof uuidId>) {
  const seen: unknown[] = [];
  const tasks = resource({
    id,
    fields: { name: text({ max: 12 }), state: text({ default: 'new' }), project: reference('projects') },
    can: open,
    before: {
      async create(_context, { body }) {
        seen.push(body.project);
        return { ...body, name: `${body.name}!` };
      },
      async update(_context, { row, body }) {
        seen.push(row.state);
        if (body.state === 'no') throw new Problem('conflict', { detail: `no ${row.name}` });
        return { ...body, state: `${body.state} after ${row.state}` };
      },
      async delete(_context, { row }) {
        seen.push(row.name);
      },
    },
  });
  const projects = resource({ id, fields: { name: text() }, can: open });
  return { seen, declared: app({ name: 'office', resources: { projects, tasks } }) };
}

eachPlace('code before the writes of a transaction', (place) => {
  it('runs once for each row that a filter finds, each of which is written once', async (t) => {
    const { seen, declared } = office(integerId());
    const served = await serveApp(declared, await place());
    t.after(() => served.close());
    await served.call('POST', '/v1/projects', { body: { name: 'one' } });
    const items = Array.from({ length: 40 }, (_, at) => ({ name: `${at}`, project: 1 }));
    await served.call('POST', '/v1/tasks:createMany', { body: { items } });
    const counted = async (method: string, body?: object, headers: Record<string, string> = {}) => {
      const [statements, from] = [served.statements(), seen.length];
      const reply: Reply = await served.call(method, '/v1/tasks?filter[project]=1&max=100', {
        headers,
        ...(body && { body }),
      });
      return { reply, statements: served.statements() - statements, ran: seen.length - from };
    };
    for (const headers of [{}, { 'idempotency-key': 'all' }]) {
      const patched = await counted('PATCH', { state: 'done' }, headers);
      assert.deepEqual([patched.reply.status, patched.ran], [200, 40]);
      assert.ok(patched.statements < 5 * 40, `${patched.statements} statements`);
    }
    assert.deepEqual(seen.slice(-40), Array(40).fill('done after new'));
    const refused = await counted('PATCH', { state: 'no' });
    assert.deepEqual([refused.reply.status, refused.ran], [409, 1]);
    const removed = await counted('DELETE');
    assert.deepEqual([removed.reply.status, removed.ran], [200, 40]);
    assert.ok(removed.statements < 5 * 40, `${removed.statements} statements`);
    assert.equal(Object((await served.call('GET', '/v1/tasks?count=exact')).body).total, 0);
  });

  it('runs once for each write of a batch, each of which is written once', async (t) => {
    const { seen, declared } = office(integerId());
    const served = await serveApp(declared, await place());
    t.after(() => served.close());
    await served.call('POST', '/v1/projects', { body: { name: 'one' } });
    const items = Array.from({ length: 30 }, (_, at) => ({ name: `${at}`, project: 1 }));
    await served.call('POST', '/v1/tasks:createMany', { body: { items } });
    const batch = async (requests: object[], headers: Record<string, string> = {}) => {
      const [statements, from] = [served.statements(), seen.length];
      const { status, body } = await served.call('POST', '/v1/batch', { body: { requests }, headers });
      return { status, body, statements: served.statements() - statements, ran: seen.length - from };
    };
    const patches = items.map((_, at) => ({
      method: 'PATCH',
      path: `/v1/tasks/${at + 1}`,
      body: { state: 'on' },
    }));
    const creates = items.map((body) => ({ method: 'POST', path: '/v1/tasks', body }));
    const together = patches.flatMap((patch, at) => [patch, creates[at] ?? {}]);
    for (const headers of [{}, { 'idempotency-key': 'batch' }]) {
      const done = await batch(together, headers);
      assert.deepEqual([done.status, done.ran], [200, 60], JSON.stringify(done.body));
      assert.ok(done.statements < 6 * 60, `${done.statements} statements`);
      const { results } = Object(done.body);
      assert.deepEqual(
        results.map(({ body }: Reply) => Object(body).name),
        items.flatMap(({ name }) => [`${name}!`, `${name}!`]),
      );
      assert.match(results[0].body.state, /^on after /);
    }
    // One that is refused, by its code or because there is no row, leaves nothing of the others.
    const other = { method: 'PATCH', path: '/v1/tasks/1', body: { state: 'no' } };
    assert.equal((await batch([...creates, other])).status, 409);
    const missing = await batch([...creates, { method: 'DELETE', path: '/v1/tasks/999999' }]);
    assert.deepEqual([missing.status, Object(missing.body).code], [404, 'not_found']);
    assert.equal(Object((await served.call('GET', '/v1/tasks?count=exact')).body).total, 90);
  });

  for (const id of [integerId(), uuidId()])
    it(`is given rows of the transaction, with ids of the kind ${id.kind}`, async (t) => {
      const { seen, declared } = office(id);
      const served = await serveApp(declared, await place());
      t.after(() => served.close());
      const batch = (name: string) =>
        served.call('POST', '/v1/batch', {
          body: {
            requests: [
              { method: 'POST', path: '/v1/projects', body: { name }, as: 'p' },
              { method: 'POST', path: '/v1/tasks', body: { name, project: { $ref: 'p.id' } }, as: 't' },
              { method: 'PATCH', path: '/v1/tasks/{t.id}', body: { state: 'on' } },
              { method: 'PATCH', path: '/v1/tasks/{t.id}', body: { state: 'off' } },
            ],
          },
        });
      // Others make rows in the same tables while a transaction is repeated.
      const replies = await Promise.all(['a', 'b', 'c', 'd'].map(batch));
      for (const [at, { status, body }] of replies.entries()) {
        assert.equal(status, 200, JSON.stringify(body));
        const [project, , , task] = Object(body).results.map((each: Reply) => each.body);
        const name = 'abcd'[at];
        assert.deepEqual(
          [project.name, task.name, task.project, task.state],
          [name, `${name}!`, project.id, 'off after on after new'],
        );
      }
      assert.equal(seen.length, 12);
      const { transaction, services } = served.context;
      const made = await transaction(system(), async (joined) => {
        const project = await services.projects.create(joined, { name: 'own' });
        const bodies = ['x', 'y', 'z'].map((name) => ({ name, project: project.id }) as never);
        return { project, tasks: await services.tasks.createMany(joined, bodies) };
      });
      assert.deepEqual(
        made.tasks.map(({ project }) => project),
        Array(3).fill(made.project.id),
      );
      assert.equal(Object((await served.call('GET', '/v1/projects?count=exact')).body).total, 5);
    });
});
