import {
  anyone,
  app,
  author,
  boolean,
  counter,
  createdAt,
  editor,
  integer,
  json,
  list,
  number,
  object,
  oneOf,
  own,
  reference,
  resource,
  signedIn,
  state,
  text,
  timestamp,
  updatedAt,
} from 'trestle';

export const stages = resource({ fields: { name: text({ max: 20 }) }, rows: [{ name: 'new' }] });

export const notes = resource({
  fields: {
    title: text({ min: 1, max: 200, search: true }),
    body: text({ default: '', nullable: true }),
    kind: oneOf(['short', 'long'], { default: 'short' }),
    pinned: boolean({ default: false }),
    rank: integer({ default: 0 }),
    weight: number({ nullable: true }),
    due: timestamp({ nullable: true }),
    labels: list(text(), { default: [] }),
    place: object({ city: text(), floor: integer({ nullable: true }) }, { nullable: true }),
    extra: json({ nullable: true }),
    after: reference('notes', { nullable: true }),
    stage: state('stages', { initial: 'new' }),
    reads: counter({ countsReads: true }),
    written_by: author(),
    edited_by: editor(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  order: '-created_at',
  can: { read: anyone, create: signedIn, update: own('written_by'), delete: own('written_by') },
});

export default app({ name: 'notes', resources: { notes, stages } });
