import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accounts, app, resource, text } from 'trestle';
import { answer, file, route, type UploadedFile } from 'trestle/contract';
import { Type } from 'typebox';
import { type RunningApp, startApps } from '../harness.ts';

const Body = Type.Object({
  title: Type.String({ minLength: 1 }),
  count: Type.Optional(Type.Integer()),
  tags: Type.Optional(Type.Array(Type.String())),
  picture: Type.Optional(file({ maxLength: 1000 })),
  more: Type.Optional(Type.Array(file())),
});
const ANY = { answers: { 200: Type.Unknown() } };

const shown = ({ name, type, bytes }: UploadedFile) => ({ name, type, text: Buffer.from(bytes).toString() });

const uploads = app({
  name: 'uploads',
  accounts: accounts(),
  resources: { notes: resource({ fields: { title: text() } }) },
  contract: () => ({
    multipart: true,
    coerce: true,
    errors: ({ code, status, errors, detail }) => ({
      status,
      body: { code, detail, errors: errors.map(({ pointer, message }) => `${pointer} ${message}`) },
    }),
    routes: [
      route('POST', '/upload', { summary: 'Upload', body: Body, maxBody: 100_000, ...ANY }, ({ body }) =>
        answer(200, {
          ...body,
          ...(body.picture && { picture: shown(body.picture) }),
          ...(body.more && { more: body.more.map(shown) }),
        }),
      ),
      route(
        'POST',
        '/plain',
        { summary: 'No files', multipart: false, coerce: false, body: Body, ...ANY },
        ({ body }) => answer(200, body),
      ),
    ],
  }),
});

let server: RunningApp;
before(async () => {
  server = await startApps(uploads);
});
after(() => server.close());

interface Answered {
  code?: string;
  detail?: string;
  errors?: string[];
}

const send = (form: FormData, path = '/upload') => server.call<Answered>(`POST ${path}`, { body: form });

function formOf(fields: Record<string, string | Blob | (string | Blob)[]>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    for (const each of [value].flat()) form.append(name, each);
  return form;
}

const raw = (body: string | Buffer, type = 'multipart/form-data; boundary=b') =>
  server.call<Answered>('POST /upload', { body, headers: { 'content-type': type } });

const part = (name: string, value: string, more = '') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;

test('fields become what the schema says; files are bytes', async () => {
  const { status, body } = await send(
    formOf({
      title: 'Grüße 👋',
      count: '7',
      tags: ['a', 'b'],
      picture: new File(['\u0000\u0001bytes'], 'a b.png', { type: 'image/png' }),
      more: [new File(['1'], '1.txt'), new File(['2'], '../../2.txt')],
      other: 'left out',
    }),
  );
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body, {
    title: 'Grüße 👋',
    count: 7,
    tags: ['a', 'b'],
    picture: { name: 'a b.png', type: 'image/png', text: '\u0000\u0001bytes' },
    more: [
      { name: '1.txt', type: 'application/octet-stream', text: '1' },
      { name: '2.txt', type: 'application/octet-stream', text: '2' },
    ],
  });
});

test('JSON and forms are taken still, and nothing of them is a file', async () => {
  assert.deepEqual((await server.call('POST /upload', { body: { title: 'A', count: '7' } })).body, {
    title: 'A',
    count: 7,
  });
  const form = new URLSearchParams({ title: 'A', count: '7' });
  assert.deepEqual((await server.call('POST /upload', { body: form })).body, { title: 'A', count: 7 });
  for (const picture of ['text', { name: 'a', type: 'b', bytes: 'c' }, null, []]) {
    const { status, body } = await server.call<Answered>('POST /upload', { body: { title: 'A', picture } });
    assert.deepEqual([status, body.errors], [422, ['/picture expected a file of at most 1000 bytes']]);
  }
});

test('errors name the field', async () => {
  const { status, body } = await send(formOf({ count: 'x', picture: new File(['x'.repeat(1001)], 'a') }));
  assert.equal(status, 422);
  assert.deepEqual(
    body.errors?.map((error) => error.split(' ')[0]),
    ['/title', '/count', '/picture'],
  );
});

test('what a route does not take is 415, and says what it does', async () => {
  const { status, headers } = await send(formOf({ title: 'A' }), '/plain');
  assert.deepEqual(
    [status, headers.get('accept-post')],
    [415, 'application/json, application/x-www-form-urlencoded'],
  );
  const uniform = await send(formOf({ title: 'A' }), '/v1/sessions');
  assert.equal(uniform.status, 415);
  const other = await raw('x', 'text/plain');
  assert.match(other.headers.get('accept-post') ?? '', /multipart\/form-data/);
  assert.equal((await server.call('POST /plain', { body: { title: 'A', count: '7' } })).status, 422);
});

test('a body that is no multipart is 400', async () => {
  for (const [name, body, type] of [
    ['no boundary', `${part('title', 'A')}--b--`, 'multipart/form-data'],
    ['another boundary', `${part('title', 'A')}--b--`, 'multipart/form-data; boundary=c'],
    ['no end', part('title', 'A'), undefined],
    ['cut in a part', part('title', 'A').slice(0, -6), undefined],
    ['no name', `--b\r\nContent-Disposition: form-data\r\n\r\nA\r\n--b--`, undefined],
    ['no UTF-8', Buffer.from(`${part('title', '\xff')}--b--`, 'latin1'), undefined],
    ['a long name', `${part('t'.repeat(300), 'A')}--b--`, undefined],
    ['__proto__', `${part('__proto__', 'A')}--b--`, undefined],
    ['U+0000', `${part('title', 'A\0')}--b--`, undefined],
    ['many fields', `${part('title', 'A').repeat(1001)}--b--`, undefined],
    ['many files', `${part('more', 'A', '; filename="a"').repeat(21)}--b--`, undefined],
  ] as const) {
    const answered = await raw(body, type);
    assert.deepEqual(
      [answered.status, answered.body.code],
      [400, 'malformed'],
      `${name} ${JSON.stringify(answered.body)}`,
    );
  }
  assert.equal((await raw(`${part('title', 'A')}--b--`)).status, 200);
});

test('a body that is too long for the route is 413', async () => {
  const { status, body } = await send(formOf({ title: 'A', more: new File(['x'.repeat(100_001)], 'a') }));
  assert.deepEqual([status, body.detail], [413, 'A body may have 100000 bytes.']);
});
