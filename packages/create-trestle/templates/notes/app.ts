import { anyone, app, author, createdAt, own, resource, signedIn, text, updatedAt } from 'trestle';

/** Notes that anyone may read; whoever is signed in may write one, and change or delete their own. */
export const notes = resource({
  fields: {
    title: text({ min: 1, max: 200, search: true }),
    body: text({ default: '' }),
    written_by: author(),
    created_at: createdAt(),
    updated_at: updatedAt(),
  },
  order: '-created_at',
  can: { read: anyone, create: signedIn, update: own('written_by'), delete: own('written_by') },
});

export default app({ name: '{{name}}', resources: { notes } });
