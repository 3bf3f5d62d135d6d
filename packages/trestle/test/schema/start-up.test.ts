import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type AppOptions,
  accounts,
  app,
  author,
  editor,
  integer,
  list,
  oneOf,
  own,
  type Resource,
  reference,
  resource,
  state,
  text,
  through,
  timestamp,
} from 'trestle';

const notes = resource({ fields: { title: text(), written_by: author(), changed_by: editor() } });

/** Declares an app as JavaScript or an unchecked caller would: what types refuse must be refused at start, too. */
function declare(resources: unknown, options: Partial<AppOptions<{ notes: typeof notes }>> = {}) {
  return app({ name: 'forum', ...options, resources: resources as { notes: typeof notes } });
}

/** A resource whose options the compiler does not see. */
function loose(options: object): Resource {
  return resource({ fields: { title: text() }, ...options });
}

function states(): Resource {
  return resource({ fields: { name: text(), rank: integer({ default: 0 }) }, rows: [{ name: 'New' }] });
}

function moved(operations: object): Resource {
  const fields = { is: state('statuses', { initial: 'New' }) };
  return loose({ fields, lifecycle: { field: 'is', operations } });
}

interface Case {
  wrong: string;
  declared: () => unknown;
  path: string;
  remedy: RegExp;
}

