import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  all,
  anyone,
  app,
  decimal,
  integerId,
  its,
  not,
  now,
  resource,
  signedIn,
  text,
  timestamp,
  where,
} from 'trestle';
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

const spans = resource({
  id: integerId(),
  fields: {
    starts_at: timestamp(),
    ends_at: timestamp({ nullable: true }),
    low: decimal({ digits: 20, scale: 2, default: '0' }),
    high: decimal({ digits: 20, scale: 1, default: '100' }),
  },
  check: {
    ends_after_start: where({ or: [{ ends_at: null }, { ends_at: { gt: its('starts_at') } }] }),
    in_order: {
      that: all(where({ low: { lte: its('high') } }), not(where({ high: { gt: '900' } }))),
      message: 'low is above high',
    },
    even: { that: (row) => row.low !== '7.00', message: 'never seven' },
  },
  can: { read: anyone, create: anyone, update: anyone },
});

eachPlace('a check as data', (place) => {
  test('is a condition between the fields of a row, with a message', async (t) => {
    const served = await serveApp(app({ name: 'spans', resources: { spans } }), await place());
    t.after(() => served.close());
    const call = async (method: string, path: string, body: unknown) => {
      const reply = await served.call(method, `/v1/spans${path}`, { body });
      return [reply.status, (reply.body as { errors?: { message: string }[] }).errors?.[0]?.message];
    };
    assert.deepEqual(await call('POST', '', { starts_at: ten, ends_at: nine }), [422, 'ends after start']);
    assert.deepEqual(await call('POST', '', { starts_at: nine, ends_at: nine }), [422, 'ends after start']);
    assert.deepEqual(await call('POST', '', { starts_at: nine, low: '101.00' }), [422, 'low is above high']);
    assert.deepEqual(await call('POST', '', { starts_at: nine, low: '7' }), [422, 'never seven']);
    assert.deepEqual(await call('POST', '', { starts_at: nine, low: '-9.50', high: '-9.5' }), [
      201,
      undefined,
    ]);
    assert.deepEqual(await call('PATCH', '/1', { low: '9.00', high: '12.0' }), [200, undefined]);
    assert.deepEqual(await call('PATCH', '/1', { high: '8.9' }), [422, 'low is above high']);
    assert.deepEqual(await call('PATCH', '/1', { high: '900.1' }), [422, 'low is above high']);
    assert.deepEqual(await call('PATCH', '/1', { ends_at: ten }), [200, undefined]);
    assert.deepEqual(await call('PATCH', '/1', { starts_at: ten }), [422, 'ends after start']);
  });
});

test('a check is where(…) or a function of the row', () => {
  const refused = (check: unknown, message: RegExp) =>
    assert.throws(
      () =>
        app({
          name: 'a',
          resources: { r: resource({ fields: spans.fields, check: { c: check } } as never) },
        }),
      message,
    );
  refused(where({ ends_at: { gt: its('start_at') } } as never), /a\.r\.check\.c: .*did you mean 'starts_at'/);
  refused(signedIn, /a\.r\.check\.c: a check depends on the row alone/);
  refused(where({ starts_at: { gt: now } }), /no me and no now/);
  refused({ that: where({ low: '1' }), massage: 'x' }, /did you mean 'message'/);

  const options = { fields: { a: text() }, check: { a_is_b: 'a = b' } };
  assert.throws(
    () => app({ name: 'a', resources: { r: resource(options as never) } }),
    /^TypeError: a\.r\.check\.a_is_b/,
  );
});
