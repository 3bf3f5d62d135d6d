import {
  accounts,
  anyone,
  anyText,
  app,
  author,
  counter,
  createdAt,
  integerId,
  own,
  resource,
  signedIn,
  text,
  updatedAt,
} from 'trestle';
import { contract } from './contract.ts';

/** `TRESTLE_MESSAGES_AUTHOR_ONLY=1`: only its author may change or delete a message (default: every signed-in user). */
const editors = process.env.TRESTLE_MESSAGES_AUTHOR_ONLY === '1' ? own('author') : signedIn;

export const messages = resource({
  id: integerId(),
  fields: {
    content: text({ min: 1, max: 160, trim: true, search: true }),
    views: counter({ countsReads: true, resetOnUpdate: true }),
    created_at: createdAt({ index: true }),
    updated_at: updatedAt(),
    // No list is by author: each change would write that index, too.
    author: author({ index: false }),
  },
  order: '-updated_at',
  can: { read: anyone, create: signedIn, update: editors, delete: editors },
});

export const resources = { messages };

/** Letters of any script with their marks, digits, and @ . + - _ */
const USERNAME = /^(?:[\p{L}\p{N}]\p{M}*|[@.+_-])+$/u;

export default app({
  name: 'messages',
  description:
    'Short messages that anyone may read and signed-in users may write. Reading one counts a view.',
  accounts: accounts({
    id: integerId(),
    username: { min: 1, max: 150, patterns: [USERNAME], trim: true, normalize: 'NFKC' },
    password: anyText,
    tokens: { access: '2h', refresh: '24h' },
  }),
  resources,
  contract,
});
