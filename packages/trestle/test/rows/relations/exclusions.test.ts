import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { anyone, app, integer, integerId, resource, text, timestamp, transitions } from 'trestle';
import { system } from 'trestle/contract';
import { type Served, serveApp } from 'trestle/testing';
import { readEntries } from '../../../src/rows/exchange/entries.ts';
import { importRows } from '../../../src/rows/exchange/import-rows.ts';
import { everyPlace } from '../../stores.ts';
import { until } from '../../until.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const appointments = resource({
  id: integerId(),
  fields: {
    practitioner: integer(),
    patient: integer({ nullable: true }),
    starts_at: timestamp(),
    ends_at: timestamp(),
    note: text({ default: '' }),
    state: transitions(['requested', 'cancelled'], {
      cancel: { from: 'requested', to: 'cancelled' },
      ask: { from: 'cancelled', to: 'requested' },
    }),
  },
  exclude: [
    { same: ['practitioner'], from: 'starts_at', to: 'ends_at', where: { state: ['requested'] } },
    { same: ['patient'], from: 'starts_at', to: 'ends_at', where: { state: 'requested' } },
  ],
  can,
});
const clinic = app({ name: 'clinic', resources: { appointments } });

const at = (hour: number, minute = 0) => new Date(Date.UTC(2026, 10, 21, hour, minute)).toISOString();

everyPlace('spans that are excluded', (place) => {
  let served: Served<(typeof clinic)['resources']>;
  before(async () => {
    served = await serveApp(clinic, await place());
  });
  after(() => served.close());
  /** Asks again where a lock was waited for too long, as clients do: on a busy machine two hundred queue up. */
  const call = (method: string, path: string, body: object) =>
    until(async () => {
      const answer = await served.call(method, path, { body });
      return answer.status === 503 ? undefined : answer;
    });
  const book = (practitioner: number, patient: number | null, from: string, to: string) =>
    call('POST', '/v1/appointments', { practitioner, patient, starts_at: from, ends_at: to });

  it('are free or a conflict, to the millisecond', async () => {
    const first = await book(1, 1, at(9), at(10));
    assert.equal(first.status, 201);
    const clash = await book(1, 2, at(9, 30), at(11));
    assert.equal(clash.status, 409);
    assert.partialDeepStrictEqual(clash.body, {
      code: 'conflict',
      errors: [{ pointer: '/starts_at', code: 'overlap' }, { pointer: '/ends_at' }],
    });
    assert.equal((await book(1, 2, at(8), at(12))).status, 409);
    assert.equal((await book(1, 2, at(9, 10), at(9, 20))).status, 409);
    assert.equal((await book(2, 1, at(9, 10), at(9, 20))).status, 409);
    assert.equal((await book(1, null, at(10), at(11))).status, 201);
    assert.equal((await book(1, null, at(8), at(9))).status, 201);
    assert.equal((await book(2, null, at(9), at(10))).status, 201);
    const one = `/v1/appointments/${(first.body as { id: number }).id}`;
    assert.equal((await served.call('PATCH', one, { body: { note: 'kept' } })).status, 200);
    assert.equal((await served.call('PATCH', one, { body: { ends_at: at(9, 59) } })).status, 200);
    assert.equal((await served.call('PATCH', one, { body: { ends_at: at(10, 1) } })).status, 409);
    assert.equal((await served.call('POST', `${one}:cancel`)).status, 200);
    assert.equal((await book(1, 1, at(9), at(10))).status, 201);
    assert.equal((await served.call('POST', `${one}:ask`)).status, 409);
    assert.equal((await served.call('PATCH', one, { body: { practitioner: 9 } })).status, 200);
  });

  it('are had by one of two hundred that want them at once', async () => {
    const [created, moved] = await Promise.all([
      Promise.all(Array.from({ length: 200 }, (_, each) => book(7, each + 1000, at(13), at(14)))),
      Promise.all(Array.from({ length: 20 }, (_, each) => book(8, each + 2000, at(each), at(each, 30)))),
    ]);
    assert.deepEqual(
      created.map(({ status }) => status).filter((status) => status !== 409),
      [201],
    );
    assert.ok(moved.every(({ status }) => status === 201));
    const patched = await Promise.all(
      moved.map(({ body }) =>
        call('PATCH', `/v1/appointments/${(body as { id: number }).id}`, {
          practitioner: 7,
          starts_at: at(15),
          ends_at: at(16),
        }),
      ),
    );
    assert.equal(patched.filter(({ status }) => status === 200).length, 1);
    const { services } = served.engine;
    const { items } = await services.appointments.list(system(), { filter: { practitioner: { eq: 7 } } });
    assert.equal(items.length, 2);
  });

  it('are kept by an import', async () => {
    const { store, models } = served.engine;
    const model = models.get('appointments') ?? assert.fail();
    const line = (hour: number) =>
      `${JSON.stringify({ practitioner: 5, starts_at: at(hour), ends_at: at(hour + 2) })}\n`;
    const load = (...hours: number[]) =>
      importRows(store, model, () => readEntries(model, 'ndjson', [hours.map(line).join('')], JSON.parse));
    await assert.rejects(load(1, 2), { code: 'conflict' });
    assert.equal((await load(1, 3)).rows, 2);
    await assert.rejects(load(4), { code: 'conflict' });
  });
});

it('spans that are declared wrongly are refused with their path', () => {
  const fields = appointments.fields;
  const refused = (exclude: object, message: RegExp) =>
    assert.throws(
      () => app({ name: 'clinic', resources: { appointments: resource({ fields, exclude } as never) } }),
      message,
    );
  refused({ same: ['practitioner'], from: 'starts_at' }, /appointments\.exclude\[0\]: expected/);
  refused({ same: ['practitoner'], from: 'starts_at', to: 'ends_at' }, /did you mean 'practitioner'/);
  refused({ same: ['practitioner'], from: 'starts_at', to: 'patient' }, /of two types/);
  refused({ same: ['practitioner'], form: 'starts_at' }, /did you mean 'from'/);
  refused(
    { same: ['practitioner'], from: 'starts_at', to: 'ends_at', where: { stat: 1 } },
    /exclude\[0\]\.where: .*did you mean 'state'/,
  );
});
