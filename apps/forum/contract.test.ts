import { after, before } from 'node:test';
import { type CallOptions, type Served, serveApp } from 'trestle/testing';
import { type ContractRow, holdRows, isInteger, member } from '../../packages/trestle/test/contract-rows.ts';
import { everyPlace } from '../../packages/trestle/test/stores.ts';
import app, { type resources } from './app.ts';

const PASSWORD = 'Passw0rd!';
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/;
const error = (text: string) => ({ error: text });
const NO_TOKEN = error('Access-token is missing. Log in, please');
const BAD_TOKEN = error('Invalid access-token. Log in please');
const NO_USERNAME = error('Username is missing');
const NO_PASSWORD = error('Password is missing');
const NO_TITLE = error('Article title is missing');
const NO_TEXT = error('Article text is missing');
const NO_ARTICLE = error('Article with id=999 was not found');

everyPlace('the rows of the forum contract', (place) => {
  let served: Served<typeof resources>;
  const tokens = { annie: '', bobby: '' };
  const open =
    (method: string, path: string, options: CallOptions = {}) =>
    () =>
      served.call(method, path, options);
  const register = (username: unknown, password: unknown = PASSWORD) =>
    open('POST', '/register', { body: { username, password } });
  const login = (username: unknown, password: unknown = PASSWORD) =>
    open('POST', '/login', { body: { username, password } });
  /** With the token in the body, as the document has it. */
  const call =
    (name: keyof typeof tokens, method: string, path: string, body: object = {}) =>
    () =>
      served.call(method, path, { body: { ...body, 'access-token': tokens[name] } });
  /** With the token in the header, and the body as it is written. */
  const raw = (method: string, path: string, body?: string) => () =>
    served.call(method, path, {
      token: tokens.annie,
      ...(body !== undefined && { body, headers: { 'Content-Type': 'application/json' } }),
    });

  before(async () => {
    served = await serveApp(app, await place());
    for (const name of ['annie', 'bobby'] as const) {
      await register(name)();
      tokens[name] = String(member(await login(name)(), 'access-token'));
    }
  });
  after(() => served.close());

  const user = (username: string) => ({ id: isInteger, username, date_registered: DATE });
  const entry = (title: string) => ({
    id: isInteger,
    title,
    date_posted: DATE,
    user_id: 1,
    'author.username': 'annie',
  });
  const article = (title: string, text: string) => ({ ...entry(title), text });

  const accounts: ContractRow[] = [
    ['register: 200', register('user_name!'), 200, user('user_name!')],
    [
      'register: a form',
      open('POST', '/register', { body: new URLSearchParams({ username: 'former', password: PASSWORD }) }),
      200,
      user('former'),
    ],
    ['register: taken', register('annie'), 409, error('User with such username already exists')],
    ['register: no name', open('POST', '/register', { body: { password: PASSWORD } }), 400, NO_USERNAME],
    ['register: an empty name', register(''), 400, NO_USERNAME],
    ['register: null', register(null), 400, NO_USERNAME],
    ['register: no password', open('POST', '/register', { body: { username: 'fresh' } }), 400, NO_PASSWORD],
    ['register: an empty password', register('fresh', ''), 400, NO_PASSWORD],
    ['register: no body', open('POST', '/register'), 400, NO_USERNAME],
    ...['four', 'x'.repeat(21), 'with space', 'ünicode', 'tab\tbed', 'line\nbreak', ' annie', 'annie '].map(
      (name): ContractRow => [
        `register: the name ${JSON.stringify(name)}`,
        register(name),
        400,
        error('Bad username format'),
      ],
    ),
    ...[
      'Sh0rt!',
      `${'x'.repeat(38)}A1!`,
      'nouppercase1!',
      'NOLOWER1!',
      'NoDigits!!',
      'NoSymbol11',
      'Sp ace1!!',
    ].map(
      (password): ContractRow => [
        `register: the password ${password}`,
        register('fresh', password),
        400,
        error('Bad password format'),
      ],
    ),
    ['login: 200', login('annie'), 200, { 'access-token': /^ey/, user_id: 1, username: 'annie' }],
    ['login: 401', login('annie', 'Wrong0ne!'), 401, error('Uncorrect username or/and password')],
    ['login: an unknown name', login('nobody'), 401, error('Uncorrect username or/and password')],
    ['login: no name', open('POST', '/login', { body: { password: 'x' } }), 400, NO_USERNAME],
    ['login: an empty name', login(''), 400, NO_USERNAME],
    ['login: an empty password', login('annie', ''), 400, NO_PASSWORD],
    ['verify-token: 200', call('annie', 'POST', '/verify-token'), 200, { username: 'annie', id: 1 }],
    ['verify-token: by header', raw('POST', '/verify-token'), 200, { username: 'annie', id: 1 }],
    [
      'verify-token: the same token in both',
      () =>
        served.call('POST', '/verify-token', { token: tokens.annie, body: { 'access-token': tokens.annie } }),
      200,
      { username: 'annie', id: 1 },
    ],
    ['verify-token: none', open('POST', '/verify-token'), 401, NO_TOKEN],
    [
      'verify-token: a bad one',
      open('POST', '/verify-token', { body: { 'access-token': 'x' } }),
      401,
      BAD_TOKEN,
    ],
    ['GET /users/{id}: 200', open('GET', '/users/1'), 200, user('annie')],
    ['GET /users/{id}: 404', open('GET', '/users/999'), 404, error('User with id=999 was not found')],
  ];

  const articles: ContractRow[] = [
    ['GET /articles: none', open('GET', '/articles'), 200, { articles: [], next: false }],
    [
      'new: 200',
      call('annie', 'POST', '/articles/new', { title: 'one', text: 'first' }),
      200,
      article('one', 'first'),
    ],
    [
      'new: 200, the last',
      call('annie', 'POST', '/articles/new', { title: 'two', text: 'second' }),
      200,
      article('two', 'second'),
    ],
    ['new: no token', open('POST', '/articles/new', { body: { title: 'x', text: 'x' } }), 401, NO_TOKEN],
    [
      'new: a bad token',
      open('POST', '/articles/new', { body: { title: 'x', text: 'x', 'access-token': 'x' } }),
      401,
      BAD_TOKEN,
    ],
    ['new: no title', call('annie', 'POST', '/articles/new', { text: 'x' }), 400, NO_TITLE],
    ['new: an empty title', call('annie', 'POST', '/articles/new', { title: '', text: 'x' }), 400, NO_TITLE],
    [
      'new: null for a title',
      call('annie', 'POST', '/articles/new', { title: null, text: 'x' }),
      400,
      NO_TITLE,
    ],
    ['new: no text', call('annie', 'POST', '/articles/new', { title: 'x' }), 400, NO_TEXT],
    ['new: an empty text', call('annie', 'POST', '/articles/new', { title: 'x', text: '' }), 400, NO_TEXT],
    ['new: no body', raw('POST', '/articles/new'), 400, NO_TITLE],
    ['new: a body of null', raw('POST', '/articles/new', 'null'), 400, NO_TITLE],
    ['new: a body of []', raw('POST', '/articles/new', '[]'), 400, NO_TITLE],
    [
      'new: 1,000,000 characters',
      call('annie', 'POST', '/articles/new', { title: 'long', text: 'é'.repeat(1_000_000) }),
      200,
      article('long', 'é'.repeat(1_000_000)),
    ],
    [
      'new: 1,000,001 characters',
      call('annie', 'POST', '/articles/new', { title: 'long', text: 'x'.repeat(1_000_001) }),
      400,
      error('Article text is too long'),
    ],
    [
      'new: 1,000,000 escaped characters',
      raw('POST', '/articles/new', `{"title":"long","text":"${'\\ud83d\\ude00'.repeat(1_000_000)}"}`),
      200,
    ],
    ['GET /articles/{id}: 200', open('GET', '/articles/1'), 200, article('one', 'first')],
    ['GET /articles/{id}: 404', open('GET', '/articles/999'), 404, NO_ARTICLE],
    ['edit: no token first', open('PUT', '/articles/999/edit', { body: {} }), 401, NO_TOKEN],
    ['edit: then existence', call('bobby', 'PUT', '/articles/999/edit'), 404, NO_ARTICLE],
    [
      'edit: then authorship',
      call('bobby', 'PUT', '/articles/1/edit'),
      403,
      error('You can edit only own article'),
    ],
    ['edit: then the body', call('annie', 'PUT', '/articles/1/edit', { title: 'x' }), 400, NO_TEXT],
    ['edit: misspelt', call('annie', 'PUT', '/articles/1/edit', { titel: 'x', text: 'x' }), 400, NO_TITLE],
    ['edit: no body', raw('PUT', '/articles/1/edit'), 400, NO_TITLE],
    ['edit: a body of null', raw('PUT', '/articles/1/edit', 'null'), 400, NO_TITLE],
    ['edit: nothing was changed by those', open('GET', '/articles/1'), 200, article('one', 'first')],
    [
      'edit: 200',
      call('annie', 'PUT', '/articles/1/edit', { title: 'uno', text: 'changed' }),
      200,
      article('uno', 'changed'),
    ],
    ['delete: no token', open('DELETE', '/articles/1/delete'), 401, NO_TOKEN],
    ['delete: 404', call('bobby', 'DELETE', '/articles/999/delete'), 404, NO_ARTICLE],
    [
      'delete: 403',
      call('bobby', 'DELETE', '/articles/1/delete'),
      403,
      error('You can delete only own article'),
    ],
    [
      'delete: 200 with the article',
      call('annie', 'DELETE', '/articles/1/delete'),
      200,
      article('uno', 'changed'),
    ],
    ['delete: it is gone', open('GET', '/articles/1'), 404, error('Article with id=1 was not found')],
    ['delete: the token in the header', raw('DELETE', '/articles/3/delete', '{}'), 200],
    ['delete: no body', raw('DELETE', '/articles/4/delete'), 200],
    ['GET /articles?page=', open('GET', '/articles?page=1'), 200, { articles: [entry('two')], next: false }],
    ['GET /articles?page= past the end', open('GET', '/articles?page=9'), 200, { articles: [], next: false }],
    [
      'GET /articles?page= no number',
      open('GET', '/articles?page=x'),
      200,
      { articles: [entry('two')], next: false },
    ],
    [
      'GET /users/{id}/articles',
      open('GET', '/users/1/articles'),
      200,
      { articles: [entry('two')], next: false },
    ],
    [
      'GET /users/{id}/articles: of another',
      open('GET', '/users/2/articles'),
      200,
      { articles: [], next: false },
    ],
    [
      'GET /users/{id}/articles: 404',
      open('GET', '/users/999/articles'),
      404,
      error('User with id=999 was not found'),
    ],
  ];

  holdRows([...accounts, ...articles]);
});
