import { after, before } from 'node:test';
import { type CallOptions, type Served, serveApp } from 'trestle/testing';
import { type ContractRow, holdRows, INSTANT, isInteger } from '../../packages/trestle/test/contract-rows.ts';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

const item = (loc: unknown[], msg: string, type: string) => ({ detail: [{ loc, msg, type }] });
const missing = (...loc: unknown[]) => item(loc, 'field required', 'value_error.missing');
const NO_KEY = { detail: 'An API key must be passed as query or header' };
const BAD_KEY = { detail: 'Wrong, revoked, or expired API key.' };
const NO_SECRET = { detail: 'secret_key must be passed as a header field' };
const BAD_SECRET = { detail: 'Wrong secret key.' };
const UNKNOWN_KEY = { detail: 'API key not found' };
const BAD_DATE = { detail: 'The expiration date could not be parsed. Please use ISO 8601.' };
const NOT_FOUND = { detail: 'Package with ID 999 not found.' };

everyPlace('the rows of the packages contract', (place) => {
  let served: Served<typeof resources>;
  let key = '';
  let spare = '';
  let masked = '';
  const open =
    (method: string, path: string, options: CallOptions = {}) =>
    () =>
      served.call(method, path, options);
  const call = (method: string, path: string, body?: unknown) => () =>
    served.call(method, path, { headers: { 'api-key': key }, ...(body !== undefined && { body }) });
  /** A request of the administrator's; KEY and MASKED stand for the spare key, whole and as it is shown. */
  const manage = (method: string, path: string) => () =>
    served.call(method, path.replace('KEY', spare).replace('MASKED', encodeURIComponent(masked)), {
      headers: { 'secret-key': served.administrator },
    });
  const useSpare = () => served.call('GET', '/secure', { headers: { 'api-key': spare } });

  before(async () => {
    process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.05';
    served = await serveApp(app, await place());
    key = String((await manage('GET', '/auth/new?name=rows')()).body);
    spare = String((await manage('GET', '/auth/new?name=spare')()).body);
    const { logs } = Object((await manage('GET', '/auth/logs')()).body);
    masked = logs.find(({ name }: { name: string }) => name === 'spare').api_key;
  });
  after(async () => {
    await served.close();
    delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
  });

  const secure = { message: 'This is a secure endpoint' };
  const entry = (id: number, name: string, version: string, status: string) => ({
    id,
    name,
    version,
    status,
  });
  const operation = (kind: string) => ({
    id: /^[0-9a-f-]{36}$/,
    package_id: isInteger,
    kind,
    state: /^(queued|running)$/,
    progress: (value: unknown) => typeof value === 'number' && value >= 0 && value <= 1,
    message: () => true,
    error: null,
    attempts: isInteger,
    created_at: INSTANT,
    started_at: () => true,
    finished_at: null,
  });
  const renewed = 'The new expiration date for the API key is 2100-01-02T00:00:00.000Z';
  const revived = `This API key was revoked and has been reactivated. ${renewed}`;

  const credentials: ContractRow[] = [
    ['GET /secure: 200 by header', call('GET', '/secure'), 200, secure],
    ['GET /secure: 200 by query', () => open('GET', `/secure?api-key=${key}`)(), 200, secure],
    ['GET /secure: in the other spelling', () => open('GET', `/secure?api_key=${key}`)(), 200, secure],
    [
      'GET /secure: a key that was lower-cased',
      () => open('GET', '/secure', { headers: { 'api-key': key.toLowerCase() } })(),
      200,
      secure,
    ],
    ['GET /secure: no key', open('GET', '/secure'), 403, NO_KEY],
    [
      'GET /secure: a bad key',
      open('GET', '/secure', { headers: { 'api-key': 'foo-foo-foo-foo' } }),
      403,
      BAD_KEY,
    ],
    ['GET /packages: no key', open('GET', '/packages/?skip=x'), 403, NO_KEY],
  ];

  const packages: ContractRow[] = [
    [
      'POST /packages/: 201',
      call('POST', '/packages/', { name: 'hammer', version: '1.0' }),
      201,
      entry(1, 'hammer', '1.0', 'Created'),
    ],
    [
      'POST /packages/: trimmed',
      call('POST', '/packages/', { name: '  saw ', version: '\t2.0\n' }),
      201,
      entry(2, 'saw', '2.0', 'Created'),
    ],
    [
      'POST /packages/: a form',
      call('POST', '/packages', new URLSearchParams({ name: 'nail', version: '3.0' })),
      201,
      entry(3, 'nail', '3.0', 'Created'),
    ],
    ...['', '  ', 'x', ' x '].map(
      (name): ContractRow => [
        `POST /packages/: the name ${JSON.stringify(name)}`,
        call('POST', '/packages/', { name, version: '1.0' }),
        400,
        { detail: 'Invalid name.' },
      ],
    ),
    [
      'POST /packages/: one character of version',
      call('POST', '/packages/', { name: 'ok', version: '1' }),
      400,
      { detail: 'Invalid version.' },
    ],
    ['POST /packages/: missing', call('POST', '/packages/', { name: 'ok' }), 422, missing('body', 'version')],
    [
      'POST /packages/: another type',
      call('POST', '/packages/', { name: [], version: '1.0' }),
      422,
      item(['body', 'name'], 'str type expected', 'type_error.str'),
    ],
    [
      'GET /packages/: by id',
      call('GET', '/packages/'),
      200,
      [
        entry(1, 'hammer', '1.0', 'Created'),
        entry(2, 'saw', '2.0', 'Created'),
        entry(3, 'nail', '3.0', 'Created'),
      ],
    ],
    [
      'GET /packages/: skip and take',
      call('GET', '/packages/?skip=1&take=1'),
      200,
      [entry(2, 'saw', '2.0', 'Created')],
    ],
    [
      'GET /packages/: empty parameters',
      call('GET', '/packages/?skip=1&take='),
      200,
      (list: unknown) => Array.isArray(list) && list.length === 2,
    ],
    [
      'GET /packages/: no number',
      call('GET', '/packages/?take=x'),
      422,
      item(['query', 'take'], 'value is not a valid integer', 'type_error.integer'),
    ],
    ['GET /packages/{id}/: 200', call('GET', '/packages/1/'), 200, entry(1, 'hammer', '1.0', 'Created')],
    ['GET /packages/{id}/: 404', call('GET', '/packages/999'), 404, NOT_FOUND],
    [
      'GET /packages/{id}/: -1',
      call('GET', '/packages/-1'),
      404,
      { detail: 'Package with ID -1 not found.' },
    ],
    [
      'GET /packages/{id}/: no number',
      call('GET', '/packages/x/'),
      422,
      item(['path', 'id'], 'value is not a valid integer', 'type_error.integer'),
    ],
    [
      'PUT /packages/{id}/: 200',
      call('PUT', '/packages/1/', { name: ' hammer ', version: '1.1', status_id: 2 }),
      200,
      entry(1, 'hammer', '1.1', 'Downloaded'),
    ],
    [
      'PUT /packages/{id}/: a number as a string',
      call('PUT', '/packages/1/', { name: 'hammer', version: '1.1', status_id: '2' }),
      200,
      entry(1, 'hammer', '1.1', 'Downloaded'),
    ],
    [
      'PUT /packages/{id}/: an unknown status',
      call('PUT', '/packages/1/', { name: 'hammer', version: '1.1', status_id: 9 }),
      400,
      { detail: 'Status identifier 9 of the package, invalid.' },
    ],
    [
      'PUT /packages/{id}/: a blank name',
      call('PUT', '/packages/1/', { name: ' ', version: '1.1', status_id: 1 }),
      400,
      { detail: 'Invalid name.' },
    ],
    [
      'PUT /packages/{id}/: a misspelt member',
      call('PUT', '/packages/1/', { name: 'hammer', version: '1.1', state_id: 1 }),
      422,
      missing('body', 'status_id'),
    ],
    [
      'PUT /packages/{id}/: no body',
      call('PUT', '/packages/1/'),
      422,
      {
        detail: ['name', 'version', 'status_id'].map((name) => ({
          loc: ['body', name],
          msg: 'field required',
          type: 'value_error.missing',
        })),
      },
    ],
    [
      'PUT /packages/{id}/: nothing was changed by those',
      call('GET', '/packages/1/'),
      200,
      entry(1, 'hammer', '1.1', 'Downloaded'),
    ],
    [
      'PUT /packages/{id}/: 404',
      call('PUT', '/packages/999/', { name: 'ab', version: 'ab', status_id: 1 }),
      404,
      NOT_FOUND,
    ],
    [
      'PUT /packages/activated/{id}/: Created stays',
      call('PUT', '/packages/activated/2/'),
      200,
      entry(2, 'saw', '2.0', 'Created'),
    ],
    [
      'PUT /packages/downloaded/{id}/: Created becomes Downloaded',
      call('PUT', '/packages/downloaded/2/'),
      200,
      entry(2, 'saw', '2.0', 'Downloaded'),
    ],
    [
      'PUT /packages/downloaded/{id}/: Downloaded stays',
      call('PUT', '/packages/downloaded/2'),
      200,
      entry(2, 'saw', '2.0', 'Downloaded'),
    ],
    [
      'PUT /packages/activated/{id}/: Downloaded becomes Active',
      call('PUT', '/packages/activated/2'),
      200,
      entry(2, 'saw', '2.0', 'Active'),
    ],
    ['PUT /packages/activated/{id}/: 404', call('PUT', '/packages/activated/999/'), 404, NOT_FOUND],
    [
      'DELETE /packages/{id}/: 200',
      call('DELETE', '/packages/2/'),
      200,
      { message: 'Package with identifier: 2 deleted successfully.' },
    ],
    ['DELETE /packages/{id}/: 404', call('DELETE', '/packages/999/'), 404, NOT_FOUND],
    ['POST /packages/{id}/activate: not from Created', call('POST', '/packages/3/activate'), 409],
    ['POST /packages/{id}/download: 202', call('POST', '/packages/3/download'), 202, operation('download')],
    ['POST /packages/{id}/download: not from Downloaded', call('POST', '/packages/1/download'), 409],
    ['POST /packages/{id}/activate: 202', call('POST', '/packages/1/activate'), 202, operation('activate')],
    [
      'GET /operations?package_id=',
      call('GET', '/operations?package_id=3'),
      200,
      (list: unknown) => Array.isArray(list) && list.length === 1 && list[0].kind === 'download',
    ],
    ['GET /operations/{id}: 404', call('GET', '/operations/none'), 404],
    [
      'GET /statuses',
      call('GET', '/statuses'),
      200,
      [
        { id: 1, name: 'Created' },
        { id: 2, name: 'Downloaded' },
        { id: 3, name: 'Active' },
      ],
    ],
    ['POST /statuses', call('POST', '/statuses', { name: ' Rejected ' }), 201, { id: 4, name: 'Rejected' }],
  ];

  const keys: ContractRow[] = [
    ['GET /auth/new: no secret', open('GET', '/auth/new'), 403, NO_SECRET],
    [
      'GET /auth/new: a wrong secret',
      open('GET', '/auth/new', { headers: { 'secret-key': 'guess' } }),
      403,
      BAD_SECRET,
    ],
    [
      'GET /auth/new: 200 with the key',
      manage('GET', '/auth/new?name=other&never_expires=true'),
      200,
      /^[a-z0-9_]+$/,
    ],
    ['POST /auth/new', manage('POST', '/auth/new'), 200, /^[a-z0-9_]+$/],
    [
      'GET /auth/new: a name too long',
      manage('GET', `/auth/new?name=${'x'.repeat(257)}`),
      422,
      item(
        ['query', 'name'],
        'ensure this value has at most 256 characters',
        'value_error.any_str.max_length',
      ),
    ],
    [
      'GET /auth/new: no boolean',
      manage('GET', '/auth/new?never_expires=x'),
      422,
      item(['query', 'never_expires'], 'value could not be parsed to a boolean', 'type_error.bool'),
    ],
    ['GET /auth/revoke: no key named', manage('GET', '/auth/revoke'), 422, missing('query', 'api-key')],
    ['GET /auth/revoke: an unknown key', manage('GET', '/auth/revoke?api-key=x'), 404, UNKNOWN_KEY],
    ...(['api-key=KEY', 'api_key=KEY', 'api-key=MASKED', 'api_key=MASKED'] as const).flatMap(
      (named, at): ContractRow[] => {
        const method = at % 2 === 0 ? 'GET' : 'POST';
        const date = at % 2 === 0 ? 'expiration-date' : 'expiration_date';
        return [
          [`${named}: the key serves`, useSpare, 200, secure],
          [`${method} /auth/revoke?${named}: 200 null`, manage(method, `/auth/revoke?${named}`), 200, null],
          [`${named}: the key is deactivated`, useSpare, 403, BAD_KEY],
          [
            `${method} /auth/renew?${named}: comes back`,
            manage(method, `/auth/renew?${named}&${date}=2100-01-02`),
            200,
            revived,
          ],
          [
            `${method} /auth/renew?${named}: again`,
            manage(method, `/auth/renew?${named}&${date}=2100-01-02T00:00:00`),
            200,
            renewed,
          ],
          [
            `${method} /auth/renew?${named}: unreadable`,
            manage(method, `/auth/renew?${named}&${date}=soon`),
            422,
            BAD_DATE,
          ],
          [
            `${method} /auth/renew?${named}: no such day`,
            manage(method, `/auth/renew?${named}&${date}=2100-02-30`),
            422,
            BAD_DATE,
          ],
          [
            `${method} /auth/renew?${named}: before all keys`,
            manage(method, `/auth/renew?${named}&${date}=1900-01-01`),
            422,
            BAD_DATE,
          ],
        ];
      },
    ),
    [
      'GET /auth/renew: no date',
      manage('GET', '/auth/renew?api_key=KEY'),
      200,
      /^The new expiration date for the API key is \d{4}-/,
    ],
    ['GET /auth/renew: an unknown key', manage('GET', '/auth/renew?api_key=x'), 404, UNKNOWN_KEY],
    [
      'GET /auth/renew: no key named',
      manage('GET', '/auth/renew?expiration_date=2100-01-02'),
      422,
      missing('query', 'api-key'),
    ],
    [
      'GET /auth/logs',
      manage('GET', '/auth/logs'),
      200,
      {
        logs: (list: unknown) =>
          Array.isArray(list) &&
          list.every((each) => /^trs_live_[0-9a-z]{12}…$/.test(each.api_key)) &&
          list.some(
            ({ name, is_active, total_queries }) => name === 'spare' && is_active && total_queries > 0,
          ),
      },
    ],
    ['GET /auth/logs: no secret', call('GET', '/auth/logs'), 403, NO_SECRET],
    ['DELETE /auth/delete', manage('DELETE', '/auth/delete?api_key=MASKED'), 200, null],
    ['GET /auth/delete: the key is gone', manage('GET', '/auth/delete?api-key=KEY'), 404, UNKNOWN_KEY],
    ['GET /auth/delete: it does not serve', useSpare, 403, BAD_KEY],
    ['GET /docs', open('GET', '/docs'), 200],
    ['GET /redoc', open('GET', '/redoc'), 200],
  ];

  holdRows([...credentials, ...packages, ...keys]);
});
