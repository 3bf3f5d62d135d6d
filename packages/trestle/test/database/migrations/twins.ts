import { integer, integerId, number, resource, text } from '../../../src/index.ts';

const id = integerId();

/** Two versions of a resource; the way between them rebuilds its table, both ways. */
export const twins = {
  plain: {
    notes: resource({ id, fields: { title: text({ nullable: true }), size: integer(), body: text() } }),
  },
  strict: {
    notes: resource({
      id,
      fields: {
        title: text({ default: 'none', index: true }),
        size: number(),
        body: text(),
        mark: text({ default: '-' }),
      },
    }),
    marks: resource({ id, fields: { name: text({ unique: true }) } }),
  },
};

export type Twin = keyof typeof twins;
