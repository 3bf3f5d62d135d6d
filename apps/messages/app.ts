import {
  accounts,
  anyone,
  anyText,
  app,
  counter,
  createdAt,
  integerId,
  resource,
  signedIn,
  text,
  updatedAt,
} from 'trestle';
import { contract } from './contract.ts';

export const messages = resource({
  id: integerId(),
  fields: {
    content: text({ min: 1, max: 160, search: true }),
    views: counter({ countsReads: true, resetOnUpdate: true }),
    created_at: createdAt({ index: true }),
    updated_at: updatedAt(),
  },
  order: '-updated_at',
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});

export const resources = { messages };

export default app({
  name: 'messages',
  description:
    'Short messages that anyone may read and signed-in users may write. Reading one counts a view.',
  accounts: accounts({
    id: integerId(),
    username: anyText,
    password: anyText,
    tokens: { access: '2h', refresh: '24h' },
  }),
  resources,
  contract,
});
