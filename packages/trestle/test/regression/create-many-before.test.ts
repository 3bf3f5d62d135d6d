// Creating many rows runs the app's `before` code for all of them once, and writes each row once.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { anyone, app, nobody, resource, text } from 'trestle';
import { Problem } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

eachPlace('creating many rows with before code', (place) => {
  it('takes as many statements as there are rows, with an Idempotency-Key too', async (t) => {
    let asked = 0;
    const notes = resource({
      fields: { title: text({ max: 9 }), secret: text({ default: 'x', max: 3, can: { read: nobody } }) },
      can: { read: anyone, create: anyone },
      before: {
        async create(_context, { body }) {
          asked += 1;
          if (body.title === 'no') throw new Problem('conflict', { detail: 'no' });
          return body.title === 'same' ? undefined : { ...body, title: `${body.title}!` };
        },
      },
    });
    const served = await serveApp(app({ name: 'office', resources: { notes } }), await place());
    t.after(() => served.close());
    const create = (items: object[], headers: Record<string, string> = {}) =>
      served.call('POST', '/v1/notes:createMany', { body: { items }, headers });
    const titles = Array.from({ length: 40 }, (_, at) => `${at}`);
    await create([{ title: 'first' }]);
    for (const headers of [{}, { 'idempotency-key': 'forty' }]) {
      const [statements, before] = [served.statements(), asked];
      const { body } = await create([...titles.map((title) => ({ title })), { title: 'same' }], headers);
      const made = Object(body).items.map(({ title }: { title: string }) => title);
      assert.deepEqual(made, [...titles.map((title) => `${title}!`), 'same']);
      assert.equal(asked - before, 41);
      assert.ok(served.statements() - statements < 2 * 41, `${served.statements() - statements} statements`);
    }
    const refused = await create([{ title: 'a' }, { title: 'much too long' }]);
    assert.equal(Object(refused.body).errors[0].pointer, '/items/1/title');
    assert.equal((await create([{ title: 'a' }, { title: 'no' }])).status, 409);
    const { body: page } = await served.call('GET', '/v1/notes?count=exact');
    assert.equal(Object(page).total, 83);
  });
});
