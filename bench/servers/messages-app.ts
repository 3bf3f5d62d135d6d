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
} from '../../packages/trestle/src/index.ts';

/** The messages that every server of the benchmark has: those of `apps/messages` without their author. */
export function messagesApp(options: { countsReads: boolean }) {
  const messages = resource({
    id: integerId(),
    fields: {
      content: text({ min: 1, max: 160, search: true }),
      views: counter({ ...options, resetOnUpdate: true }),
      created_at: createdAt({ index: true }),
      updated_at: updatedAt(),
    },
    order: '-updated_at',
    can: { read: anyone, create: signedIn, update: signedIn, delete: signedIn },
  });
  return define({
    name: 'messages',
    description: 'Messages for the benchmark',
    accounts: accounts({ id: integerId(), password: anyText, tokens: { access: '2h', refresh: '24h' } }),
    resources: { messages },
  });
}
