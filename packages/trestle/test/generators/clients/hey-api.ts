import { makeCalls, queryOf } from './calls.js';
import { client } from './messages/hey/client.gen.js';
import * as sdk from './messages/hey/index.js';

client.setConfig({ baseUrl: process.argv[2] ?? '' });

await makeCalls({
  signUp: async (body) => (await sdk.signUp({ body })).response?.status,
  signIn: async (body) => {
    const { data } = await sdk.signIn({ body });
    client.setConfig({ auth: () => data?.access_token });
  },
  me: async () => (await sdk.getMe()).data?.username,
  create: async (content) => {
    const { data, response } = await sdk.createMessage({ body: { content } });
    return { id: data?.id ?? 0, etag: response?.headers.get('etag') ?? '' };
  },
  read: async (id) => {
    const { data, error } = await sdk.getMessage({ path: { id } });
    return data?.content ?? error?.code;
  },
  list: async (asked) => {
    const query = queryOf(asked);
    const { data } = await sdk.listMessages({ query });
    return { ids: data?.items.map((row) => row.id) ?? [], next: data?.next ?? null };
  },
  update: async (id, etag, content) => {
    const headers = { 'If-Match': etag };
    const { data, error } = await sdk.updateMessage({ path: { id }, headers, body: { content } });
    return data?.content ?? error?.code;
  },
  replace: async (id, content) =>
    (await sdk.replaceMessage({ path: { id }, body: { content } })).data?.content,
  remove: async (id) => (await sdk.deleteMessage({ path: { id } })).response?.status,
});
