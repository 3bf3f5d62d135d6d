import {
  accounts,
  anyone,
  app,
  author,
  boolean,
  counter,
  createdAt,
  integerId,
  json,
  list,
  number,
  object,
  reference,
  resource,
  state,
  text,
  timestamp,
  updatedAt,
  uuidId,
} from 'trestle';

const can = { read: anyone, create: anyone, update: anyone, delete: anyone };

const boxes = resource({
  id: integerId(),
  fields: {
    name: text({ min: 1, unique: true }),
    within: reference('boxes', { nullable: true, onDelete: 'cascade' }),
  },
  can,
});

/** Every kind of field, and what the server sets. */
const things = resource({
  id: integerId(),
  fields: {
    name: text({ min: 1, max: 20 }),
    note: text({ nullable: true, default: 'none' }),
    size: number({ nullable: true }),
    good: boolean({ default: true }),
    due: timestamp({ nullable: true }),
    tags: list(text(), { default: [] }),
    shape: object({ w: number(), h: number({ default: 1 }) }, { nullable: true }),
    extra: json({ nullable: true }),
    box: reference('boxes', { nullable: true, onDelete: 'cascade' }),
    reads: counter(),
    by: author(),
    made: createdAt(),
    changed: updatedAt(),
  },
  unique: [['box', 'name']],
  atLeastOne: ['note', 'size'],
  can,
});

const states = resource({
  id: integerId(),
  fields: { name: text({ unique: true }) },
  rows: [{ name: 'open' }],
  can,
});
const tasks = resource({
  id: uuidId(),
  fields: { title: text(), state: state('states', { initial: 'open' }) },
  can,
});

export default app({
  name: 'store',
  accounts: accounts({ id: integerId() }),
  resources: { boxes, things, states, tasks },
});
