// A rule compares decimals as numbers: of a row that is being written, in memory, as of rows in a list, in SQL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { app, decimal, integerId, resource, where } from 'trestle';
import { anonymous } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const small = where({ amount: { lt: '10', gte: '-10' } });
const payments = resource({
  id: integerId(),
  fields: { amount: decimal({ digits: 30, scale: 2 }) },
  can: { read: small, create: small },
});

eachPlace('a rule about a decimal', (place) => {
  test('compares it as a number, in memory as in SQL', async (t) => {
    const served = await serveApp(app({ name: 'bank', resources: { payments } }), await place());
    t.after(() => served.close());
    const { payments: service } = served.engine.services;
    const context = { caller: anonymous };
    for (const amount of ['9.99', '-9.5', '-10', '0'])
      assert.ok((await service.create(context, { amount })).id > 0, amount);
    for (const amount of ['10', '100.00', '-10.01', '-123456789012345678901234567.00'])
      await assert.rejects(service.create(context, { amount }), { code: 'forbidden' });
    assert.equal((await service.list(context, { count: 'exact' })).total, 4);
  });
});
