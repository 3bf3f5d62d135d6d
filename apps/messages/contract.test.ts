import { after, before } from 'node:test';
import { type CallOptions, type Served, serveApp } from 'trestle/testing';
import {
  type ContractRow,
  formData,
  holdRows,
  INSTANT,
  isInteger,
  member,
} from '../../packages/trestle/test/contract-rows.ts';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

const BAD_USERNAME = {
  username: [
    'Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.',
  ],
};
const NO_TOKEN = { detail: 'Authentication credentials were not provided.' };
const BAD_TOKEN = {
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
};
const BLANK = ['This field may not be blank.'];
const REQUIRED = ['This field is required.'];
const NULL = ['This field may not be null.'];
const TOO_LONG = ['Ensure this field has no more than 160 characters.'];
const NOT_FOUND = { detail: 'Not found.' };

everyPlace('the rows of the messages contract', (place) => {
  let served: Served<typeof resources>;
  let access = '';
  let refresh = '';
  let path = '';
  const call =
    (method: string, target: string, options: CallOptions = {}) =>
    () =>
      served.call(method, target, options);
  const register = (username: unknown, password: unknown = 'pw') =>
    call('POST', '/api/auth/register/', { body: { username, password } });
  const signIn = (username: unknown, password: unknown = 'pw') =>
    call('POST', '/api/auth/token/', { body: { username, password } });
  const renew = (body: unknown) => call('POST', '/api/auth/token/refresh/', { body });
  const post = (body: unknown) => () => served.call('POST', '/api/messages', { token: access, body });
  const change = (method: string, body?: unknown) => () =>
    served.call(method, path, { token: access, ...(body !== undefined && { body }) });
  const read = () => served.engine.services.messages.peek({ caller: { kind: 'anonymous' } }, 1);

  before(async () => {
    served = await serveApp(app, await place());
    await register('ann')();
    const tokens = await signIn('ann')();
    access = String(member(tokens, 'access'));
    refresh = String(member(tokens, 'refresh'));
    await post({ content: 'the first' })();
    path = '/api/messages/1';
  });
  after(() => served.close());

  const user = (username: string) => ({
    id: isInteger,
    username,
    email: '',
    first_name: '',
    last_name: '',
    is_staff: false,
  });
  const message = (content: string, views = 0) => ({
    id: isInteger,
    content,
    views,
    created_at: INSTANT,
    updated_at: INSTANT,
  });

  const accounts: ContractRow[] = [
    ['register: 200 with the user', register('bob'), 200, user('bob')],
    [
      'register: a form',
      call('POST', '/api/auth/register', { body: new URLSearchParams({ username: 'form', password: 'pw' }) }),
      200,
      user('form'),
    ],
    [
      'register: multipart',
      call('POST', '/api/auth/register/', { body: formData({ username: 'multi', password: 'pw' }) }),
      200,
      user('multi'),
    ],
    [
      'token: multipart',
      call('POST', '/api/auth/token/', { body: formData({ username: 'multi', password: 'pw' }) }),
      200,
      { refresh: /^ey/, access: /^ey/ },
    ],
    ['register: the user name is trimmed', register(' \tcarl\n '), 200, user('carl')],
    ['register: letters of any script', register('Žižek.Анна_李@x+y-1'), 200, user('Žižek.Анна_李@x+y-1')],
    ['register: letters with marks', register('अनिल'), 200, user('अनिल')],
    ['register: names are compared in NFKC', register('ﬁn'), 200, user('fin')],
    ['register: 150 characters', register('x'.repeat(150)), 200, user('x'.repeat(150))],
    ['register: 151 are too many', register('x'.repeat(151)), 400, BAD_USERNAME],
    ['register: no space inside', register('a b'), 400, BAD_USERNAME],
    ['register: no tab', register('a\tb'), 400, BAD_USERNAME],
    ['register: no line break', register('a\nb'), 400, BAD_USERNAME],
    ['register: no other character', register('a$b'), 400, BAD_USERNAME],
    ['register: taken', register('bob'), 400, { username: ['A user with that username already exists.'] }],
    [
      'register: taken in another form',
      register('ｂｏｂ'),
      400,
      { username: ['A user with that username already exists.'] },
    ],
    ['register: blank', register('   ', ''), 400, { username: BLANK, password: BLANK }],
    [
      'register: missing',
      call('POST', '/api/auth/register/', { body: {} }),
      400,
      { username: REQUIRED, password: REQUIRED },
    ],
    [
      'register: no body',
      call('POST', '/api/auth/register/'),
      400,
      { username: REQUIRED, password: REQUIRED },
    ],
    ['register: null', register(null, null), 400, { username: NULL, password: NULL }],
    [
      'token: 200 with both',
      signIn('bob'),
      200,
      { refresh: /^ey/, access: /^ey/ },
      { 'cache-control': 'no-store' },
    ],
    ['token: the user name is trimmed', signIn(' bob '), 200],
    ['token: compared in NFKC', signIn('ｂｏｂ'), 200],
    [
      'token: a wrong password',
      signIn('bob', 'no'),
      401,
      { detail: 'No active account found with the given credentials' },
    ],
    [
      'token: an unknown name',
      signIn('nobody'),
      401,
      { detail: 'No active account found with the given credentials' },
    ],
    ['token: blank fields', signIn('', ''), 400, { username: BLANK, password: BLANK }],
    ['token: a blank name', signIn('  '), 400, { username: BLANK }],
    [
      'token: missing fields',
      call('POST', '/api/auth/token/', { body: {} }),
      400,
      { username: REQUIRED, password: REQUIRED },
    ],
    ['refresh: 200 with an access token', () => renew({ refresh })(), 200, { access: /^ey/ }],
    [
      'refresh: another each time',
      () => renew({ refresh })(),
      200,
      { access: (token: unknown) => token !== access },
    ],
    [
      'refresh: a bad one',
      renew({ refresh: 'x' }),
      401,
      { detail: 'Token is invalid or expired', code: 'token_not_valid' },
    ],
    [
      'refresh: an access token',
      () => renew({ refresh: access })(),
      401,
      { detail: 'Token is invalid or expired', code: 'token_not_valid' },
    ],
    ['refresh: blank', renew({ refresh: '' }), 400, { refresh: BLANK }],
    ['refresh: white space', renew({ refresh: ' ' }), 400, { refresh: BLANK }],
    ['refresh: missing', renew({}), 400, { refresh: REQUIRED }],
  ];

  const messages: ContractRow[] = [
    [
      'list: 200, last updated first, counts no view',
      call('GET', '/api/messages'),
      200,
      [message('the first')],
    ],
    ['list: HEAD', call('HEAD', '/api/messages'), 200],
    [
      'list: OPTIONS',
      call('OPTIONS', '/api/messages'),
      204,
      undefined,
      { allow: 'GET, HEAD, POST, OPTIONS' },
    ],
    ['list: another method', call('PUT', '/api/messages'), 405, { detail: 'Method "PUT" not allowed.' }],
    ['post: 201', post({ content: 'new' }), 201, message('new')],
    [
      'post: a form',
      () =>
        served.call('POST', '/api/messages/', {
          token: access,
          body: new URLSearchParams({ content: 'a form' }),
        }),
      201,
      message('a form'),
    ],
    [
      'post: multipart',
      () => served.call('POST', '/api/messages', { token: access, body: formData({ content: ' multi ' }) }),
      201,
      message('multi'),
    ],
    ['post: trimmed', post({ content: '  pad \n' }), 201, message('pad')],
    ['post: a number is taken as its text', post({ content: 42 }), 201, message('42')],
    [
      'post: digits of a form stay as they are',
      () =>
        served.call('POST', '/api/messages', {
          token: access,
          body: new URLSearchParams({ content: '007' }),
        }),
      201,
      message('007'),
    ],
    ['post: one character', post({ content: 'x' }), 201, message('x')],
    ['post: 160 emoji', post({ content: '😀'.repeat(160) }), 201, message('😀'.repeat(160))],
    ['post: 160 after trimming', post({ content: ` ${'x'.repeat(160)} ` }), 201, message('x'.repeat(160))],
    ['post: 161', post({ content: 'x'.repeat(161) }), 400, { content: TOO_LONG }],
    ['post: empty', post({ content: '' }), 400, { content: BLANK }],
    ['post: white space', post({ content: '   ' }), 400, { content: BLANK }],
    ['post: missing', post({}), 400, { content: REQUIRED }],
    ['post: no body', post(undefined), 400, { content: REQUIRED }],
    ['post: misspelt', post({ contnet: 'x' }), 400, { content: REQUIRED }],
    ['post: null', post({ content: null }), 400, { content: NULL }],
    ['post: a boolean', post({ content: true }), 400, { content: ['Not a valid string.'] }],
    ['post: an array', post({ content: ['x'] }), 400, { content: ['Not a valid string.'] }],
    ['post: no token', call('POST', '/api/messages', { body: { content: 'x' } }), 401, NO_TOKEN],
    [
      'post: a bad token',
      call('POST', '/api/messages', { token: 'x', body: { content: 'x' } }),
      401,
      BAD_TOKEN,
    ],
    ['read: counts this read', () => served.call('GET', path), 200, message('the first', 1)],
    ['read: the next one', () => served.call('GET', `${path}/`), 200, message('the first', 2)],
    ['read: HEAD', () => served.call('HEAD', path), 200],
    [
      'read: OPTIONS',
      () => served.call('OPTIONS', path),
      204,
      undefined,
      { allow: 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS' },
    ],
    ['read: an unknown one', call('GET', '/api/messages/999'), 404, { error: 'Message not found!' }],
    ['another method', () => served.call('POST', path), 405, { detail: 'Method "POST" not allowed.' }],
    ...(['PUT', 'PATCH'] as const).flatMap((method): ContractRow[] => {
      const missing = { content: method === 'PUT' ? REQUIRED : NULL };
      return [
        [`${method}: without a body`, change(method), 400, missing],
        [`${method}: {}`, change(method, {}), 400, missing],
        [`${method}: misspelt`, change(method, { contnet: 'x' }), 400, missing],
        [`${method}: what is not the client's to set`, change(method, { views: 9 }), 400, missing],
        [`${method}: null`, change(method, { content: null }), 400, { content: NULL }],
        [`${method}: white space`, change(method, { content: ' ' }), 400, { content: BLANK }],
        [`${method}: too long`, change(method, { content: 'x'.repeat(161) }), 400, { content: TOO_LONG }],
        [
          `${method}: nothing was changed by those`,
          async () => ({ status: 200, headers: new Headers(), body: await read() }),
          200,
          (row: unknown) => {
            const { views, created_at, updated_at } = Object(row);
            return views > 0 && (method === 'PATCH' || created_at === updated_at);
          },
        ],
        [
          `${method}: 200, views back at 0`,
          change(method, { content: ' changed ' }),
          200,
          message('changed'),
        ],
        [`${method}: counted again`, () => served.call('GET', path), 200, message('changed', 1)],
        [`${method}: the same content too`, change(method, { content: 'changed' }), 200, message('changed')],
        [`${method}: multipart`, change(method, formData({ content: 'parts' })), 200, message('parts')],
        [`${method}: a number`, change(method, { content: 7 }), 200, message('7')],
        [`${method}: counted once more`, () => served.call('GET', path), 200, message('7', 1)],
        [
          `${method}: an unknown one`,
          () => served.call(method, '/api/messages/999', { token: access, body: {} }),
          404,
          NOT_FOUND,
        ],
        [`${method}: no token`, () => served.call(method, '/api/messages/999', { body: {} }), 401, NO_TOKEN],
        [
          `${method}: a bad token`,
          () => served.call(method, path, { token: refresh, body: {} }),
          401,
          BAD_TOKEN,
        ],
      ];
    }),
    ['delete: no token', () => served.call('DELETE', path), 401, NO_TOKEN],
    [
      'delete: an unknown one',
      () => served.call('DELETE', '/api/messages/999', { token: access }),
      404,
      NOT_FOUND,
    ],
    ['delete: 204', () => served.call('DELETE', path, { token: access }), 204],
    ['delete: it is gone', () => served.call('GET', path), 404, { error: 'Message not found!' }],
    [
      'list: cut, with a Link',
      call('GET', '/api/messages?limit=1&offset=1'),
      200,
      (list: unknown) => Array.isArray(list) && list.length === 1,
    ],
    [
      'the author is shown beside the contract',
      call('GET', '/v1/messages?limit=1'),
      200,
      (page: unknown) => Object(page).items[0].author === 1,
    ],
  ];

  holdRows([...accounts, ...messages]);
});
