import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import {
  accounts,
  anyone,
  app,
  author,
  count,
  exists,
  integerId,
  its,
  me,
  own,
  reference,
  resource,
  role,
  signedIn,
  text,
} from '../../src/index.ts';
import { type Served, serveApp } from '../../src/testing.ts';
import { eachPlace, type Place } from '../stores.ts';
import { EventReader } from './event-reader.ts';

const id = integerId();
const open = { read: anyone, create: signedIn, update: signedIn, delete: signedIn };
const treats = exists('appointments', { patient: its('id'), practitioner: me });
const resources = {
  patients: resource({
    id,
    fields: {
      name: text({ max: 20 }),
      notes: text({ nullable: true, can: { read: treats } }),
      draft: text({ nullable: true, can: { read: own('made_by') } }),
      salary: text({ nullable: true, can: { read: role('hr') } }),
      likes: count('likes', { patient: its('id') }),
      liked: exists('likes', { patient: its('id'), account: me }),
      made_by: author(),
    },
    live: true,
    can: open,
  }),
  appointments: resource({
    id,
    fields: { patient: reference('patients'), practitioner: author() },
    can: open,
  }),
  likes: resource({ id, fields: { patient: reference('patients'), account: author() }, can: open }),
};
const clinic = app({ name: 'clinic', accounts: accounts({ id, roles: ['hr'] }), resources });

async function begin(t: TestContext, place: Place) {
  const served: Served<typeof resources> = await serveApp(clinic, place);
  t.after(() => served.close());
  const tokenOf = async (username: string) => {
    const body = { username, password: 'a password of a reader' };
    await served.call('POST', '/v1/accounts', { body });
    return String(Object((await served.call('POST', '/v1/sessions', { body })).body).access_token);
  };
  const [ann, ben] = [await tokenOf('ann'), await tokenOf('ben')];
  const watch = async (token: string, query = '', after?: string) => {
    const path = `${served.url}/v1/patients/events${query}`;
    const reader = await EventReader.open(path, { token, ...(after && { after }) });
    t.after(() => reader.close());
    return reader;
  };
  const send = async (line: string, body: object, token = ann) => {
    const [method = '', path = ''] = line.split(' ');
    const reply = await served.call(method, `/v1${path}`, { token, body });
    assert.ok(reply.status < 300, JSON.stringify(reply.body));
    return Object(reply.body);
  };
  return { ann, ben, watch, send };
}

eachPlace('the fields of a live list', (place) => {
  it('are computed for its reader, and those that a rule of the row leaves', async (t) => {
    const { ann, ben, watch, send } = await begin(t, await place());
    const [anns, bens] = [await watch(ann), await watch(ben)];
    await Promise.all([anns.next(), bens.next()]);
    const { id: one } = await send('POST /patients', { name: 'a', notes: 'ill', draft: 'mine' });
    const row = { id: one, name: 'a', likes: 0, liked: false, made_by: 1 };
    assert.deepEqual((await anns.next())?.data, { ...row, draft: 'mine' });
    assert.deepEqual((await bens.next())?.data, row);

    await send('POST /likes', { patient: one }, ben);
    await send('POST /appointments', { patient: one }, ben);
    // Whoever may read a field is another now: readers begin anew.
    for (const reader of [anns, bens]) assert.equal((await reader.next())?.event, 'resync');
    await Promise.all([anns.next(), bens.next()]);
    await send(`PATCH /patients/${one}`, { notes: 'better' });
    assert.deepEqual((await bens.next())?.data, { ...row, notes: 'better', likes: 1, liked: true });
    // A change of what one may not read is none.
    await send(`PATCH /patients/${one}`, { draft: 'other' });
    assert.deepEqual((await anns.next())?.data, { ...row, draft: 'other', likes: 1 });
    await send(`PATCH /patients/${one}`, { name: 'b' });
    const last = { ...row, name: 'b', likes: 1 };
    assert.deepEqual((await bens.next())?.data, { ...last, notes: 'better', liked: true });
    assert.deepEqual((await anns.next())?.data, { ...last, draft: 'other' });
  });

  it('are no filter for who may not read them, also where a stream is taken up', async (t) => {
    const { ann, watch, send } = await begin(t, await place());
    const reader = await watch(ann, '?fields=name,likes');
    const page = await reader.next();
    const { id: one } = await send('POST /patients', { name: 'a' });
    assert.deepEqual((await reader.next())?.data, { id: one, name: 'a', likes: 0 });
    for (const filter of ['salary', 'notes', 'draft', 'likes', 'unknown'])
      for (const after of [undefined, page?.id]) {
        const refused = await watch(ann, `?filter[${filter}][null]=true`, after);
        assert.deepEqual([refused.status, Object(refused.body).code], [400, 'invalid_query'], filter);
      }
  });
});