const CASES: readonly Case[] = [
  {
    wrong: 'an app named with capitals',
    declared: () => declare({ notes }, { name: 'Forum' }),
    path: '"Forum"',
    remedy: /lower-case letters, digits and dashes, a letter first/,
  },
  {
    wrong: 'an app without a name',
    declared: () => declare({ notes }, { name: '' }),
    path: '""',
    remedy: /lower-case letters/,
  },
  {
    wrong: 'an app named as a path',
    declared: () => declare({ notes }, { name: '../forum' }),
    path: '"../forum"',
    remedy: /lower-case letters/,
  },
  {
    wrong: 'no resource',
    declared: () => declare({}),
    path: 'forum',
    remedy: /declare at least one resource/,
  },
  {
    wrong: 'a resource without fields',
    declared: () => declare({ notes: loose({ fields: {} }) }),
    path: 'forum.notes',
    remedy: /declare at least one field/,
  },
  {
    wrong: "a resource named as the engine's own route",
    declared: () => declare({ sessions: notes }),
    path: 'forum.sessions',
    remedy: /\/v1\/sessions is the engine's own; choose another name/,
  },
  {
    wrong: 'a resource named with a dash',
    declared: () => declare({ 'my-notes': notes }),
    path: 'forum.my-notes',
    remedy: /letters, digits and underscores/,
  },
  {
    wrong: 'a resource named as a table of SQLite',
    declared: () => declare({ sqlite_notes: notes }),
    path: 'forum.sqlite_notes',
    remedy: /choose another/,
  },
  {
    wrong: 'two resources that differ in case alone',
    declared: () => declare({ notes, nOtes: notes }),
    path: 'forum.nOtes',
    remedy: /this and notes differ in case alone; choose another name/,
  },
  {
    wrong: 'a field named as a column that PostgreSQL has in each table',
    declared: () => declare({ notes: loose({ fields: { xmin: integer() } }) }),
    path: 'forum.notes.xmin',
    remedy: /'xmin' is taken by the engine; choose another name/,
  },
  {
    wrong: 'a field called id',
    declared: () => declare({ notes: loose({ fields: { id: text() } }) }),
    path: 'forum.notes.id',
    remedy: /'id' is taken by the engine; choose another name/,
  },
  {
    wrong: 'a field that every object of JavaScript has',
    declared: () => declare({ notes: loose({ fields: { toString: text() } }) }),
    path: 'forum.notes.toString',
    remedy: /'toString' is taken by the engine; choose another name/,
  },
  {
    wrong: 'a field named as SQL',
    declared: () => declare({ notes: loose({ fields: { 'a"; drop table': text() } }) }),
    path: 'forum.notes.a"; drop table',
    remedy: /letters, digits and underscores, a lower-case letter first/,
  },
  {
    wrong: 'a reference to what is not declared',
    declared: () => declare({ notes: loose({ fields: { shelf: reference('shelves') } }) }),
    path: 'forum.notes.shelf',
    remedy: /reference\('shelves'\) has no resource; declare shelves in app\(\{ resources \}\)/,
  },
  {
    wrong: 'setNull on a reference that is never null',
    declared: () =>
      declare({ notes: loose({ fields: { next: reference('notes', { onDelete: 'setNull' }) } }) }),
    path: 'forum.notes.next',
    remedy: /onDelete: 'setNull' needs nullable: true/,
  },
  {
    wrong: 'an order by an unknown field',
    declared: () => declare({ notes: loose({ order: ['-created_at'] }) }),
    path: 'forum.notes.order',
    remedy: /there is no field 'created_at'; the fields are title/,
  },
  {
    wrong: 'atLeastOne of an unknown field',
    declared: () => declare({ notes: loose({ atLeastOne: ['body'] }) }),
    path: 'forum.notes.atLeastOne',
    remedy: /there is no field 'body'; the fields are title/,
  },
  {
    wrong: 'a unique group with an unknown field',
    declared: () => declare({ notes: loose({ unique: [['title', 'shelf']] }) }),
    path: 'forum.notes.unique',
    remedy: /there is no field 'shelf'/,
  },
  {
    wrong: 'an index over an unknown field',
    declared: () => declare({ notes: loose({ indexes: [['shelf']] }) }),
    path: 'forum.notes.indexes',
    remedy: /there is no field 'shelf'/,
  },
  {
    wrong: 'a rule that looks rows up by an author without the index of lists',
    declared: () =>
      declare({ notes: loose({ fields: { by: author({ index: false }) }, can: { read: own('by') } }) }),
    path: 'forum.notes.by',
    remedy: /can\.read finds rows by by, which needs its index; leave out index: false/,
  },
  {
    wrong: 'a rule that looks rows up by a reference without the index of lists',
    declared: () => {
      const fields = { above: reference('notes', { nullable: true, index: false }) };
      return declare({ notes: loose({ fields, can: { read: through('above') } }) });
    },
    path: 'forum.notes.above',
    remedy: /can\.read finds rows by above/,
  },
  {
    wrong: 'an index of an author that is neither on nor off',
    declared: () => declare({ notes: loose({ fields: { by: author({ index: JSON.parse('"yes"') }) } }) }),
    path: 'forum.notes.by.index',
    remedy: /expected true or false, got "yes"/,
  },
  {
    wrong: 'own() of a field that is missing',
    declared: () => declare({ notes: loose({ can: { update: own('author') } }) }),
    path: 'forum.notes.can.update',
    remedy: /own\('author'\) needs a field author: author\(\)/,
  },
  {
    wrong: 'own() of an editor',
    declared: () => declare({ notes: loose({ fields: { by: editor() }, can: { delete: own('by') } }) }),
    path: 'forum.notes.can.delete',
    remedy: /own\('by'\) needs a field by: author\(\)/,
  },
  {
    wrong: 'a default beyond the limits',
    declared: () => declare({ notes: loose({ fields: { stars: integer({ max: 5, default: 6 }) } }) }),
    path: 'forum.notes.stars',
    remedy: /the default 6 is no value of this field/,
  },
  {
    wrong: 'a default that is none of the values',
    declared: () => declare({ notes: loose({ fields: { state: oneOf(['a'], { default: 'b' as 'a' }) } }) }),
    path: 'forum.notes.state',
    remedy: /the default "b" is no value/,
  },
  {
    wrong: 'a default that is no instant',
    declared: () => declare({ notes: loose({ fields: { at: timestamp({ default: 'today' }) } }) }),
    path: 'forum.notes.at',
    remedy: /the default "today" is no value/,
  },
  {
    wrong: 'a list with too many items by default',
    declared: () => declare({ notes: loose({ fields: { tags: list(text(), { max: 0, default: ['a'] }) } }) }),
    path: 'forum.notes.tags',
    remedy: /the default \["a"\] is no value/,
  },
  {
    wrong: 'a renamed field whose old name is still declared',
    declared: () => declare({ notes: loose({ fields: { title: text(), name: text({ was: 'title' }) } }) }),
    path: 'forum.notes.name',
    remedy: /was: 'title' is still declared; leave one of them out/,
  },
  {
    wrong: 'a renamed resource whose old name could not be',
    declared: () => declare({ notes: loose({ was: 'Old notes' }) }),
    path: 'forum.notes',
    remedy: /was: "Old notes" is no name that could have been declared/,
  },
  {
    wrong: 'a first state that is not always there',
    declared: () =>
      declare({
        statuses: states(),
        notes: loose({ fields: { is: state('statuses', { initial: 'Gone' }) } }),
      }),
    path: 'forum.notes.is',
    remedy: /there is always to be a state 'Gone': add \{ name: 'Gone' \} to the rows of statuses/,
  },
  {
    wrong: 'a state named by a field that is no text',
    declared: () =>
      declare({
        statuses: states(),
        notes: loose({ fields: { is: state('statuses', { initial: 'New', by: 'rank' }) } }),
      }),
    path: 'forum.notes.is',
    remedy: /by: 'rank' must be a text field of statuses/,
  },
  {
    wrong: 'an operation to a state that is not always there',
    declared: () => declare({ statuses: states(), notes: moved({ finish: { from: 'New', to: 'Done' } }) }),
    path: 'forum.notes.lifecycle.operations.finish',
    remedy: /there is always to be a state 'Done'/,
  },
  {
    wrong: "an operation named as one of the engine's",
    declared: () => declare({ statuses: states(), notes: moved({ search: { from: 'New', to: 'New' } }) }),
    path: 'forum.notes.lifecycle.operations.search',
    remedy: /'search' is taken by the engine; choose another name/,
  },
  {
    wrong: 'a lifecycle without a state',
    declared: () => declare({ notes: loose({ lifecycle: { field: 'title', operations: {} } }) }),
    path: 'forum.notes.lifecycle',
    remedy: /field: 'title' must name a state\(\) field of this resource/,
  },
  {
    wrong: 'an access token that lasts no time',
    declared: () => declare({ notes }, { accounts: accounts({ tokens: { access: '0m' } }) }),
    path: 'forum.accounts.tokens.access',
    remedy: /expected a duration such as '45m', '2h' or '15d', got "0m"/,
  },
  {
    wrong: 'a key lifetime without a unit',
    declared: () => declare({ notes }, { accounts: accounts({ keys: { lifetime: '15' as '15d' } }) }),
    path: 'forum.accounts.keys.lifetime',
    remedy: /expected a duration/,
  },
];

