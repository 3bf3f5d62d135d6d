// Each filter is a query parameter of its own, with the type of its operand: any generated client and Swagger UI can send it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, Notebook, problem } from '../http-routes/notes.ts';
import { eachPlace } from '../stores.ts';

eachPlace('filter parameters', (place) => {
  const book = new Notebook(place, async (notebook) => {
    await notebook.note({ title: 'a', rank: 1, kind: 'urgent', ratio: 1.5 });
    await notebook.note({ title: 'b, c', rank: 2, due: '2026-01-01T00:00:00Z' });
    await notebook.note({ title: 'd', rank: 3 });
  });

  /** The titles of a list under some parameters, in the order of their ranks. */
  async function titles(parameters: readonly (readonly [string, string])[]): Promise<unknown[]> {
    const query = new URLSearchParams({ sort: 'rank' });
    for (const [name, value] of parameters) query.append(name, value);
    const { status, body } = await book.anonymous('GET', `/v1/notes?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return Object.values(Object(at(body, 'items'))).map((row) => at(row, 'title'));
  }

  test('the document has every operator of every field, the id and alternatives', async () => {
    const { body: document } = await book.anonymous('GET', '/openapi.json');
    const parameters = Object.values(Object(at(document, 'paths', '/v1/notes', 'get', 'parameters')));
    const schemas = new Map(parameters.map((each) => [String(at(each, 'name')), at(each, 'schema')]));
    assert.deepEqual(schemas.get('filter[title][eq]'), { type: 'string' });
    assert.deepEqual(schemas.get('filter[rank][gte]'), { type: 'integer' });
    assert.deepEqual(schemas.get('filter[ratio][lt]'), { type: 'number' });
    assert.deepEqual(schemas.get('filter[done][eq]'), { type: 'boolean' });
    assert.deepEqual(schemas.get('filter[due][null]'), { type: 'boolean' });
    assert.deepEqual(schemas.get('filter[due][gt]'), { type: 'string', format: 'date-time' });
    assert.deepEqual(schemas.get('filter[id][eq]'), { type: 'string', format: 'uuid' });
    assert.deepEqual(at(schemas.get('filter[rank][in]'), 'items'), { type: 'integer' });
    assert.deepEqual(schemas.get('filter[or]'), { type: 'string', maxLength: 2000 });
    assert.ok(!schemas.has('filter') && !schemas.has('filter[rank][contains]'));
    assert.ok(![...schemas.keys()].some((name) => name.startsWith('filter[tags]')));
  });

  describe('lists', () => {
    test('are repeated, comma-separated or both', async () => {
      const name = 'filter[rank][in]';
      assert.deepEqual(await titles([[name, '1,3']]), ['a', 'd']);
      assert.deepEqual(
        await titles([
          [name, '1'],
          [name, '3'],
        ]),
        ['a', 'd'],
      );
      assert.deepEqual(
        await titles([
          ['filter[rank][between]', '2'],
          ['filter[rank][between]', '3'],
        ]),
        ['b, c', 'd'],
      );
      assert.deepEqual(
        await titles([
          ['filter[title][in]', 'b\\, c'],
          ['filter[title][in]', 'd'],
        ]),
        ['b, c', 'd'],
      );
    });

    test('instants have the offset of RFC 3339, or that of Python without its colon', async () => {
      const same = ['2026-01-01T00:00:00Z', '2026-01-01T02:00:00+02:00', '2025-12-31T21:30:00.000000-0230'];
      for (const instant of same) assert.deepEqual(await titles([['filter[due][eq]', instant]]), ['b, c']);
      const query = new URLSearchParams({ 'filter[due][eq]': '2026-01-01T00:00:00+2' });
      problem(await book.anonymous('GET', `/v1/notes?${query}`), 400, 'invalid_query', ['/due/eq']);
    });

    test('a condition that takes one value is given once', async () => {
      const query = 'filter[rank][eq]=1&filter[rank][eq]=2';
      problem(await book.anonymous('GET', `/v1/notes?${query}`), 400, 'invalid_query', ['filter[rank][eq]']);
    });
  });

  describe('alternatives as JSON', () => {
    const or = (filters: unknown) => [['filter[or]', JSON.stringify(filters)] as const];

    test('are those in brackets', async () => {
      assert.deepEqual(await titles(or([{ rank: { eq: 1 } }, { title: { starts: 'd' } }])), ['a', 'd']);
      assert.deepEqual(await titles(or([{ due: { null: false } }, { kind: { eq: 'urgent' } }])), [
        'a',
        'b, c',
      ]);
      assert.deepEqual(
        await titles([['filter[rank][gt]', '1'], ...or([{ rank: { lt: 3 } }, { rank: { gt: 9 } }])]),
        ['b, c'],
      );
      assert.deepEqual(await titles(or([{}, { rank: { eq: 1 } }])), ['a', 'b, c', 'd']);
    });

    test('are refused where they are no filters', async () => {
      for (const text of ['', '{}', '[1', '"x"', '[{"a":1},{"a":1,"a":2}]']) {
        const url = `/v1/notes?filter[or]=${encodeURIComponent(text)}`;
        problem(await book.anonymous('GET', url), 400, 'invalid_query', ['filter[or]']);
      }
      for (const filters of [[{ nothing: { eq: 1 } }], [{ rank: { eq: 'x' } }], [{ rank: 1 }], [7]]) {
        const url = `/v1/notes?filter[or]=${encodeURIComponent(JSON.stringify(filters))}`;
        const { status, body } = await book.anonymous('GET', url);
        assert.equal(status, 400, `${JSON.stringify(filters)}: ${JSON.stringify(body)}`);
      }
      const both = `/v1/notes?filter[or][0][rank][eq]=1&filter[or]=${encodeURIComponent('[]')}`;
      problem(await book.anonymous('GET', both), 400, 'invalid_query', ['filter[or]']);
    });
  });
});
