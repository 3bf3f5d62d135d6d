import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { anyone, app, boolean, integerId, resource, signedIn, text } from 'trestle';
import { answer, bytes, type ContractContext, Problem, route } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { Type } from 'typebox';
import { at, problem } from './notes.ts';

const books = resource({
  id: integerId(),
  fields: { title: text({ min: 1 }), lent: boolean({ default: false }) },
  can: { read: anyone, create: anyone },
});
const resources = { books };

function routes({ services, rules, schemas, transaction }: ContractContext<typeof resources>) {
  return [
    route(
      'POST',
      '/v1/books/several',
      {
        summary: 'Adds several books',
        tag: 'books',
        can: rules.books.create,
        body: Type.Object({ titles: Type.Array(Type.String()) }, { additionalProperties: false }),
        answers: { 201: Type.Array(schemas.books.row) },
      },
      async (request) =>
        answer(
          201,
          await transaction(request, async (tx) => {
            const made = [];
            for (const title of request.body.titles) made.push(await services.books.create(tx, { title }));
            return made;
          }),
        ),
    ),
    route(
      'GET',
      '/reports/:name',
      {
        summary: 'A report',
        tag: 'reports',
        can: anyone,
        params: Type.Object({ name: Type.String() }),
        query: Type.Object({ rows: Type.Optional(Type.Integer({ minimum: 1 })) }),
        produces: 'text/csv',
        raises: ['not_found'],
        answers: { 200: Type.String() },
      },
      ({ params, query }) => {
        if (params.name !== 'loans') throw new Problem('not_found', { detail: 'There is no such report.' });
        const { rows = 1 } = query;
        async function* lines() {
          for (let row = 1; row <= rows; row += 1) yield `${row}\n`;
        }
        return bytes({ content: lines(), type: 'text/csv' });
      },
    ),
    route('GET', '/reports', { summary: 'All', can: signedIn, answers: { 204: null } }, () => answer(204)),
  ];
}

const contract = () => ({
  routes: [
    route('GET', '/old', { summary: 'Old', can: signedIn, answers: { 204: null } }, () => answer(204)),
  ],
  errors: ({ status, code }: Problem) => ({ status, body: { oops: code } }),
});

test('routes of an app stand beside its contract, with the errors of the uniform API, in the document', async (t) => {
  const served = await serveApp(app({ name: 'library', resources, contract, routes }));
  t.after(() => served.close());
  const several = (body: unknown) => served.call('POST', '/v1/books/several', { body });
  const made = await several({ titles: ['Emma', 'Ulysses'] });
  assert.equal(made.status, 201);
  assert.deepEqual(made.body, [
    { id: 1, title: 'Emma', lent: false },
    { id: 2, title: 'Ulysses', lent: false },
  ]);
  problem(await several({ titles: ['x', ''] }), 422, 'invalid', ['/title']);
  problem(await several({ titles: [], more: 1 }), 400, 'unknown_field', ['/more']);
  assert.equal(at((await served.call('GET', '/v1/books?count=exact')).body, 'total'), 2);

  const csv = await served.call('GET', '/reports/loans?rows=2');
  assert.deepEqual([csv.status, csv.headers.get('content-type'), csv.body], [200, 'text/csv', '1\n2\n']);
  problem(await served.call('GET', '/reports/others'), 404, 'not_found');
  problem(await served.call('GET', '/reports/loans?row=2'), 400, 'unknown_parameter', ['row']);
  problem(await served.call('GET', '/reports'), 401, 'unauthenticated');
  assert.deepEqual((await served.call('GET', '/old')).body, { oops: 'unauthenticated' });
  assert.deepEqual((await served.call('GET', '/nowhere')).body, { oops: 'not_found' });

  const { body: document } = await served.call('GET', '/openapi.json');
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  assert.ok(valid, JSON.stringify(errors));
  const report = at(document, 'paths', '/reports/{name}', 'get');
  assert.ok(at(report, 'responses', '200', 'content', 'text/csv'));
  const refused = at(report, 'responses', '401') ?? {};
  assert.match(JSON.stringify(refused), /Unauthorized/);
  assert.ok(at(document, 'paths', '/v1/books/several', 'post', 'requestBody'));
});

test('a path that two have is refused at start', async () => {
  const clash = (path: string) => () => [
    route('GET', path, { summary: 'x', answers: { 204: null } }, () => answer(204)),
  ];
  const start = (path: string) =>
    serveApp(app({ name: 'library', resources, contract, routes: clash(path) }));
  await assert.rejects(start('/old'), {
    message: 'library: the contract and routes both have GET /old; move the route of the contract',
  });
  await assert.rejects(start('/v1/books/:key'), {
    message:
      'library: routes and books both have GET /v1/books/:id; move the route of routes, or declare the resource with uniform: false',
  });
});
