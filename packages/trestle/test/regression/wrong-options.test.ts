// Unknown options and values of a wrong kind are refused at start, with the path, what was expected and the nearest name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accounts,
  all,
  any,
  anyone,
  app,
  author,
  boolean,
  counter,
  createdAt,
  date,
  exists,
  type Field,
  integer,
  its,
  json,
  list,
  me,
  not,
  now,
  number,
  object,
  oneOf,
  own,
  type Resource,
  reference,
  resource,
  state,
  text,
  through,
  timestamp,
  where,
} from 'trestle';

/** A value as JavaScript would pass it, unchecked by the compiler. */
const loose = (value: unknown) => value as never;
const appOf = (notes: unknown, more: object = {}) =>
  app({ name: 'forum', ...more, resources: { notes: loose(notes) } });
const options = (more: object) => appOf(resource({ fields: { title: text() }, ...more }));
const fieldOf = (title: unknown) => appOf(resource({ fields: { title: title as Field } }) as Resource);

const CASES: Readonly<Record<string, readonly [() => unknown, string]>> = {
  'a misspelt verb': [
    () => options({ can: { reed: anyone } }),
    "forum.notes.can: there is no verb 'reed'; did you mean 'read'?",
  ],
  'a rule for all verbs': [
    () => options({ can: anyone }),
    'forum.notes.can: expected a rule for each verb, such as { read: anyone }, got {"kind":"anyone"}',
  ],
  'a rule in quotes': [
    () => options({ can: { read: 'anyone' } }),
    `forum.notes.can.read: expected a rule such as anyone, signedIn or own('author'), got "anyone"; write anyone without quotes`,
  ],
  'own code of another verb': [
    () => options({ before: { publish: async () => {} } }),
    "forum.notes.before: before has no option 'publish'; its options are create, update, delete",
  ],
  'own code that is none': [
    () => options({ after: { create: 'mail' } }),
    'forum.notes.after.create: expected a function, got "mail"',
  ],
  'a misspelt owner': [
    () => appOf(resource({ fields: { author: author() }, can: { update: loose(own('athor')) } })),
    "forum.notes.can.update: own('athor') names no author() field; write own('author')",
  ],
  'a rule that is a function': [
    () => options({ can: { read: () => true } }),
    `forum.notes.can.read: expected a rule such as anyone, signedIn or own('author'), got the function read; rules are no functions`,
  ],
  'a wrong rule inside others': [
    () => options({ can: { read: any(anyone, loose('signedin')) } }),
    `forum.notes.can.read: expected a rule such as anyone, signedIn or own('author'), got "signedin"; write signedIn without quotes`,
  ],
  'a rule on a misspelt field': [
    () => options({ can: { read: where({ titel: 'x' }) } }),
    "forum.notes.can.read: there is no field 'titel' in notes; there are id, title; did you mean 'title'?",
  ],
  'a rule with a misspelt operator': [
    () => options({ can: { read: where(loose({ title: { startz: 'x' } })) } }),
    "forum.notes.can.read: notes.title has no operator 'startz'; there are eq, ne, gt, gte, lt, lte, in, nin, null, contains, icontains, starts, ends, between; did you mean 'starts'?",
  ],
  'a rule on a value of another kind': [
    () => options({ can: { read: all(anyone, where({ title: 5 })) } }),
    'forum.notes.can.read: title is compared with a string, got 5',
  ],
  'me where there is no account': [
    () => options({ can: { read: where({ title: me }) } }),
    'forum.notes.can.read: me is an account, and title holds none; compare it with an author() field',
  ],
  'now where there is no instant': [
    () => options({ can: { read: where({ title: { lt: now } }) } }),
    'forum.notes.can.read: now is an instant, and title holds none; compare it with a timestamp() field',
  ],
  'its() outside exists()': [
    () => options({ can: { read: where({ title: its('title') }) } }),
    "forum.notes.can.read: its('title') stands inside exists() alone",
  ],
  'a rule on a resource that is not there': [
    () => options({ can: { read: exists('note', { title: its('title') }) } }),
    "forum.notes.can.read: exists('note') has no resource; there are accounts, notes; did you mean 'notes'?",
  ],
  'its() of a misspelt field': [
    () => options({ can: { read: exists('notes', { title: its('titel') }) } }),
    "forum.notes.can.read: its('titel') names no field of notes; there are id, title; did you mean 'title'?",
  ],
  'through() a field that refers to nothing': [
    () => options({ can: { read: not(through('title')) } }),
    "forum.notes.can.read: through('title') names no reference() field; there are none",
  ],
  'through() in a circle': [
    () =>
      appOf(
        resource({
          fields: { title: text(), up: reference('notes', { nullable: true }) },
          can: { read: any(anyone, through('up')) },
        }),
      ),
    "forum.notes.can.read: through('up') leads back to the read rule of notes; name another verb, or a rule that ends",
  ],
  'any() of nothing': [
    () => options({ can: { read: any() } }),
    'forum.notes.can.read: any() expected one rule or more',
  ],
  'a misspelt option of resource()': [
    () => options({ ordr: 'title' }),
    "forum.notes: resource() has no option 'ordr'; did you mean 'order'?",
  ],
  'a misspelt sort key': [
    () => options({ order: 'titel' }),
    "forum.notes.order: there is no field 'titel'; the fields are title; did you mean 'title'?",
  ],
  'a resource without resource()': [
    () => appOf({ title: text() }),
    'forum.notes: expected resource({ fields: ... })',
  ],
  'a field without its function': [
    () => appOf(resource({ fields: { title: loose('text') } })),
    'forum.notes.fields.title: expected a field such as text(), got "text"',
  ],
  'an unknown option of app()': [
    () => appOf(resource({ fields: { title: text() } }), { descripton: 'x' }),
    "forum: app() has no option 'descripton'; did you mean 'description'?",
  ],
  'an unknown option of tokens': [
    () =>
      appOf(resource({ fields: { title: text() } }), {
        accounts: accounts({ tokens: loose({ acess: '1h' }) }),
      }),
    "forum.accounts.tokens: tokens has no option 'acess'; did you mean 'access'?",
  ],
  'min above max of a password': [
    () =>
      appOf(resource({ fields: { title: text() } }), {
        accounts: accounts({ password: { min: 9, max: 8 } }),
      }),
    'forum.accounts.password: min (9) is above max (8)',
  ],
  'maxLength of a text': [
    () => fieldOf(text(loose({ maxLength: 3 }))),
    "forum.notes.title: text() has no option 'maxLength'; did you mean 'max'?",
  ],
  'min above max of a text': [
    () => fieldOf(text({ min: 5, max: 3 })),
    'forum.notes.title: min (5) is above max (3)',
  ],
  'min above max of an integer': [
    () => fieldOf(integer({ min: 5, max: 3 })),
    'forum.notes.title: min (5) is above max (3)',
  ],
  'a length in quotes': [
    () => fieldOf(text(loose({ max: '3' }))),
    'forum.notes.title.max: expected an integer from 0, got "3"',
  ],
  'a pattern with the flag i': [
    () => fieldOf(text({ pattern: /a/i })),
    'forum.notes.title.pattern: expected a regular expression without flags but u, got /a/i',
  ],
  'values side by side': [
    () => fieldOf(oneOf(loose('a'), loose('b'))),
    "forum.notes.title: expected an array of different strings: oneOf(['draft', 'published']), got \"a\"",
  ],
  'an option inside a list': [
    () => fieldOf(list(text(loose({ maxLenght: 3 })))),
    "forum.notes.title[]: text() has no option 'maxLenght'; did you mean 'max'?",
  ],
  'an option inside an object': [
    () => fieldOf(object({ city: text(loose({ requird: true })) })),
    "forum.notes.title.city: text() has no option 'requird'; its options are ",
  ],
  'an item that is no field': [
    () => fieldOf(list(loose('text'))),
    'forum.notes.title: expected a field such as text() as its item, got "text"',
  ],
  'a misspelt onDelete': [
    () => fieldOf(reference('notes', loose({ onDelete: 'cascde' }))),
    "forum.notes.title.onDelete: expected 'cascade' or 'restrict' or 'setNull', got \"cascde\"; did you mean 'cascade'?",
  ],
  'a misspelt target': [
    () => fieldOf(reference('note')),
    "forum.notes.title: reference('note') has no resource; did you mean 'notes'?",
  ],
  'a state without its first': [() => fieldOf(state('notes', loose(undefined))), 'forum.notes.title: '],
};

for (const [name, [declared, message]] of Object.entries(CASES))
  test(`${name} is refused`, () => {
    assert.throws(declared, (error) => {
      assert(error instanceof TypeError);
      assert.equal(error.message.slice(0, message.length), message);
      return true;
    });
  });

const FIELDS: Readonly<Record<string, (given: never) => Field>> = {
  author,
  boolean,
  counter,
  createdAt,
  date,
  integer,
  json,
  list: (given) => list(text(), given),
  number,
  object: (given) => object({ a: text() }, given),
  oneOf: (given) => oneOf(['a'], given),
  reference: (given) => reference('notes', given),
  state: (given) => state('notes', given),
  text,
  timestamp,
};

for (const [name, make] of Object.entries(FIELDS))
  test(`an unknown option of ${name}() is refused`, () => {
    const message = new RegExp(
      `^forum\\.notes\\.title: ${name}\\(\\) has no option 'wrong'; its options are `,
    );
    assert.throws(() => fieldOf(make(loose({ wrong: 1 }))), { name: 'TypeError', message });
  });
