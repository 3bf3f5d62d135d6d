import {
  accounts,
  anyone,
  anyText,
  counter,
  createdAt,
  app as define,
  integerId,
  resource,
  signedIn,
  text,
  updatedAt,
} from '../../../packages/trestle/src/index.ts';

/** The messages of `apps/messages` whose reads are not counted: to time a plain read. */
const messages = resource({
  id: integerId(),
  fields: {
    content: text({ min: 1, max: 160, search: true }),
    views: counter({ resetOnUpdate: true }),
    created_at: createdAt({ index: true }),
    updated_at: updatedAt(),
  },
  order: '-updated_at',
  can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
});

export default define({
  name: 'messages',
  description: 'Messages for the benchmark',
  accounts: accounts({ id: integerId(), password: anyText, tokens: { access: '2h', refresh: '24h' } }),
  resources: { messages },
});
