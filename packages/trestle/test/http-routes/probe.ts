import { EventEmitter } from 'node:events';
import { accounts, administrator, anyone, anyText, app, resource, signedIn, text } from 'trestle';
import { answer, bytes, type Contract, Problem, route } from 'trestle/contract';
import { Type } from 'typebox';

/** Tells when the endless answer was begun and when its source was ended. */
export const endless = new EventEmitter();

const Echo = Type.Object({ id: Type.Integer() });
const EchoQuery = Type.Object({
  count: Type.Optional(Type.Integer({ minimum: 0 })),
  ratio: Type.Optional(Type.Number()),
  flag: Type.Optional(Type.Boolean()),
  words: Type.Optional(Type.Array(Type.String())),
  when: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
});
const Thing = Type.Object({
  name: Type.String({ minLength: 2 }),
  count: Type.Optional(Type.Integer()),
  inner: Type.Optional(Type.Object({ a: Type.String(), list: Type.Optional(Type.Array(Type.Integer())) })),
});
const Any = Type.Unknown();

/** A contract that uses every freedom contracts have. */
function contract(): Contract {
  return {
    errors: ({ code, status, errors, detail }, { path, params, route: found }) => ({
      status: status === 401 ? 403 : status,
      body: { oops: code, detail, errors, path, params, summary: found?.options.summary },
    }),
    credentials: [
      { in: 'authorization', scheme: 'Token', for: 'token' },
      { in: 'cookie', name: 'sid', for: 'token' },
      { in: 'body', name: 'access-token', for: 'token' },
      { in: 'header', name: 'api-key', for: 'key' },
      { in: 'query', name: 'api-key', for: 'key' },
      { in: 'header', name: 'secret-key', for: 'administrator' },
    ],
    pages: { swagger: '/' },
    routes: [
      route(
        'GET',
        '/echo/:id',
        { summary: 'Echo', params: Echo, query: EchoQuery, answers: { 200: Any } },
        (request) => {
          const { caller, params, query, method, base, url } = request;
          return answer(200, { caller, params, query, method, base, url }, { 'X-Kind': 'echo' });
        },
      ),
      route(
        'POST',
        '/things/',
        { summary: 'Thing', can: signedIn, body: Thing, answers: { 200: Any } },
        ({ body }) => answer(200, { body }),
      ),
      route(
        'POST',
        '/late',
        { summary: 'Late', can: signedIn, body: Thing, checkBody: false, answers: { 200: Any } },
        ({ body }) => answer(200, { body }),
      ),
      route(
        'DELETE',
        '/whoami',
        { summary: 'Who', can: anyone, body: Type.Object({}), answers: { 200: Any } },
        ({ caller }) => answer(200, { caller }),
      ),
      route(
        'GET',
        '/touch',
        { summary: 'Changes something', can: anyone, changes: true, answers: { 200: Any } },
        ({ caller }) => answer(200, { caller }),
      ),
      route(
        'GET',
        '/manage',
        {
          summary: 'Manage',
          can: administrator,
          query: Type.Object({ 'api-key': Type.Optional(Type.String()) }),
          answers: { 200: Any },
        },
        ({ caller, query }) => answer(200, { caller, query }),
      ),
      route(
        'GET',
        '/endless',
        { summary: 'Endless', produces: 'text/plain', answers: { 200: Any } },
        ({ signal }) => {
          signal.addEventListener('abort', () => endless.emit('aborted'));
          return bytes({ type: 'text/plain', content: forever() });
        },
      ),
      route('GET', '/broken', { summary: 'Broken', answers: { 200: Any } }, () => {
        throw new Error('a secret detail');
      }),
      route('GET', '/teapot', { summary: 'Tea', answers: { 204: null } }, () => {
        throw new Problem('conflict', { detail: 'tea', headers: { 'Retry-After': '7' } });
      }),
    ],
  };
}

/** Made in parts of 64 KiB, for as long as somebody reads. */
async function* forever(): AsyncGenerator<string> {
  let parts = 0;
  try {
    for (;;) {
      parts += 1;
      yield 'x'.repeat(65_536);
    }
  } finally {
    endless.emit('ended', parts);
  }
}

export const probe = app({
  name: 'probe',
  description: 'For tests of contracts.',
  accounts: accounts({ password: anyText }),
  resources: { things: resource({ fields: { name: text() }, can: { read: anyone, create: signedIn } }) },
  contract,
});