describe('a wrong declaration fails at start with its path and a remedy', () => {
  for (const { wrong, declared, path, remedy } of CASES)
    test(wrong, () => {
      assert.throws(declared, (error) => {
        assert(error instanceof TypeError);
        assert.equal(error.message.slice(0, path.length + 2), `${path}: `);
        assert.match(error.message, remedy);
        return true;
      });
    });
});

describe('a right declaration', () => {
  test('keeps what was declared and fills in the defaults', () => {
    const declared = declare({ notes });
    assert.equal(declared.name, 'forum');
    assert.equal(declared.description, '');
    assert.equal(declared.contract, undefined);
    assert.equal(declared.resources.notes, notes);
    assert.deepEqual(notes.order, []);
    assert.deepEqual(notes.can, {});
    assert.equal(notes.id.kind, 'uuid');
  });

  test('cannot be changed afterwards', () => {
    const declared = declare({ notes });
    assert.throws(() => Object.assign(declared, { name: 'other' }), TypeError);
    assert.throws(() => Object.assign(notes, { can: {} }), TypeError);
    assert.throws(() => Object.assign(notes.fields.title, { nullable: true }), TypeError);
  });

  test('may refer to itself and to resources declared later', () => {
    const shelves = resource({ fields: { above: reference('shelves', { nullable: true }) } });
    const books = resource({ fields: { shelf: reference('shelves') } });
    assert.deepEqual(Object.keys(app({ name: 'library', resources: { books, shelves } }).resources), [
      'books',
      'shelves',
    ]);
  });

  test('a single sort key is an order of one', () => {
    assert.deepEqual(resource({ fields: { title: text() }, order: '-title' }).order, ['-title']);
  });
});
