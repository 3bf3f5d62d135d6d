import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, resource, text, timestamp } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace, eachStore } from '../stores.ts';
import { exchangeOf } from './exchange.ts';

const appointments = resource({
  id: integerId(),
  fields: { starts_at: timestamp(), ends_at: timestamp({ nullable: true }), note: text({ default: '' }) },
  check: {
    ends_after_start: (row) => row.ends_at === null || row.ends_at > row.starts_at,
    says_why: (row) => row.ends_at !== null || row.note !== '',
  },
  can: { read: anyone, create: anyone, update: anyone },
});
const clinic = app({ name: 'clinic', resources: { appointments } });
const [nine, ten] = ['2026-01-01T09:00:00Z', '2026-01-01T12:00:00+02:00'];

eachPlace('a check of several fields', (place) => {
  test('holds for new rows and after every change, of values as they are kept', async (t) => {
    const served = await serveApp(clinic, await place());
    t.after(() => served.close());
    const call = async (method: string, path: string, body: unknown) => {
      const reply = await served.call(method, `/v1/appointments${path}`, { body });
      return [reply.status, (reply.body as { errors?: { message: string }[] }).errors?.[0]?.message];
    };
    assert.deepEqual(await call('POST', '', { starts_at: ten, ends_at: nine }), [422, 'ends after start']);
    assert.deepEqual(await call('POST', '', { starts_at: nine }), [422, 'says why']);
    assert.deepEqual(await call('POST', '', { starts_at: nine, ends_at: ten }), [201, undefined]);
    assert.deepEqual(await call('PATCH', '/1', { starts_at: '2026-01-01T11:00:00Z' }), [
      422,
      'ends after start',
    ]);
    assert.deepEqual(await call('PUT', '/1', { starts_at: ten, ends_at: nine }), [422, 'ends after start']);
    assert.deepEqual(await call('PATCH', '/1', { ends_at: null }), [422, 'says why']);
    assert.deepEqual(await call('PATCH', '/1', { ends_at: null, note: 'open' }), [200, undefined]);
    assert.deepEqual(await call('PATCH', '/1', { starts_at: ten }), [200, undefined]);
    const { body } = await served.call('POST', '/v1/appointments', { body: { starts_at: nine } });
    assert.partialDeepStrictEqual(body, { code: 'invalid', errors: [{ pointer: '', code: 'check' }] });
  });
});

eachStore('a check of several fields', (open) => {
  test('holds for imported rows', async () => {
    const { imported } = await exchangeOf(clinic, 'appointments', await open());
    const { refused } = await imported('ndjson', JSON.stringify({ starts_at: ten, ends_at: nine }));
    assert.equal(refused[0]?.errors[0]?.message, 'ends after start');
  });
});

test('a check is a function', () => {
  const options = { fields: { a: text() }, check: { a_is_b: 'a = b' } };
  assert.throws(
    () => app({ name: 'a', resources: { r: resource(options as never) } }),
    /^TypeError: a\.r\.check\.a_is_b/,
  );
});
