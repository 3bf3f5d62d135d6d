import { app, author, editor, list, oneOf, own, reference, resource, text } from 'trestle';

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
