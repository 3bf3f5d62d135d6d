import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eachPlace } from '../stores.ts';
import { at, Notebook, problem } from './notes.ts';

eachPlace('rows of the uniform API', (place) => {
  const book = new Notebook(place);
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  describe('creating', () => {
    test('answers 201 with the row, its place and its tag', async () => {
      const body = { title: 'Milk', due: '2026-01-02T03:04:05+01:00', tags: ['a'] };
      const created = await book.call('POST', '/v1/notes', body);
      const { id, owner, created_at } = Object(created.body);
      assert.equal(created.status, 201);
      assert.match(id, UUID);
      assert.deepEqual(created.body, {
        id,
        title: 'Milk',
        rank: 0,
        ratio: null,
        done: false,
        kind: 'plain',
        due: '2026-01-02T02:04:05.000Z',
        tags: ['a'],
        owner,
        created_at,
      });
      assert.equal(created.headers.get('location'), `/v1/notes/${id}`);
      assert.match(created.headers.get('etag') ?? '', /^"1-[0-9a-z]{1,4}"$/);
      const found = await book.anonymous('GET', `/v1/notes/${id}`);
      assert.deepEqual([found.status, found.body], [200, created.body]);
    });

    test('refuses fields that are not there or not the caller’s, naming those that are', async () => {
      for (const name of ['colour', 'id', 'owner', 'created_at', '_version', 'constructor']) {
        const reply = await book.call('POST', '/v1/notes', { title: 'x', [name]: null });
        problem(reply, 400, 'unknown_field', [`/${name}`]);
        assert.match(String(at(reply.body, 'detail')), /title, rank, ratio, done, kind, due, tags/);
      }
    });

    test('names every field that is wrong', async () => {
      const body = { title: '', rank: 1.5, done: 'yes', kind: 'other', tags: [5] };
      const reply = await book.call('POST', '/v1/notes', body);
      problem(reply, 422, 'invalid', ['/title', '/rank', '/done', '/kind', '/tags/0']);
      problem(await book.call('POST', '/v1/notes', { title: 'x', due: 'soon' }), 422, 'invalid', ['/due']);
      problem(await book.call('POST', '/v1/notes', {}), 422, 'invalid', ['/title']);
      problem(await book.call('POST', '/v1/notes', []), 422, 'invalid', ['']);
      problem(await book.call('POST', '/v1/notes'), 400, 'malformed', ['']);
      problem(await book.call('POST', '/v1/notes', { title: 'x', rank: 2 ** 53 }), 422, 'invalid', ['/rank']);
    });

    test('a form is taken, its texts as the fields’ kinds', async () => {
      const form = new URLSearchParams([
        ['title', 'form'],
        ['rank', '7'],
        ['done', 'true'],
        ['ratio', ''],
        ['tags', 'a'],
        ['tags', 'b'],
      ]);
      const created = await book.call('POST', '/v1/notes', form);
      assert.equal(created.status, 201);
      const { rank, done, ratio, tags } = Object(created.body);
      assert.deepEqual({ rank, done, ratio, tags }, { rank: 7, done: true, ratio: null, tags: ['a', 'b'] });
      problem(
        await book.call('POST', '/v1/notes', new URLSearchParams({ title: 'x', nope: '1' })),
        400,
        'unknown_field',
        ['/nope'],
      );
    });

    test('credentials come before the body is looked at', async () => {
      const broken = { body: '{', headers: { 'Content-Type': 'application/json' } };
      const none = await book.anonymous('POST', '/v1/notes', broken);
      problem(none, 401, 'unauthenticated');
      assert.equal(none.headers.get('www-authenticate'), 'Bearer');
      problem(await book.anonymous('POST', '/v1/notes', { ...broken, token: book.anna }), 400, 'malformed');
    });

    test('a query is refused', async () => {
      problem(await book.call('POST', '/v1/notes?title=x', { title: 'x' }), 400, 'unknown_parameter', [
        'title',
      ]);
      problem(await book.call('GET', `/v1/notes/${await book.note({})}?limit=1`), 400, 'unknown_parameter', [
        'limit',
      ]);
    });
  });

  /** Writes versions such as `"1"` as the ETags of a path's representation. */
  async function taggedAs(path: string): Promise<(versions: string) => string> {
    const etag = (await book.call('GET', path)).headers.get('etag') ?? '';
    const representation = etag.slice(etag.indexOf('-'), -1);
    return (versions) => versions.replaceAll(/"(\d+)"/g, `"$1${representation}"`);
  }

  describe('reading one', () => {
    test('answers 304 where the tag is the same', async () => {
      const id = await book.note({});
      const tagged = await taggedAs(`/v1/notes/${id}`);
      for (const tag of ['"1"', 'W/"1"', '"7", "1"', '*'].map(tagged)) {
        const reply = await book.call('GET', `/v1/notes/${id}`, undefined, { 'If-None-Match': tag });
        const { status, body, headers } = reply;
        assert.deepEqual([status, body, headers.get('etag')], [304, undefined, tagged('"1"')], tag);
      }
      const other = await book.call('GET', `/v1/notes/${id}`, undefined, { 'If-None-Match': '"2", 1' });
      assert.equal(other.status, 200);
    });

    test('HEAD has the headers and no body', async () => {
      const id = await book.note({});
      const [get, head] = [
        await book.call('GET', `/v1/notes/${id}`),
        await book.call('HEAD', `/v1/notes/${id}`),
      ];
      assert.deepEqual([head.status, head.body], [200, undefined]);
      for (const name of ['etag', 'content-type', 'content-length'])
        assert.equal(head.headers.get(name), get.headers.get(name), name);
    });

    test('ids that cannot be are 404 like those that are not', async () => {
      const missing = '01890000-0000-7000-8000-000000000000';
      for (const id of [missing, 'x', '1', 'a%2Fb', '%20', "'--", `${missing}0`, missing.replace('7', 'G')])
        problem(await book.call('GET', `/v1/notes/${id}`), 404, 'not_found');
      for (const id of ['0', '-1', '1.0', '1e0', '99999999999999999999', 'x'])
        problem(await book.call('GET', `/v1/posters/${id}`), 404, 'not_found');
    });

    test('a trailing slash is another path', async () => {
      problem(await book.call('GET', '/v1/notes/'), 404, 'not_found');
    });

    test('GET counts where reads are counted, always in full; HEAD does not count', async () => {
      const created = await book.call('POST', '/v1/posters', { name: 'p' });
      const path = String(created.headers.get('location'));
      assert.equal(at((await book.anonymous('GET', path)).body, 'seen'), 1);
      const etag = created.headers.get('etag') ?? '';
      const matching = { headers: { 'If-None-Match': etag } };
      assert.equal(at((await book.anonymous('GET', path, matching)).body, 'seen'), 2);
      assert.equal((await book.anonymous('HEAD', path)).status, 200);
      const third = await book.anonymous('GET', path);
      assert.deepEqual([at(third.body, 'seen'), third.headers.get('etag')], [3, etag]);
    });
  });

  describe('writing', () => {
    test('PUT replaces all, PATCH changes what it names; each is a new version', async () => {
      const id = await book.note({ rank: 5, tags: ['t'], ratio: 0.5 });
      const put = await book.call('PUT', `/v1/notes/${id}`, { title: 'new' });
      const { rank, tags, ratio, title } = Object(put.body);
      assert.deepEqual(
        [put.status, { rank, tags, ratio, title }],
        [200, { rank: 0, tags: [], ratio: null, title: 'new' }],
      );
      assert.match(put.headers.get('etag') ?? '', /^"2-/);
      const merge = { 'Content-Type': 'application/merge-patch+json' };
      const patch = await book.call('PATCH', `/v1/notes/${id}`, '{"rank":9,"due":null}', merge);
      assert.deepEqual([patch.status, patch.body], [200, { ...Object(put.body), rank: 9 }]);
      assert.match(patch.headers.get('etag') ?? '', /^"3-/);
      problem(await book.call('PATCH', `/v1/notes/${id}`, { title: null }), 422, 'invalid', ['/title']);
      problem(await book.call('PATCH', `/v1/notes/${id}`, { owner: null }), 400, 'unknown_field', ['/owner']);
      problem(await book.call('PUT', `/v1/notes/${id}`, {}), 422, 'invalid', ['/title']);
      assert.deepEqual((await book.call('GET', `/v1/notes/${id}`)).body, patch.body);
    });

    test('If-Match lets a write through for its versions alone', async () => {
      const id = await book.note({});
      const tagged = await taggedAs(`/v1/notes/${id}`);
      const write = (method: string, tag: string) =>
        book.call(method, `/v1/notes/${id}`, { title: 'x' }, { 'If-Match': tagged(tag) });
      for (const tag of ['"1"', '"1-0000"', '"1-"'])
        problem(
          await book.call('PATCH', `/v1/notes/${id}`, { title: 'x' }, { 'If-Match': tag }),
          412,
          'precondition_failed',
        );
      for (const tag of ['"9"', 'W/"1"', '"a"', '1', '', '"1'])
        problem(await write('PATCH', tag), 412, 'precondition_failed');
      assert.equal((await write('PATCH', '"7", "1"')).status, 200);
      assert.equal((await write('PUT', '*')).status, 200);
      // The PUT changed nothing, so the version is still 2.
      problem(await write('PUT', '"1"'), 412, 'precondition_failed');
      const remove = (tag: string) =>
        book.call('DELETE', `/v1/notes/${id}`, undefined, { 'If-Match': tagged(tag) });
      problem(await remove('"1"'), 412, 'precondition_failed');
      assert.equal((await remove('"2"')).status, 204);
    });

    test('of two writers with one version, one is refused', async () => {
      const id = await book.note({});
      const tagged = await taggedAs(`/v1/notes/${id}`);
      const write = (title: string) =>
        book.call('PATCH', `/v1/notes/${id}`, { title }, { 'If-Match': tagged('"1"') });
      const replies = await Promise.all(['a', 'b', 'c', 'd'].map(write));
      assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 412, 412, 412]);
    });

    test('DELETE answers 204 once, then 404', async () => {
      const id = await book.note({});
      const gone = await book.call('DELETE', `/v1/notes/${id}`);
      assert.deepEqual([gone.status, gone.body], [204, undefined]);
      for (const method of ['GET', 'HEAD', 'DELETE'])
        assert.equal((await book.call(method, `/v1/notes/${id}`)).status, 404);
      problem(await book.call('PATCH', `/v1/notes/${id}`, { title: 'x' }), 404, 'not_found');
    });

    test('a broken reference names its field; a referred row is kept', async () => {
      const missing = '01890000-0000-7000-8000-000000000000';
      problem(await book.call('POST', '/v1/posters', { name: 'p', note: missing }), 422, 'invalid', [
        '/note',
      ]);
      problem(await book.call('POST', '/v1/posters', { name: 'p', note: 'x' }), 422, 'invalid', ['/note']);
      const note = await book.note({});
      assert.equal((await book.call('POST', '/v1/posters', { name: 'p', note })).status, 201);
      assert.equal((await book.call('DELETE', `/v1/notes/${note}`)).status, 409);
    });
  });

  describe('rules', () => {
    const asBen = (method: string, path: string, body?: unknown) =>
      book.anonymous(method, path, { token: book.ben, ...(body !== undefined && { body }) });

    test('what may be read but not written is 403', async () => {
      const id = await book.note({});
      assert.equal((await asBen('GET', `/v1/notes/${id}`)).status, 200);
      problem(await asBen('PATCH', `/v1/notes/${id}`, { title: 'ben was here' }), 403, 'forbidden');
      problem(await asBen('PUT', `/v1/notes/${id}`, { title: 'ben was here' }), 403, 'forbidden');
      problem(await asBen('DELETE', `/v1/notes/${id}`), 403, 'forbidden');
      problem(await book.anonymous('DELETE', `/v1/notes/${id}`), 401, 'unauthenticated');
    });

    test('what may not be read is 404, and in no list', async () => {
      const created = await book.call('POST', '/v1/diaries', { line: 'dear diary' });
      const path = String(created.headers.get('location'));
      for (const [method, body] of [
        ['GET'],
        ['DELETE'],
        ['PATCH', { line: 'x' }],
        ['PUT', { line: 'x' }],
      ] as const)
        problem(await asBen(method, path, body), 404, 'not_found');
      assert.deepEqual(at((await asBen('GET', '/v1/diaries')).body, 'items'), []);
      assert.equal(at((await book.call('GET', '/v1/diaries')).body, 'items', 'length'), 1);
      problem(await book.anonymous('GET', '/v1/diaries'), 401, 'unauthenticated');
    });

    test('a resource without rules is closed to all, the administrator too', async () => {
      for (const token of [undefined, book.anna, book.served.administrator]) {
        problem(await book.anonymous('GET', '/v1/vaults', { token }), 403, 'forbidden');
        problem(await book.anonymous('POST', '/v1/vaults', { token, body: { gold: 1 } }), 403, 'forbidden');
      }
      problem(await book.call('DELETE', '/v1/posters/1'), 403, 'forbidden');
    });

    test('the administrator passes other rules', async () => {
      const id = await book.note({});
      const options = { token: book.served.administrator };
      assert.equal((await book.anonymous('DELETE', `/v1/notes/${id}`, options)).status, 204);
    });

    test('methods that a path does not take are 405 with those it takes', async () => {
      const reply = await book.call('PUT', '/v1/notes', { title: 'x' });
      problem(reply, 405, 'method_not_allowed');
      assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST, PATCH, DELETE, OPTIONS');
      const one = await book.anonymous('OPTIONS', `/v1/notes/${await book.note({})}`);
      assert.deepEqual(
        [one.status, one.headers.get('allow')],
        [204, 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS'],
      );
    });
  });
});
