import {
  any,
  app,
  author,
  editor,
  exists,
  its,
  list,
  me,
  not,
  oneOf,
  own,
  reference,
  resource,
  role,
  signedIn,
  text,
  through,
  where,
} from 'trestle';

/** Declarations that do not compile. They are never run: what start-up says to them is in `../declare`. */
export function wrongDeclarations(): void {
  const notes = resource({ fields: { title: text(), shelf: reference('shelves') } });
  // @ts-expect-error reference('shelves'): declare that resource in app({ resources })
  app({ name: 'notes', resources: { notes } });

  resource({
    fields: { title: text(), written_by: author(), changed_by: editor() },
    // @ts-expect-error own() names a text field
    can: { update: own('title') },
  });
  resource({
    fields: { title: text(), changed_by: editor() },
    // @ts-expect-error an editor owns nothing
    can: { update: own('changed_by') },
  });
  resource({
    fields: { title: text() },
    // @ts-expect-error there is no field to own by
    can: { delete: own('author') },
  });
  resource({
    fields: { title: text() },
    // @ts-expect-error no such verb
    can: { publish: own('title') },
  });
  resource({
    fields: { title: text(), shelf: reference('shelves'), written_by: author() },
    can: {
      read: any(
        signedIn,
        where({ title: 'x', or: [{ written_by: me }, { id: { gt: 'a' } }] }),
        own('written_by'),
      ),
      update: not(exists('bans', { shelf: its('shelf'), account: me, level: { gt: 3 } })),
      delete: through('shelf', 'update'),
    },
  });
  resource({
    fields: { title: text() },
    // @ts-expect-error where() names an unknown field
    can: { read: any(signedIn, where({ titel: 'x' })) },
  });
  resource({
    fields: { title: text() },
    // @ts-expect-error an alternative names an unknown field
    can: { read: where({ or: [{ title: 'x' }, { titel: 'x' }] }) },
  });
  resource({
    fields: { title: text() },
    // @ts-expect-error its() names an unknown field
    can: { read: exists('memberships', { team: its('team') }) },
  });
  resource({
    fields: { title: text(), shelf: reference('shelves') },
    // @ts-expect-error through() names an unknown field
    can: { read: not(through('shelves')) },
  });
  // @ts-expect-error there is no such verb to go through
  through('shelf', 'publish');
  // @ts-expect-error no condition has a function
  where({ title: () => true });
  // @ts-expect-error there is no such operator
  where({ title: { has: 'x' } });
  // @ts-expect-error a role is named
  role();
  // @ts-expect-error order names an unknown field
  resource({ fields: { title: text() }, order: '-created_at' });
  // @ts-expect-error atLeastOne names an unknown field
  resource({ fields: { title: text() }, atLeastOne: ['title', 'body'] });
  // @ts-expect-error unique names an unknown field
  resource({ fields: { title: text() }, unique: [['title', 'shelf']] });
  // @ts-expect-error indexes name an unknown field
  resource({ fields: { title: text() }, indexes: [['shelf']] });
  // @ts-expect-error a text's default is a text
  text({ default: 5 });
  // @ts-expect-error the default is none of the values
  oneOf(['draft', 'published'], { default: 'gone' });
  // @ts-expect-error no such option
  text({ minimum: 5 });
  // @ts-expect-error a list is of one field
  list('text');
  // @ts-expect-error what becomes of the row is one of cascade, restrict, setNull
  reference('shelves', { onDelete: 'delete' });
}
