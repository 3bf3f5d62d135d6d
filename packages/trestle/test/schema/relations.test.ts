import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, many, reference, resource, text } from 'trestle';
import { tablesOf } from '../../src/database/tables.ts';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };
const comments = resource({ fields: { body: text(), article: reference('articles') }, can });
const articleFields = { title: text(), comments: many('comments', { by: 'article' }) };

test('many() declares a relation, and no column', () => {
  const { resources, accounts } = app({
    name: 'site',
    resources: { articles: resource({ fields: articleFields, can }), comments },
  });
  const [articles] = tablesOf(resources, accounts);
  assert.deepEqual(
    articles?.columns.map(({ name }) => name),
    ['id', 'title', '_version'],
  );
});

test('a relation that is declared wrongly is refused with its path', () => {
  const refused = (fields: object, more: object, message: RegExp) =>
    assert.throws(
      () =>
        app({ name: 'site', resources: { articles: resource({ fields, can, ...more } as never), comments } }),
      message,
    );
  const title = text();
  refused(
    { title, comments: many('comment', { by: 'article' }) },
    {},
    /site\.articles\.comments: .*did you mean 'comments'/,
  );
  refused(
    { title, comments: many('comments', { by: 'body' }) },
    {},
    /site\.articles\.comments: .*by: 'article'/,
  );
  refused({ title, comments: many('comments', {} as never) }, {}, /many\(\) needs by/);
  refused(articleFields, { order: 'comments' }, /site\.articles\.order: many\(\) has no column/);
});
