import type { RowOf } from 'trestle';
import { answer, type Contract, type ContractContext, route, streamList } from 'trestle/contract';
import { type Static, Type } from 'typebox';
import type { messages, resources } from './app.ts';
import { errors } from './errors.ts';
import {
  AccessToken,
  Credentials,
  ListPart,
  Message,
  MessageBody,
  MessageId,
  NewUser,
  RefreshToken,
  TokenPair,
  User,
} from './schemas.ts';

type Row = RowOf<typeof messages, typeof resources>;

const auth = { tag: 'auth' };
const one = { tag: 'messages', params: MessageId };

/** The documented routes of messages, over its services. */
export function contract({ rules, services, accounts }: ContractContext<typeof resources>): Contract {
  const can = rules.messages;
  const { messages } = services;
  return {
    errors,
    pages: { swagger: '/' },
    multipart: true,
    routes: [
      route(
        'POST',
        '/api/auth/register',
        { ...auth, summary: 'Sign up', body: NewUser, answers: { 200: User } },
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
          query: ListPart,
          answers: { 200: Type.Array(Message) },
        },
        streamList(messages, (rows) => rows.map(messageOf)),
      ),
      route(
        'POST',
        '/api/messages',
        {
          tag: 'messages',
          summary: 'Write a message',
          can: can.create,
          body: MessageBody,
          checkBody: false,
          answers: { 201: Message },
        },
        async ({ caller, body }) => answer(201, messageOf(await messages.create({ caller }, bodyOf(body)))),
      ),
      route(
        'GET',
        '/api/messages/:id',
        { ...one, summary: 'Read a message; counts a view', can: can.read, answers: { 200: Message } },
        async ({ caller, params, method }) => {
          const read = method === 'HEAD' ? messages.peek : messages.read;
          return answer(200, messageOf(await read({ caller }, params.id)));
        },
      ),
      ...(['PUT', 'PATCH'] as const).map((method) =>
        route(
          method,
          '/api/messages/:id',
          {
            ...one,
            summary: 'Change a message; its views start again at 0',
            can: can.update,
            body: MessageBody,
            checkBody: false,
            answers: { 200: Message },
          },
          async ({ caller, params, body }) => {
            // A change of nothing is refused, by PATCH too: content is all that a message has.
            const write = method === 'PATCH' && 'content' in body ? messages.patch : messages.replace;
            // The document: views go back to 0 also where the content is the same.
            return answer(200, messageOf(await write({ caller }, params.id, bodyOf(body), { touch: true })));
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

/** A number becomes its text; the service refuses what else is no string. The body comes unchecked. */
function bodyOf(body: Static<typeof MessageBody>) {
  const { content } = body;
  return typeof content === 'number' ? { content: String(content) } : body;
}

/** A message as the document has it, which is without its author. */
function messageOf({ id, content, views, created_at, updated_at }: Row) {
  return { id, content, views, created_at, updated_at };
}
