import createClient from 'openapi-fetch';
import { makeCalls, queryOf } from './calls.js';
import type { paths } from './messages/types.js';

const api = createClient<paths>({ baseUrl: process.argv[2] ?? '' });

await makeCalls({
  signUp: async (body) => (await api.POST('/v1/accounts', { body })).response.status,
  signIn: async (body) => {
    const { data } = await api.POST('/v1/sessions', { body });
    api.use({
      onRequest: ({ request }) => request.headers.set('Authorization', `Bearer ${data?.access_token}`),
    });
  },
  me: async () => (await api.GET('/v1/me')).data?.username,
  create: async (content) => {
    const { data, response } = await api.POST('/v1/messages', { body: { content } });
    return { id: data?.id ?? 0, etag: response.headers.get('etag') ?? '' };
  },
  read: async (id) => {
    const { data, error } = await api.GET('/v1/messages/{id}', { params: { path: { id } } });
    return data?.content ?? error?.code;
  },
  list: async (asked) => {
    const query = queryOf(asked);
    const { data } = await api.GET('/v1/messages', { params: { query } });
    return { ids: data?.items.map((row) => row.id) ?? [], next: data?.next ?? null };
  },
  update: async (id, etag, content) => {
    const params = { path: { id }, header: { 'If-Match': etag } };
    const { data, error } = await api.PATCH('/v1/messages/{id}', { params, body: { content } });
    return data?.content ?? error?.code;
  },
  replace: async (id, content) =>
    (await api.PUT('/v1/messages/{id}', { params: { path: { id } }, body: { content } })).data?.content,
  remove: async (id) => (await api.DELETE('/v1/messages/{id}', { params: { path: { id } } })).response.status,
});
