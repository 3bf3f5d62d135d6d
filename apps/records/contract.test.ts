import { after, before } from 'node:test';
import { type CallOptions, type Reply, type Served, serveApp } from 'trestle/testing';
import { type ContractRow, holdRows, isInteger, member } from '../../packages/trestle/test/contract-rows.ts';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';
import { failed, SAYS } from './errors.ts';

everyPlace('the rows of the records contract', (place) => {
  let served: Served<typeof resources>;
  let key = '';
  const open =
    (method: string, path: string, options: CallOptions = {}) =>
    () =>
      served.call(method, path, options);
  const call = (method: string, path: string, body?: unknown) => () =>
    served.call(method, path, { headers: { 'api-key': key }, ...(body !== undefined && { body }) });

  before(async () => {
    served = await serveApp(app, await place());
    key = String(member(await open('GET', '/api/generate_key/sumit')(), 'api_key'));
  });
  after(() => served.close());

  const newKey = (username: string) => ({
    status: 'success',
    username,
    api_key: /^\S{20,}$/,
    created_on: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d EST$/,
    message: 'Congrats! Your API Key has been created!',
  });
  const record = (values: object) => ({
    id: isInteger,
    timestamp: null,
    value1: null,
    value2: null,
    value3: null,
    lastmodifiedby: 'sumit',
    ...values,
  });
  /** An answer whose `record_info` is the record as a JSON string. */
  const holding = (message: string, values: object) => ({
    status: 'success',
    message,
    record_info: (text: unknown) => {
      const found = Object.entries(JSON.parse(String(text)));
      const expected: Record<string, unknown> = record(values);
      return (
        found.length === 6 &&
        found.every(([name, value]) => (name === 'id' ? isInteger(value) : value === expected[name]))
      );
    },
  });
  const created = 'Your entry has successfully been added to the database!';
  const modified = 'Your record has successfully been modified!';
  const first = { timestamp: 6789998212, value1: 'Hello', value2: 2021.01, value3: true };
  const invalid = (text: string) => (body: unknown) =>
    Object(body).status === 'failed' && Object(body).message.includes(text);

  const keys: ContractRow[] = [
    [
      'generate_key: by GET',
      open('GET', '/api/generate_key/thor'),
      200,
      newKey('thor'),
      { 'cache-control': 'no-store' },
    ],
    [
      'generate_key: by POST',
      open('POST', '/api/generate_key/loki/'),
      200,
      newKey('loki'),
      { 'cache-control': 'no-store' },
    ],
    ['generate_key: taken', open('GET', '/api/generate_key/thor'), 409, failed(SAYS.taken)],
    ['generate_key: taken, by POST', open('POST', '/api/generate_key/thor'), 409, failed(SAYS.taken)],
    ['generate_key: no name', open('GET', '/api/generate_key/'), 400, failed(SAYS.noUsername)],
    ['generate_key: no name, by POST', open('POST', '/api/generate_key'), 400, failed(SAYS.noUsername)],
    ...['%09tab', 'a%0Ab', '%20front', 'end%20', '%20'].map(
      (name): ContractRow => [
        `generate_key: the name ${name}`,
        open('GET', `/api/generate_key/${name}`),
        400,
        invalid('username'),
      ],
    ),
    [
      'generate_key: a space inside',
      open('GET', '/api/generate_key/black%20widow'),
      200,
      newKey('black widow'),
    ],
  ];

  const records: ContractRow[] = [
    ['create: 201', call('POST', '/api/create', first), 201, holding(created, first)],
    [
      'create: a form',
      call('POST', '/api/create', new URLSearchParams({ value1: '7', value3: 'true' })),
      201,
      holding(created, { value1: '7', value3: true }),
    ],
    [
      'create: one value',
      call('POST', '/api/create/', { value3: false }),
      201,
      holding(created, { value3: false }),
    ],
    ['create: none', call('POST', '/api/create', {}), 400, failed(SAYS.empty)],
    ['create: nulls alone', call('POST', '/api/create', { value1: null }), 400, failed(SAYS.empty)],
    ['create: misspelt', call('POST', '/api/create', { valeu1: 'x' }), 400, failed(SAYS.empty)],
    ['create: no body', call('POST', '/api/create'), 400, failed(SAYS.empty)],
    [
      'create: a wrong timestamp',
      call('POST', '/api/create', { timestamp: 'x' }),
      400,
      invalid('timestamp takes a FLOAT'),
    ],
    [
      'create: a wrong value1',
      call('POST', '/api/create', { value1: 5 }),
      400,
      invalid('value1 takes a STRING'),
    ],
    [
      'create: a wrong value2',
      call('POST', '/api/create', { value2: true }),
      400,
      invalid('value2 takes a FLOAT'),
    ],
    [
      'create: a wrong value3',
      call('POST', '/api/create', { value3: 1 }),
      400,
      invalid('value3 takes a BOOLEAN'),
    ],
    [
      'create: 255 characters',
      call('POST', '/api/create', { value1: 'x'.repeat(255) }),
      201,
      holding(created, { value1: 'x'.repeat(255) }),
    ],
    [
      'create: 256 characters',
      call('POST', '/api/create', { value1: 'x'.repeat(256) }),
      400,
      invalid('value1'),
    ],
    ['create: no key', open('POST', '/api/create', { body: first }), 401, failed(SAYS.noKey)],
    [
      'create: a bad key',
      open('POST', '/api/create', { body: first, headers: { 'api-key': 'x' } }),
      401,
      failed(SAYS.noKey),
    ],
    [
      'list: 200',
      open('GET', '/api/list'),
      200,
      [
        record(first),
        record({ value1: '7', value3: true }),
        record({ value3: false }),
        record({ value1: 'x'.repeat(255) }),
      ],
    ],
    ['read: 200', open('GET', '/api/read/1'), 200, holding('Record found!', first)],
    ['read: unknown', open('GET', '/api/read/999'), 404, failed(SAYS.noRecord)],
    ['read: no number', open('GET', '/api/read/'), 400, failed(SAYS.noNumber)],
    ['read: not a number', open('GET', '/api/read/x'), 400, failed(SAYS.noNumber)],
    [
      'modify: 200',
      call('PATCH', '/api/modify/1', { value1: 'changed', value3: null }),
      200,
      holding(modified, { ...first, value1: 'changed', value3: null }),
    ],
    ['modify: nothing', call('PATCH', '/api/modify/1', {}), 400, failed(SAYS.empty)],
    ['modify: no body', call('PATCH', '/api/modify/1'), 400, failed(SAYS.empty)],
    ['modify: misspelt', call('PATCH', '/api/modify/1', { valeu1: 'x' }), 400, failed(SAYS.empty)],
    [
      'modify: all nulls',
      call('PATCH', '/api/modify/1', { timestamp: null, value1: null, value2: null }),
      400,
      failed(SAYS.empty),
    ],
    [
      'modify: a wrong type',
      call('PATCH', '/api/modify/1', { value2: 'x' }),
      400,
      invalid('value2 takes a FLOAT'),
    ],
    [
      'modify: nothing was changed by those',
      open('GET', '/api/read/1'),
      200,
      holding('Record found!', { ...first, value1: 'changed', value3: null }),
    ],
    ['modify: unknown', call('PATCH', '/api/modify/999', { value1: 'x' }), 404, failed(SAYS.noRecord)],
    ['modify: unknown, with nothing', call('PATCH', '/api/modify/999', {}), 404, failed(SAYS.noRecord)],
    ['modify: no number', call('PATCH', '/api/modify/', { value1: 'x' }), 400, failed(SAYS.noNumber)],
    ['modify: no key', open('PATCH', '/api/modify/1', { body: { value1: 'x' } }), 401, failed(SAYS.noKey)],
    ['PUT /v1/records without a body', () => served.call('PUT', '/v1/records/1', { token: key }), 400],
    ['PUT /v1/records of nothing', () => served.call('PUT', '/v1/records/1', { token: key, body: {} }), 422],
    [
      'PUT /v1/records: nothing was changed by those',
      open('GET', '/api/read/1'),
      200,
      holding('Record found!', { ...first, value1: 'changed', value3: null }),
    ],
    ['remove: no key', open('DELETE', '/api/remove/1'), 401, failed(SAYS.noKey)],
    [
      'remove: 200',
      call('DELETE', '/api/remove/1'),
      200,
      { status: 'success', message: 'Your record has been removed!' },
    ],
    ['remove: unknown', call('DELETE', '/api/remove/1'), 404, failed(SAYS.noRecord)],
    ['remove: no number', call('DELETE', '/api/remove/'), 400, failed(SAYS.noNumber)],
    [
      'modify: by another, who is then named',
      async (): Promise<Reply> => {
        const falcon = member(await open('GET', '/api/generate_key/falcon')(), 'api_key');
        return served.call('PATCH', '/api/modify/2', {
          headers: { 'api-key': String(falcon) },
          body: { value1: '8' },
        });
      },
      200,
      holding(modified, { value1: '8', value3: true, lastmodifiedby: 'falcon' }),
    ],
  ];

  holdRows([...keys, ...records]);
});
