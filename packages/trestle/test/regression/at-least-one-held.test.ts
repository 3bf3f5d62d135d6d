// A change cannot take the last value of the fields of which a row must have one.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, app, boolean, integerId, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const values = resource({
  id: integerId(),
  fields: {
    one: text({ nullable: true }),
    two: text({ nullable: true }),
    other: boolean({ default: false }),
  },
  atLeastOne: ['one', 'two'],
  can: { read: anyone, create: anyone, update: anyone },
});

eachPlace('atLeastOne', (place) => {
  it('holds for PUT and PATCH', async () => {
    const served = await serveApp(
      app({ name: 'values', accounts: accounts(), resources: { values } }),
      await place(),
    );
    try {
      const call = async (method: string, path: string, body: unknown) =>
        (await served.call(method, path, { body })).status;
      assert.equal(await call('POST', '/v1/values', { one: 'x' }), 201);
      const path = '/v1/values/1';
      for (const body of [{}, { other: true }, { one: null, two: null }])
        assert.equal(await call('PUT', path, body), 422);
      for (const body of [{ one: null }, { one: null, two: null, other: true }])
        assert.equal(await call('PATCH', path, body), 422);
      assert.deepEqual((await served.call('GET', path)).body, { id: 1, one: 'x', two: null, other: false });
      for (const body of [{ other: true }, { one: null, two: 'y' }])
        assert.equal(await call('PATCH', path, body), 200);
      assert.equal(await call('PUT', path, { one: 'z' }), 200);
    } finally {
      await served.close();
    }
  });
});
