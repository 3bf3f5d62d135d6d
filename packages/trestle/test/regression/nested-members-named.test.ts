// What is wrong inside of a search is said of the member that is wrong: what was expected there, and what came.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, app, integerId, many, reference, resource, text } from 'trestle';
import { serveApp } from 'trestle/testing';

const id = integerId();
const can = { read: anyone };
const shelves = resource({ id, fields: { label: text(), books: many('books', { by: 'shelf' }) }, can });
const books = resource({ id, fields: { title: text(), shelf: reference('shelves') }, can });
const library = app({ name: 'library', accounts: accounts({ id }), resources: { shelves, books } });

/** The detail of the problem that a search answers. */
const CASES: readonly (readonly [body: unknown, detail: string])[] = [
  [{ expand: { books: { limit: 1000 } } }, '/expand/books/limit: expected 1 to 200, got 1000'],
  [{ expand: { books: { limit: 0 } } }, '/expand/books/limit: expected 1 to 200, got 0'],
  [{ expand: { books: { limit: '3' } } }, '/expand/books/limit: expected an integer, got a string'],
  [{ expand: { books: false } }, '/expand/books: expected true or an object, got false'],
  [{ expand: { books: ['title'] } }, '/expand/books: expected true or an object, got an array'],
  [{ expand: { books: { sort: 'title' } } }, '/expand/books/sort: expected an array, got a string'],
  [
    { expand: { books: { expand: { shelf: { expand: { books: { limit: 300 } } } } } } },
    '/expand/books/expand/shelf/expand/books/limit: expected 1 to 200, got 300',
  ],
  [
    { expand: { books: { limt: 3 } } },
    'Unknown field: expand/books/limt. Writable fields of expand/books: fields, filter, sort, limit, expand.',
  ],
  [
    { expand: { books: { sort: ['titel'] } } },
    "expand/books: books cannot be sorted by 'titel'; it can by id, title, shelf.",
  ],
  [
    { expand: { books: { fields: ['titel'] } } },
    "expand/books: books has no field 'titel'; it has id, title, shelf.",
  ],
  [
    { expand: { books: { expand: { shelf: { filter: { lable: { eq: 'a' } } } } } } },
    "expand/books/expand/shelf: filter/lable: there is no field 'lable' to filter by; there are id, label",
  ],
  [
    { expand: { books: { filter: { title: 'a' } } } },
    'expand/books: filter/title: expected { operator: value }, got a string',
  ],
  [
    { expand: { books: { expand: { time: true } } } },
    "books has no relation 'time' to expand; it has shelf.",
  ],
  [{ limit: 1000 }, '/limit: expected 1 to 200, got 1000'],
  [{ page: 0 }, '/page: expected 1 to 10001, got 0'],
  [{ filter: { label: { eq: 1 } } }, 'filter/label/eq: label is compared with a string, got 1'],
  [{ sort: [1] }, '/sort/0: expected a string, got a number'],
];

it('problems of a search name the member, what was expected and what came', async (t) => {
  const served = await serveApp(library);
  t.after(() => served.close());
  const post = async (body: unknown) =>
    Object((await served.call('POST', '/v1/shelves:search', { body })).body);
  for (const [body, detail] of CASES) assert.equal((await post(body)).detail, detail, JSON.stringify(body));
  const { errors } = await post({ expand: { books: { limit: 1000 } } });
  assert.deepEqual(
    errors.map((one: { pointer: string }) => one.pointer),
    ['/expand/books/limit'],
  );
  // By parameters: the same, where they name it.
  const { body } = await served.call('GET', '/v1/shelves?expand=books&expand[books][fields]=titel');
  assert.equal(Object(body).detail, "expand/books: books has no field 'titel'; it has id, title, shelf.");
});
