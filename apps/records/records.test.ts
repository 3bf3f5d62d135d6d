import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Reply, type Served, serveApp } from 'trestle/testing';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';
import { failed, SAYS } from './errors.ts';

interface Answered {
  status: string;
  message: string;
  record_info: string;
  api_key: string;
}

everyPlace('the contract of records', (place) => {
  let served: Served<typeof resources>;
  let key: string;
  const is = (reply: Reply, status: number, body: unknown) =>
    assert.deepEqual([reply.status, reply.body], [status, body]);
  const write = (method: string, path: string, body?: unknown, apiKey = key) =>
    served.call(method, path, { headers: { 'api-key': apiKey }, ...(body !== undefined && { body }) });
  const recordOf = (reply: Reply) => JSON.parse((reply.body as Answered).record_info);

  before(async () => {
    served = await serveApp(app, await place());
    key = ((await served.call('GET', '/api/generate_key/sumit')).body as Answered).api_key;
  });
  after(() => served.close());

  it('hands out a key once for a name, by GET and by POST', async () => {
    const reply = await served.call('POST', '/api/generate_key/thor');
    const { created_on, api_key, ...rest } = reply.body as Answered & { created_on: string };
    assert.equal(reply.status, 200);
    assert.match(created_on, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d EST$/);
    assert.match(api_key, /^trs_live_/);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    assert.deepEqual(rest, {
      status: 'success',
      username: 'thor',
      message: 'Congrats! Your API Key has been created!',
    });
    for (const method of ['GET', 'POST']) {
      is(await served.call(method, '/api/generate_key/thor'), 409, failed(SAYS.taken));
      is(await served.call(method, '/api/generate_key/'), 400, failed(SAYS.noUsername));
    }
  });

  it('hands out keys for names of up to 256 characters, and none to HEAD', async () => {
    const longest = '😀'.repeat(256);
    const path = `/api/generate_key/${encodeURIComponent(longest)}`;
    const head = await served.call('HEAD', path);
    assert.deepEqual([head.status, head.headers.get('allow')], [405, 'GET, POST, OPTIONS']);
    const { status, body } = await served.call('GET', path);
    assert.deepEqual([status, (body as { username: string }).username], [200, longest]);
    assert.equal((await served.call('GET', `${path}x`)).status, 400);
  });

  it('creates, reads, changes and removes a record', async () => {
    const values = { timestamp: 6789998212, value1: 'Hello', value2: 2021.01, value3: true };
    const created = await write('POST', '/api/create', values);
    assert.equal(created.status, 201);
    assert.equal(
      (created.body as Answered).message,
      'Your entry has successfully been added to the database!',
    );
    const record = recordOf(created);
    assert.deepEqual(record, { id: record.id, ...values, lastmodifiedby: 'sumit' });

    const read = await served.call('GET', `/api/read/${record.id}`);
    assert.deepEqual(
      [read.status, (read.body as Answered).message, recordOf(read)],
      [200, 'Record found!', record],
    );

    const loki = ((await served.call('GET', '/api/generate_key/loki')).body as Answered).api_key;
    const changed = await write('PATCH', `/api/modify/${record.id}`, { value3: false, value1: null }, loki);
    assert.equal((changed.body as Answered).message, 'Your record has successfully been modified!');
    assert.deepEqual(recordOf(changed), { ...record, value1: null, value3: false, lastmodifiedby: 'loki' });

    const removed = { status: 'success', message: 'Your record has been removed!' };
    is(await write('DELETE', `/api/remove/${record.id}`), 200, removed);
    is(await served.call('GET', `/api/read/${record.id}`), 404, failed(SAYS.noRecord));
  });

  it('takes forms, and turns their texts into what the fields take', async () => {
    const form = new URLSearchParams({ timestamp: '1.5', value1: '7', value3: 'true' });
    const { id, ...record } = recordOf(await write('POST', '/api/create', form));
    assert.deepEqual(record, {
      timestamp: 1.5,
      value1: '7',
      value2: null,
      value3: true,
      lastmodifiedby: 'sumit',
    });
    assert.equal(typeof id, 'number');
  });

  it('wants at least one value, and values of their types', async () => {
    for (const body of [{}, { value1: null }, { unknown: 1 }, { id: 5, lastmodifiedby: 'eve' }])
      is(await write('POST', '/api/create', body), 400, failed(SAYS.empty));
    const wrong: [object, string][] = [
      [{ timestamp: 'x' }, 'The field timestamp takes a FLOAT: expected a number, got a string.'],
      [{ value1: 5 }, 'The field value1 takes a STRING: expected a string, got a number.'],
      [{ value2: true }, 'The field value2 takes a FLOAT: expected a number, got true.'],
      [{ value3: 1 }, 'The field value3 takes a BOOLEAN: expected true or false, got a number.'],
      [{ value1: 'x'.repeat(256) }, 'The field value1 is not valid: expected at most 255 characters.'],
    ];
    for (const [body, message] of wrong) is(await write('POST', '/api/create', body), 400, failed(message));
  });

  it('wants a key for every write, before anything else', async () => {
    const refused = failed(SAYS.noKey);
    const last = key.at(-1) === 'a' ? 'b' : 'a';
    for (const headers of [{}, { 'api-key': 'x' }, { 'api-key': key.slice(0, -1) + last }]) {
      is(await served.call('POST', '/api/create', { headers, body: {} }), 401, refused);
      is(await served.call('PATCH', '/api/modify/999', { headers, body: {} }), 401, refused);
      is(await served.call('DELETE', '/api/remove/999', { headers }), 401, refused);
    }
    const body = { value1: 'by Bearer' };
    assert.equal((await served.call('POST', '/api/create', { token: key, body })).status, 201);
    assert.equal(
      (await served.call('POST', '/api/create', { headers: { 'X-API-Key': key }, body })).status,
      201,
    );
  });

  it('says what a path lacks', async () => {
    for (const slash of ['', '/']) {
      is(await served.call('GET', `/api/read/99999999999999999999${slash}`), 404, failed(SAYS.noRecord));
      is(await served.call('GET', `/api/read${slash}`), 400, failed(SAYS.noNumber));
      is(await write('PATCH', `/api/modify${slash}`, { value1: 'x' }), 400, failed(SAYS.noNumber));
      is(await write('DELETE', `/api/remove${slash}`), 400, failed(SAYS.noNumber));
    }
    is(await served.call('GET', '/api/read/999999'), 404, failed(SAYS.noRecord));
    is(await write('PATCH', '/api/modify/999999', { value1: 'x' }), 404, failed(SAYS.noRecord));
    assert.equal((await served.call('GET', '/api/nothing')).status, 404);
  });

  it('lists all records with the names of their editors, and keeps two instants it does not show', async () => {
    const list = (await served.call('GET', '/api/list')).body as { id: number; lastmodifiedby: string }[];
    assert.ok(list.length > 2);
    assert.deepEqual(
      list.map(({ id }) => id),
      list.map(({ id }) => id).sort((a, b) => a - b),
    );
    const keys = ['id', 'timestamp', 'value1', 'value2', 'value3', 'lastmodifiedby'];
    for (const record of list)
      assert.deepEqual([Object.keys(record), record.lastmodifiedby], [keys, 'sumit']);
    const page = await served.engine.services.records.list({ caller: { kind: 'anonymous' } }, { limit: 1 });
    assert.match(page.items[0]?.creationdate ?? '', /^\d{4}-.*Z$/);
  });

  it('refuses a key from the next request on once it is deactivated', async () => {
    const other = ((await served.call('GET', '/api/generate_key/falcon')).body as Answered).api_key;
    assert.equal((await write('POST', '/api/create', { value2: 1 }, other)).status, 201);
    const id = served.engine.keys.idOf(other) ?? '';
    await served.engine.keys.deactivate({ caller: { kind: 'administrator' } }, id);
    is(await write('POST', '/api/create', { value2: 1 }, other), 401, failed(SAYS.noKey));
  });
});
