import { after, before } from 'node:test';
import { type CallOptions, type Served, serveApp } from 'trestle/testing';
import {
  type ContractRow,
  formData,
  holdRows,
  INSTANT,
  isInteger,
  member,
} from '../../../packages/trestle/test/contract-rows.ts';
import { everyPlace } from '../../../packages/trestle/test/stores.ts';
import app, { type resources } from '../app.ts';

const item = (loc: unknown[], msg: string, type: string) => ({ loc, msg, type });
const invalid = (...items: unknown[]) => ({ detail: items });
const missing = (...loc: unknown[]) => item(loc, 'field required', 'value_error.missing');
const NOT_ALPHANUMERIC = invalid(
  item(['body', 'username'], 'username must be an alphanumeric', 'value_error'),
);
const NO_TOKEN = { detail: 'Not authenticated' };
const BAD_TOKEN = { detail: 'Could not validate credentials' };
const CHALLENGE = { 'www-authenticate': 'Bearer' };

everyPlace('the rows of the changelog contract', (place) => {
  let served: Served<typeof resources>;
  let token = '';
  const open =
    (method: string, path: string, options: CallOptions = {}) =>
    () =>
      served.call(method, path, options);
  const call = (method: string, path: string, body?: unknown) => () =>
    served.call(method, path, { token, ...(body !== undefined && { body }) });
  const signUp = (username: unknown, password: unknown = 'p') =>
    open('POST', '/users', { body: { username, password } });
  const titles =
    (...expected: string[]) =>
    (body: unknown) =>
      Array.isArray(body) && JSON.stringify(body.map(({ title }) => title)) === JSON.stringify(expected);

  before(async () => {
    served = await serveApp(app, await place());
    await signUp('anna')();
    token = String(
      member(await open('POST', '/login', { body: { username: 'anna', password: 'p' } })(), 'access_token'),
    );
  });
  after(() => served.close());

  const user = (username: string) => ({ user_id: isInteger, username, creation_date: INSTANT });
  const project = (title: string, active: boolean, project_updates: unknown = []) => ({
    id: isInteger,
    title,
    active,
    creation_date: INSTANT,
    created_by: '1',
    project_updates,
  });
  const update = (title: string, relevant_points: unknown[] = []) => ({
    id: isInteger,
    title,
    creation_date: INSTANT,
    created_by: '1',
    relevant_points,
  });
  const noProject = { detail: 'Project with id 999 not found.' };
  const noUpdate = { detail: 'Update with id 999 not found.' };

  const users: ContractRow[] = [
    ['POST /users: 201', signUp('ben'), 201, user('ben')],
    ['POST /users: of any script', signUp('Жанна2李é'), 201, user('Жанна2李é')],
    ['POST /users: letters with marks', signUp('अनिल'), 201, user('अनिल')],
    ['POST /users: not alphanumeric', signUp('a_b'), 422, NOT_ALPHANUMERIC],
    ['POST /users: outer space', signUp(' ben'), 422, NOT_ALPHANUMERIC],
    ['POST /users: a tab', signUp('a\tb'), 422, NOT_ALPHANUMERIC],
    ['POST /users: a line break', signUp('ab\n'), 422, NOT_ALPHANUMERIC],
    ['POST /users: empty', signUp(''), 422, NOT_ALPHANUMERIC],
    [
      'POST /users: missing',
      open('POST', '/users', { body: {} }),
      422,
      invalid(missing('body', 'username'), missing('body', 'password')),
    ],
    [
      'POST /users: a number',
      signUp(5),
      422,
      invalid(item(['body', 'username'], 'str type expected', 'type_error.str')),
    ],
    [
      'POST /users: null',
      signUp(null),
      422,
      invalid(item(['body', 'username'], 'none is not an allowed value', 'type_error.none.not_allowed')),
    ],
    ['POST /users: taken', signUp('ben'), 400, { detail: 'Username already registered.' }],
    ['GET /users/{id}: 200', call('GET', '/users/1'), 200, user('anna')],
    ['GET /users/{id}: 404', call('GET', '/users/999'), 404, { detail: "Couldn't find user of id 999." }],
    [
      'GET /users/{id}: no id',
      call('GET', '/users/x'),
      422,
      invalid(item(['path', 'id'], 'value is not a valid integer', 'type_error.integer')),
    ],
    ['GET /users/{id}: no token', open('GET', '/users/1'), 401, NO_TOKEN, CHALLENGE],
    ['GET /users/{id}: a bad token', open('GET', '/users/1', { token: 'x' }), 401, BAD_TOKEN, CHALLENGE],
    [
      'POST /login: a form',
      open('POST', '/login', { body: new URLSearchParams({ username: 'anna', password: 'p' }) }),
      200,
      { access_token: /^ey/, token_type: 'bearer' },
    ],
    [
      'POST /login: JSON',
      open('POST', '/login', { body: { username: 'anna', password: 'p' } }),
      200,
      { access_token: /^ey/, token_type: 'bearer' },
    ],
    [
      'POST /login: 403',
      open('POST', '/login', { body: { username: 'anna', password: 'q' } }),
      403,
      { detail: 'Invalid Credentials' },
    ],
  ];

  const projects: ContractRow[] = [
    [
      'POST /projects: 201, active where left out',
      call('POST', '/projects', { title: 'one' }),
      201,
      project('one', true),
    ],
    [
      'POST /projects: active where null',
      call('POST', '/projects', { title: 'two', active: null }),
      201,
      project('two', true),
    ],
    [
      'POST /projects: not active',
      call('POST', '/projects', { title: 'three', active: false }),
      201,
      project('three', false),
    ],
    [
      'POST /projects: no title',
      call('POST', '/projects', { active: true }),
      422,
      invalid(missing('body', 'title')),
    ],
    ['POST /projects: no body', call('POST', '/projects'), 422, invalid(missing('body', 'title'))],
    [
      'POST /projects: null',
      () =>
        served.call('POST', '/projects', {
          token,
          body: 'null',
          headers: { 'Content-Type': 'application/json' },
        }),
      422,
      invalid(missing('body')),
    ],
    [
      'POST /projects: a wrong boolean',
      call('POST', '/projects', { title: 'x', active: 'perhaps' }),
      422,
      invalid(item(['body', 'active'], 'value could not be parsed to a boolean', 'type_error.bool')),
    ],
    ['GET /projects: newest first', call('GET', '/projects'), 200, titles('three', 'two', 'one')],
    ['GET /projects: limit and skip', call('GET', '/projects?limit=1&skip=1'), 200, titles('two')],
    ['GET /projects: search', call('GET', '/projects?search=W'), 200, titles('two')],
    ['GET /projects: creator', call('GET', '/projects?creator=2'), 200, []],
    [
      'GET /projects: date',
      () => call('GET', `/projects?date=${new Date().toISOString().slice(0, 10)}`)(),
      200,
      titles('three', 'two', 'one'),
    ],
    ['GET /projects: another date', call('GET', '/projects?date=2020-01-01'), 200, []],
    [
      'GET /projects: a malformed date',
      call('GET', '/projects?date=2020-13-01'),
      400,
      { detail: '2020-13-01 not formatted correctly' },
    ],
    [
      'GET /projects: an empty date is no filter',
      call('GET', '/projects?date=&search='),
      200,
      titles('three', 'two', 'one'),
    ],
    [
      'GET /projects: empty parameters are no filters',
      call('GET', '/projects?limit=&skip=&search=&date=&creator=&update_limit=&update_skip='),
      200,
      titles('three', 'two', 'one'),
    ],
    [
      'GET /projects: a wrong limit',
      call('GET', '/projects?limit=-1'),
      422,
      invalid(
        item(
          ['query', 'limit'],
          'ensure this value is greater than or equal to 0',
          'value_error.number.not_ge',
        ),
      ),
    ],
    ['GET /projects/{id}: 200', call('GET', '/projects/1'), 200, project('one', true)],
    ['GET /projects/{id}: 404', call('GET', '/projects/999'), 404, noProject],
    [
      'PUT /projects/{id}: the status alone',
      call('PUT', '/projects/1', { active: false }),
      200,
      project('one', false),
    ],
    [
      'PUT /projects/{id}: the title alone leaves the status',
      call('PUT', '/projects/1', { title: 'uno' }),
      200,
      project('uno', false),
    ],
    [
      'PUT /projects/{id}: null is left out',
      call('PUT', '/projects/1', { title: null, active: true }),
      200,
      project('uno', true),
    ],
    [
      'PUT /projects/{id}: both',
      call('PUT', '/projects/1/', { title: 'one', active: false }),
      200,
      project('one', false),
    ],
    [
      'PUT /projects/{id}: a boolean as a string',
      call('PUT', '/projects/1', { active: 'false' }),
      200,
      project('one', false),
    ],
    ['PUT /projects/{id}: neither', call('PUT', '/projects/1', {}), 422, invalid(missing('body', 'title'))],
    ['PUT /projects/{id}: no body', call('PUT', '/projects/1'), 422, invalid(missing('body', 'title'))],
    [
      'PUT /projects/{id}: misspelt',
      call('PUT', '/projects/1', { titel: 'x' }),
      422,
      invalid(missing('body', 'title')),
    ],
    [
      'PUT /projects/{id}: nothing was changed by those',
      call('GET', '/projects/1'),
      200,
      project('one', false),
    ],
    ['PUT /projects/{id}: 404', call('PUT', '/projects/999', { title: 'x' }), 404, noProject],
    ['PUT /projects/{id}: no token', open('PUT', '/projects/1', { body: {} }), 401, NO_TOKEN, CHALLENGE],
  ];

  const point = { title: 'p', description: ['a', 'b'] };
  const updates: ContractRow[] = [
    [
      'POST /updates: 201',
      call('POST', '/updates', { title: 'u1', project_id: 1, relevant_points: [point] }),
      201,
      update('u1', [point]),
    ],
    ['POST /updates: no points', call('POST', '/updates', { title: 'u2', project_id: 1 }), 201, update('u2')],
    [
      'POST /updates: null for points',
      call('POST', '/updates', { title: 'u3', project_id: 1, relevant_points: null }),
      201,
      update('u3'),
    ],
    [
      'POST /updates: null for a description',
      call('POST', '/updates', {
        title: 'u4',
        project_id: 1,
        relevant_points: [{ title: 'p', description: null }, { title: 'q' }],
      }),
      201,
      update('u4', [
        { title: 'p', description: [] },
        { title: 'q', description: [] },
      ]),
    ],
    [
      'POST /updates: a number as a string',
      call('POST', '/updates', { title: 'u5', project_id: '1' }),
      201,
      update('u5'),
    ],
    ['DELETE /updates/{id}: that one', call('DELETE', '/updates/5'), 204],
    [
      'POST /updates: multipart',
      () => served.call('POST', '/updates', { token, body: formData({ title: 'u6', project_id: '1' }) }),
      201,
      update('u6'),
    ],
    ['DELETE /updates/{id}: that one too', call('DELETE', '/updates/6'), 204],
    [
      'POST /updates: an array is no string',
      call('POST', '/updates', { title: ['u'], project_id: '1' }),
      422,
      invalid(item(['body', 'title'], 'str type expected', 'type_error.str')),
    ],
    [
      'POST /updates: an unknown project',
      call('POST', '/updates', { title: 'u', project_id: 999 }),
      404,
      noProject,
    ],
    [
      'POST /updates: missing',
      call('POST', '/updates', {}),
      422,
      invalid(missing('body', 'title'), missing('body', 'project_id')),
    ],
    [
      'POST /updates: a wrong point',
      call('POST', '/updates', { title: 'u', project_id: 1, relevant_points: [{}] }),
      422,
      invalid(missing('body', 'relevant_points', 0, 'title')),
    ],
    [
      'GET /projects: the 2 newest updates',
      call('GET', '/projects?search=one'),
      200,
      [project('one', false, titles('u4', 'u3'))],
    ],
    [
      'GET /projects: update_limit and update_skip',
      call('GET', '/projects?search=one&update_limit=1&update_skip=2'),
      200,
      [project('one', false, titles('u2'))],
    ],
    [
      'GET /projects/{id}: update_limit',
      call('GET', '/projects/1?update_limit=3'),
      200,
      project('one', false, titles('u4', 'u3', 'u2')),
    ],
    [
      'PUT /projects/{id}: shows the newest updates, and leaves them',
      call('PUT', '/projects/1', { active: true }),
      200,
      project('one', true, titles('u4', 'u3', 'u2', 'u1')),
    ],
    [
      'PUT /updates/{id}: replaces title, project and points',
      call('PUT', '/updates/1', { title: 'v1', project_id: 2 }),
      200,
      update('v1'),
    ],
    [
      'PUT /updates/{id}: no body',
      call('PUT', '/updates/1'),
      422,
      invalid(missing('body', 'title'), missing('body', 'project_id')),
    ],
    ['PUT /updates/{id}: 404', call('PUT', '/updates/999', { title: 'v', project_id: 2 }), 404, noUpdate],
    [
      'PUT /updates/{id}: an unknown project',
      call('PUT', '/updates/1', { title: 'v', project_id: 999 }),
      404,
      noProject,
    ],
    ['DELETE /updates/{id}: 204', call('DELETE', '/updates/2'), 204],
    ['DELETE /updates/{id}: 404', call('DELETE', '/updates/999'), 404, noUpdate],
    ['DELETE /projects/{id}: 204', call('DELETE', '/projects/2'), 204],
    [
      'DELETE /projects/{id}: its updates are gone',
      call('DELETE', '/updates/1'),
      404,
      { detail: 'Update with id 1 not found.' },
    ],
    ['DELETE /projects/{id}: 404', call('DELETE', '/projects/999'), 404, noProject],
  ];

  holdRows([...users, ...projects, ...updates]);
});
