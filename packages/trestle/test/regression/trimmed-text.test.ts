// A text with `trim` loses its outer white space before it is checked, on every way into a row; a `pattern` is used as written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, integerId, list, object, resource, text } from 'trestle';
import { answer, route } from 'trestle/contract';
import { serveApp } from '../../src/testing.ts';
import { eachPlace } from '../stores.ts';

const posts = resource({
  id: integerId(),
  fields: {
    content: text({ trim: true, min: 1, max: 5 }),
    tags: list(text({ trim: true, min: 1 }), { default: [] }),
    place: object({ city: text({ trim: true, min: 1 }) }, { nullable: true }),
    code: text({ nullable: true, pattern: /[0-9]/, message: 'must hold a digit' }),
  },
  can: { read: anyone, create: anyone, update: anyone },
});

const trimmed = app({
  name: 'trimmed',
  resources: { posts },
  contract: ({ services, schemas }) => ({
    errors: (problem) => ({ status: problem.status, body: problem.code }),
    routes: [
      route(
        'POST',
        '/posts',
        { summary: 'Post', can: anyone, body: schemas.posts.body, answers: { 200: schemas.posts.row } },
        async (request) => answer(200, await services.posts.create(request, request.body)),
      ),
    ],
  }),
});

eachPlace('a trimmed text', (place) => {
  test('is kept without its outer white space, and checked without it', async (t) => {
    const served = await serveApp(trimmed, await place());
    t.after(() => served.close());
    const body = { content: ' \t12345\n', tags: [' a '], place: { city: ' b ' } };
    const kept = { content: '12345', tags: ['a'], place: { city: 'b' } };
    const created = await served.call('POST', '/v1/posts', { body });
    assert.partialDeepStrictEqual(created.body, kept);
    const replaced = await served.call('PUT', '/v1/posts/1', { body });
    assert.partialDeepStrictEqual(replaced.body, kept);
    const patched = await served.call('PATCH', '/v1/posts/1', {
      body: { content: '  x  ', place: { city: ' c' } },
    });
    assert.partialDeepStrictEqual(patched.body, { content: 'x', place: { city: 'c' } });
    const alone = await served.call('PATCH', '/v1/posts/1', { body: { content: '\u00a0y' } });
    assert.partialDeepStrictEqual(alone.body, { content: 'y' });
    const byContract = await served.call('POST', '/posts', { body });
    assert.partialDeepStrictEqual(byContract.body, kept);
    const byForm = await served.call('POST', '/posts', { body: new URLSearchParams({ content: ' form ' }) });
    assert.partialDeepStrictEqual(byForm.body, { content: 'form' });
  });

  test('of white space alone is empty', async (t) => {
    const served = await serveApp(trimmed, await place());
    t.after(() => served.close());
    for (const body of [
      { content: '   ' },
      { content: 'a', tags: [' '] },
      { content: 'a', place: { city: '' } },
    ])
      for (const path of ['/v1/posts', '/posts'])
        assert.equal((await served.call('POST', path, { body })).status, 422, JSON.stringify(body));
  });

  test('has the message of its pattern, which may match anywhere', async (t) => {
    const served = await serveApp(trimmed, await place());
    t.after(() => served.close());
    const created = await served.call('POST', '/v1/posts', { body: { content: 'a', code: 'a1b' } });
    assert.equal(created.status, 201);
    const refused = await served.call('POST', '/v1/posts', { body: { content: 'a', code: 'ab' } });
    assert.partialDeepStrictEqual(refused.body, { detail: '/code: must hold a digit' });
  });
});
