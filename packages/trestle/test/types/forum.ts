import {
  anyone,
  app,
  author,
  boolean,
  counter,
  createdAt,
  editor,
  integer,
  integerId,
  json,
  list,
  number,
  object,
  oneOf,
  own,
  reference,
  resource,
  signedIn,
  text,
  timestamp,
  updatedAt,
} from 'trestle';

/** Two resources with every field type between them: what the type tests look at. */
export const topics = resource({
  id: integerId(),
  fields: {
    title: text({ min: 1, max: 200, search: true }),
    state: oneOf(['open', 'closed'], { default: 'open' }),
    pinned: boolean({ default: false }),
    weight: number({ nullable: true }),
    votes: counter(),
    created_by: author(),
    created_at: createdAt(),
  },
  order: ['-pinned', '-created_at'],
  can: { read: anyone, create: signedIn, update: own('created_by'), delete: own('created_by') },
});

export const posts = resource({
  fields: {
    topic: reference('topics', { onDelete: 'cascade' }),
    answers: reference('posts', { nullable: true, onDelete: 'setNull' }),
    body: text(),
    rank: integer({ min: 0, default: 0 }),
    published_at: timestamp({ nullable: true }),
    labels: list(text({ max: 20 }), { max: 5, default: [] }),
    links: list(object({ url: text(), title: text({ nullable: true }) })),
    place: object({ city: text(), zip: text({ default: '' }) }, { nullable: true }),
    extra: json({ nullable: true }),
    changed_by: editor(),
    changed_at: updatedAt(),
  },
  can: { read: anyone, create: signedIn },
});

export const resources = { topics, posts };

export const forum = app({ name: 'forum', resources });
