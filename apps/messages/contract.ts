import { answer, type Contract, type ContractContext, route, streamList } from 'trestle';
import { Type } from 'typebox';
import type { resources } from './app.ts';
import { errors } from './errors.ts';
import { AccessToken, Credentials, Cut, MessageId, RefreshToken, TokenPair, User } from './schemas.ts';

const auth = { tag: 'auth' };
const one = { tag: 'messages', params: MessageId };

/** The documented routes of messages, over its services. */
export function contract({
  rules,
  schemas,
  services,
  accounts,
}: ContractContext<typeof resources>): Contract {
  const can = rules.messages;
  const { messages } = services;
  const Message = schemas.messages.row;
  return {
    errors,
    pages: { swagger: '/' },
    routes: [
      route(
        'POST',
        '/api/auth/register',
        { ...auth, summary: 'Sign up', body: Credentials, answers: { 200: User } },
        async ({ caller, body, origin }) => {
          const { id, username } = await accounts.signUp(caller, body, origin);
          return answer(200, { id, username, email: '', first_name: '', last_name: '', is_staff: false });
        },
      ),
      route(
        'POST',
        '/api/auth/token',
        { ...auth, summary: 'Sign in', body: Credentials, answers: { 200: TokenPair }, signsIn: true },
        async ({ body, origin }) => {
          const { refresh, access } = await accounts.signIn(body, origin);
          return answer(200, { refresh, access }, { 'Cache-Control': 'no-store' });
        },
      ),
      route(
        'POST',
        '/api/auth/token/refresh',
        { ...auth, summary: 'A new access token', body: RefreshToken, answers: { 200: AccessToken } },
        async ({ body }) => {
          const { access } = await accounts.renewAccess(body.refresh);
          return answer(200, { access }, { 'Cache-Control': 'no-store' });
        },
      ),
      route(
        'GET',
        '/api/messages',
        {
          tag: 'messages',
          summary: 'All messages, last updated first; counts no view',
          can: can.read,
          query: Cut,
          answers: { 200: Type.Array(Message) },
        },
        streamList(messages),
      ),
      route(
        'POST',
        '/api/messages',
        {
          tag: 'messages',
          summary: 'Write a message',
          can: can.create,
          body: schemas.messages.body,
          answers: { 201: Message },
        },
        async ({ caller, body }) => answer(201, await messages.create({ caller }, body)),
      ),
      route(
        'GET',
        '/api/messages/:id',
        { ...one, summary: 'Read a message; counts a view', can: can.read, answers: { 200: Message } },
        async ({ caller, params, method }) =>
          answer(200, await (method === 'HEAD' ? messages.peek : messages.read)({ caller }, params.id)),
      ),
      ...(['PUT', 'PATCH'] as const).map((method) =>
        route(
          method,
          '/api/messages/:id',
          {
            ...one,
            summary: 'Change a message; its views start again at 0',
            can: can.update,
            body: schemas.messages.body,
            checkBody: false,
            answers: { 200: Message },
          },
          async ({ caller, params, body }) => {
            const write = method === 'PUT' ? messages.replace : messages.patch;
            return answer(200, await write({ caller }, params.id, body));
          },
        ),
      ),
      route(
        'DELETE',
        '/api/messages/:id',
        { ...one, summary: 'Delete a message', can: can.delete, answers: { 204: null } },
        async ({ caller, params }) => {
          await messages.remove({ caller }, params.id);
          return answer(204);
        },
      ),
    ],
  };
}
