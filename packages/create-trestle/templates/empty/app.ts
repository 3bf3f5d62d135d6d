import { anyone, app, createdAt, resource, signedIn, text } from 'trestle';

export const items = resource({
  fields: {
    name: text({ min: 1, max: 200 }),
    created_at: createdAt(),
  },
  order: '-created_at',
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});

export default app({ name: '{{name}}', resources: { items } });
