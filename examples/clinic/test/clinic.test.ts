import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Served, serveApp } from 'trestle/testing';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import { until } from '../../../packages/trestle/test/until.ts';
import clinic from '../app.ts';
import { WEEKDAYS } from '../booking.ts';
import { mailsOf } from './mails.ts';

const hours = WEEKDAYS.map((weekday) => ({ weekday, from: '08:00', to: '18:00' }));
/** A time of 7 June 2027, in Berlin. */
const at = (time: string) => `2027-06-07T${time}:00+02:00`;
const people = ['rita', 'paul', 'pia', 'ann', 'bob'] as const;
type Person = (typeof people)[number] | 'nobody';
interface Row {
  id: string;
  [field: string]: unknown;
}

everyPlace('clinic', (place) => {
  let served: Served;
  const tokens = new Map<Person, string>();
  const accounts = new Map<Person, string>();
  const patients = new Map<Person, string>();

  /** `call('ann', 'POST /v1/appointments', { … })` */
  async function call(who: Person, line: string, body?: object) {
    const [method = '', path = ''] = line.split(' ');
    const token = tokens.get(who);
    const reply = await served.call(method, path, { token, ...(body && { body }) });
    return { status: reply.status, body: reply.body as Row & { items: Row[] } };
  }
  async function made(who: Person, line: string, body?: object) {
    const reply = await call(who, line, body);
    assert.ok(reply.status < 300, `${line}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  }
  const slot = (practitioner: Person, patient: Person, from: string, to: string) => ({
    practitioner: accounts.get(practitioner),
    patient: patients.get(patient),
    starts_at: at(from),
    ends_at: at(to),
  });
  const book = (who: Person, ...span: Parameters<typeof slot>) =>
    made(who, 'POST /v1/appointments', slot(...span));
  /** Who of all is answered what. */
  async function answers(line: string, body?: object) {
    const all: [Person, number][] = [];
    for (const who of [...people, 'nobody'] as const) all.push([who, (await call(who, line, body)).status]);
    return Object.fromEntries(all);
  }

  before(async () => {
    // The type of an app with jobs of its own is narrower than any app's.
    served = (await serveApp(clinic, await place())) as unknown as Served;
    for (const username of people) {
      const password = `seventeen green ${username.length} umbrellas`;
      const email = `${username}@example.org`;
      const account = await made('nobody', 'POST /v1/accounts', {
        username,
        password,
        email,
        display_name: username,
      });
      accounts.set(username, account.id);
      const signed = await made('nobody', 'POST /v1/sessions', { username: email, password });
      tokens.set(username, String(signed.access_token));
    }
    for (const [who, role] of [
      ['rita', 'receptionist'],
      ['paul', 'practitioner'],
      ['pia', 'practitioner'],
    ] as const) {
      const body = { email: `${who}@example.org`, roles: [role] };
      await served.call('POST', '/v1/accounts:invite', { token: served.administrator, body });
      const invitation = async () =>
        (await mailsOf(served.data)).find(({ to, text }) => to === body.email && /#invite=/.test(text));
      await until(async () => (await invitation()) !== undefined);
      const token = /#invite=(\S+)/.exec((await invitation())?.text ?? '')?.[1];
      assert.equal((await call(who, 'POST /v1/accounts:accept-invitation', { token })).status, 201);
      const again = await call('ann', 'POST /v1/accounts:accept-invitation', { token });
      assert.equal(again.status, 401, 'a link is used once');
    }
    for (const who of ['paul', 'pia'] as const)
      await made(who, 'POST /v1/practitioners', { account: accounts.get(who), specialty: 'teeth', hours });
    for (const who of ['ann', 'bob'] as const) {
      const patient = { account: accounts.get(who), name: who, birth: '1990-02-03' };
      patients.set(who, (await made(who, 'POST /v1/patients', patient)).id);
    }
  });
  after(() => served.close());

  it('lets each role do what is theirs', async () => {
    const herself = { email: 'ann@example.org', roles: ['receptionist'] };
    assert.equal((await call('ann', 'POST /v1/accounts:invite', herself)).status, 403);
    const { id } = await book('ann', 'paul', 'ann', '09:00', '09:30');
    const one = `/v1/appointments/${id}`;
    const seen = { rita: 200, paul: 200, pia: 404, ann: 200, bob: 404, nobody: 401 };
    assert.deepEqual(await answers(`GET ${one}`), seen);
    const listed = async (who: Person, path: string) => (await made(who, `GET ${path}`)).items.length;
    for (const [who, count] of [
      ['rita', 1],
      ['paul', 1],
      ['pia', 0],
      ['ann', 1],
      ['bob', 0],
    ] as const)
      assert.equal(await listed(who, '/v1/appointments'), count, who);
    const others = { pia: 403, bob: 403, nobody: 401 };
    assert.partialDeepStrictEqual(await answers(`PATCH ${one}`, { reason: 'pain' }), {
      ...others,
      rita: 200,
      paul: 403,
      ann: 403,
    });
    assert.equal(
      (await call('bob', 'POST /v1/appointments', slot('paul', 'ann', '11:00', '11:30'))).status,
      403,
    );
    assert.equal(
      (await call('pia', 'POST /v1/appointments', slot('pia', 'bob', '11:00', '11:30'))).status,
      403,
    );
    const notStaff = { ...slot('paul', 'ann', '11:00', '11:30'), practitioner: accounts.get('ann') };
    assert.equal((await call('ann', 'POST /v1/appointments', notStaff)).status, 422);
    assert.equal((await call('ann', `POST ${one}:confirm`)).status, 403);
    assert.equal((await call('pia', `POST ${one}:confirm`)).status, 404);
    assert.equal((await made('paul', `POST ${one}:confirm`)).state, 'confirmed');
    assert.equal((await call('paul', `POST ${one}:cancel`)).status, 403);
    assert.equal((await made('ann', `POST ${one}:cancel`)).state, 'cancelled');
    assert.equal((await call('rita', `POST ${one}:confirm`)).status, 409);

    // Patients see no account of each other, and contacts are for the desk.
    assert.equal((await call('ann', `GET /v1/accounts/${accounts.get('bob')}`)).status, 404);
    assert.ok(!('email' in (await made('ann', `GET /v1/accounts/${accounts.get('paul')}`))));
    assert.equal((await made('rita', `GET /v1/accounts/${accounts.get('bob')}`)).email, 'bob@example.org');
  });

  it('keeps what patients, their practitioners and the desk may know', async () => {
    const patient = `/v1/patients/${patients.get('bob')}`;
    assert.deepEqual(await answers(`GET ${patient}`), {
      rita: 200,
      paul: 404,
      pia: 404,
      ann: 404,
      bob: 200,
      nobody: 401,
    });
    const note = { patient: patients.get('bob'), text: 'allergic to penicillin' };
    assert.equal((await call('pia', 'POST /v1/notes', note)).status, 403);
    const { id } = await book('bob', 'pia', 'bob', '10:00', '10:30');
    await made('pia', 'POST /v1/notes', note);
    const read = async (who: Person) =>
      (await call(who, `GET /v1/notes?filter[patient]=${patients.get('bob')}`)).body.items;
    for (const [who, count] of [
      ['pia', 1],
      ['paul', 0],
      ['ann', 0],
      ['bob', 0],
      ['rita', 0],
    ] as const)
      assert.equal((await read(who))?.length ?? 0, count, who);
    await made('rita', `PATCH ${patient}`, { insurance_number: 'A123' });
    assert.equal((await made('rita', `GET ${patient}`)).insurance_number, 'A123');
    for (const who of ['bob', 'pia'] as const)
      assert.ok(!('insurance_number' in (await made(who, `GET ${patient}`))));
    assert.equal((await call('bob', `PATCH ${patient}`, { insurance_number: 'B' })).status, 400);
    assert.equal((await call('bob', `DELETE ${patient}`)).status, 403);
    await made('rita', `DELETE ${patient}`);
    assert.equal((await call('bob', `GET ${patient}`)).status, 404);
    await made('rita', `POST ${patient}:restore`);
    assert.equal((await call('bob', `GET ${patient}`)).status, 200);
    await made('bob', `POST /v1/appointments/${id}:cancel`);
    assert.equal((await read('pia')).length, 0, 'a cancelled appointment shows no notes');
  });

  it('gives a slot to one of two hundred, within hours and steps', async () => {
    const refused = async (from: string, to: string, message: RegExp) => {
      const { status, body } = await call('ann', 'POST /v1/appointments', slot('pia', 'ann', from, to));
      assert.deepEqual([status, message.test(String(body.detail))], [422, true], JSON.stringify(body));
    };
    await refused('09:00', '11:05', /two hours/);
    await refused('10:00', '09:00', /two hours/);
    await refused('09:01', '09:31', /5 minutes/);
    await refused('07:30', '08:30', /hours of the practitioner/);
    await refused('17:30', '18:05', /hours of the practitioner/);
    // A busy machine may say 503: then it is asked again, as a client would.
    const wanted = async (each: number): Promise<number> => {
      const until = each % 3 ? '14:30' : '15:00';
      const body = slot('pia', each % 2 ? 'ann' : 'bob', '14:00', until);
      const { status } = await call('rita', 'POST /v1/appointments', body);
      return status === 503 ? wanted(each) : status;
    };
    const statuses = await Promise.all(Array.from({ length: 200 }, (_, each) => wanted(each)));
    assert.deepEqual(
      statuses.filter((status) => status !== 409),
      [201],
    );
    // Nor has a patient two appointments at once.
    const late = await book('ann', 'paul', 'ann', '16:00', '16:30');
    assert.equal(
      (await call('rita', 'POST /v1/appointments', slot('pia', 'ann', '16:15', '16:45'))).status,
      409,
    );
    const moved = { starts_at: at('13:00'), ends_at: at('13:30') };
    await made('rita', `PATCH /v1/appointments/${late.id}`, moved);
    assert.equal(
      (await call('rita', `PATCH /v1/appointments/${late.id}`, { ends_at: at('15:30') })).status,
      422,
    );
    const { items } = await made('ann', `GET /v1/appointments/${late.id}/history`);
    assert.deepEqual(
      items.map(({ action, by }) => [action, by]),
      [
        ['update', accounts.get('rita')],
        ['create', accounts.get('ann')],
      ],
    );
    assert.equal(Object(items[0]?.before).starts_at, new Date(at('16:00')).toISOString());
  });

  it('numbers invoices without gaps, and reports the month exactly', async () => {
    const held = await book('rita', 'paul', 'bob', '08:00', '08:30');
    const missed = await book('rita', 'paul', 'bob', '08:30', '09:00');
    await made('paul', `POST /v1/appointments/${missed.id}:miss`);
    const drafts = await Promise.all(
      Array.from({ length: 12 }, () => made('rita', 'POST /v1/invoices', { appointment: held.id })),
    );
    for (const { id: invoice } of drafts)
      for (const amount of ['0.10', '0.20'])
        await made('rita', 'POST /v1/lines', { invoice, text: 'filling', amount });
    const [first, second] = drafts;
    assert.equal((await made('rita', `GET /v1/invoices/${first?.id}`)).total, '0.30');
    assert.equal((await call('bob', `GET /v1/invoices/${first?.id}`)).status, 404, 'a draft is for the desk');
    await made('rita', `DELETE /v1/invoices/${second?.id}`);
    const left = drafts.filter((each) => each !== second);
    const issue = ({ id }: Row) => call('rita', `POST /v1/invoices/${id}:issue`);
    // Every one is issued twice at once: the second time fails, and takes no number.
    const statuses = (await Promise.all([...left, ...left].map(issue))).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [...left.map(() => 200), ...left.map(() => 409)]);
    const { items } = await made('rita', 'GET /v1/invoices?sort=number');
    assert.deepEqual(
      items.map(({ number }) => number),
      left.map((_, each) => each + 1),
    );
    assert.equal((await made('bob', `GET /v1/invoices/${first?.id}`)).total, '0.30');
    const late = { invoice: first?.id, text: 'late', amount: '1' };
    assert.equal((await call('rita', 'POST /v1/lines', late)).status, 403);

    const month = new Date().toISOString().slice(0, 7);
    const revenue = (rows: unknown) => (rows as Row[]).find(({ name }) => name === 'paul')?.revenue;
    assert.equal(revenue(await made('rita', `GET /reports/month?month=${month}`)), '3.30');
    const june = await made('rita', 'GET /reports/month?month=2027-06');
    const paul = (june as unknown as Row[]).find(({ name }) => name === 'paul');
    assert.deepEqual([paul?.appointments, paul?.no_shows], [3, 1]);
    const csv = String((await call('rita', 'GET /reports/month.csv?month=2027-06')).body);
    assert.match(csv, /^"practitioner","name","appointments","no_shows","revenue"\r\n/);
    assert.match(csv, /,"paul","3","1","0\.00"\r\n/);
    for (const who of ['paul', 'ann', 'nobody'] as const)
      assert.notEqual((await call(who, 'GET /reports/month?month=2027-06')).status, 200);
  });

  it('keeps the day of a practitioner up to date', async (t) => {
    const day = `filter[practitioner]=${accounts.get('pia')}&filter[starts_at][gte]=2027-06-07T00:00:00Z&filter[starts_at][lt]=2027-06-08T00:00:00Z`;
    const stop = new AbortController();
    t.after(() => stop.abort());
    const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${tokens.get('pia')}` };
    const { body } = await fetch(`${served.url}/v1/appointments/events?${day}`, {
      headers,
      signal: stop.signal,
    });
    let text = '';
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    const seen = async (what: RegExp) => {
      while (!what.test(text)) text += (await reader?.read())?.value ?? assert.fail(text);
    };
    await seen(/event: page\n/);
    const { id } = await book('bob', 'pia', 'bob', '11:00', '11:30');
    await seen(new RegExp(`event: put\\n.*${id}`));
    await made('rita', `PATCH /v1/appointments/${id}`, {
      starts_at: '2027-06-14T09:00:00Z',
      ends_at: '2027-06-14T09:30:00Z',
    });
    await seen(new RegExp(`event: gone\\n.*${id}`));
  });
});
