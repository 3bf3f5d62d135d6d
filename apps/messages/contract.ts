import type { RowOf } from 'trestle';
import {
  answer,
  type Contract,
  type ContractContext,
  limitedBy,
  Problem,
  route,
  streamList,
} from 'trestle/contract';
import { type Static, Type } from 'typebox';
import type { messages, resources } from './app.ts';
import { errors } from './errors.ts';
import {
  AccessToken,
  Credentials,
  Failure,
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
type Context = ContractContext<typeof resources>;

const auth = { tag: 'auth' };
const one = { tag: 'board', params: MessageId };

const taken = new Problem('conflict', {
  errors: [{ pointer: '/username', code: 'taken', message: 'another account has this username' }],
});

/** The documented routes of messages, over its services. */
export function contract(context: Context) {
  return {
    errors,
    errorShape: Failure,
    tags: {
      auth: 'Signing up and in, as clients of the original do.',
      board: 'Messages without their authors, as clients of the original know them.',
    },
    pages: { swagger: '/' },
    multipart: true,
    routes: [...authRoutes(context), ...readRoutes(context), ...writeRoutes(context)],
  } satisfies Contract;
}

function authRoutes({ credentials, accounts }: Context) {
  return [
    route(
      'POST',
      '/api/auth/register',
      {
        ...auth,
        operationId: 'register',
        summary: 'Sign up',
        body: limitedBy(NewUser, credentials),
        raises: [taken],
        answers: { 200: User },
      },
      async ({ caller, body, origin }) => {
        const { id, username } = await accounts.signUp({ caller, origin }, body);
        return answer(200, { id, username, email: '', first_name: '', last_name: '', is_staff: false });
      },
    ),
    route(
      'POST',
      '/api/auth/token',
      {
        ...auth,
        operationId: 'obtainTokens',
        summary: 'Sign in',
        body: Credentials,
        raises: ['invalid_credentials'],
        answers: { 200: TokenPair },
        signsIn: true,
      },
      async ({ caller, body, origin }) => {
        const { refresh, access } = await accounts.signIn({ caller, origin }, body);
        return answer(200, { refresh, access }, { 'Cache-Control': 'no-store' });
      },
    ),
    route(
      'POST',
      '/api/auth/token/refresh',
      {
        ...auth,
        operationId: 'refreshToken',
        summary: 'A new access token',
        body: RefreshToken,
        raises: ['invalid_token'],
        answers: { 200: AccessToken },
      },
      async ({ caller, body, origin }) => {
        const { access } = await accounts.renewAccess({ caller, origin }, body.refresh);
        return answer(200, { access }, { 'Cache-Control': 'no-store' });
      },
    ),
  ];
}

function readRoutes({ rules, services: { messages } }: Context) {
  const can = rules.messages;
  return [
    route(
      'GET',
      '/api/messages',
      {
        tag: 'board',
        operationId: 'readBoard',
        summary: 'All messages, last updated first; counts no view',
        can: can.read,
        query: ListPart,
        answers: { 200: Type.Array(Message) },
      },
      streamList(messages, (rows) => rows.map(messageOf)),
    ),
    route(
      'GET',
      '/api/messages/:id',
      {
        ...one,
        operationId: 'viewMessage',
        summary: 'Read a message; counts a view',
        can: can.read,
        answers: { 200: Message },
      },
      async ({ caller, params, method }) => {
        const read = method === 'HEAD' ? messages.peek : messages.read;
        return answer(200, messageOf(await read({ caller }, params.id)));
      },
    ),
  ];
}

function writeRoutes({ rules, schemas, services: { messages } }: Context) {
  const can = rules.messages;
  const content = limitedBy(MessageBody, schemas.messages.body);
  return [
    route(
      'POST',
      '/api/messages',
      {
        tag: 'board',
        operationId: 'postMessage',
        summary: 'Write a message',
        can: can.create,
        body: content,
        checkBody: false,
        answers: { 201: Message },
      },
      async ({ caller, body }) => answer(201, messageOf(await messages.create({ caller }, bodyOf(body)))),
    ),
    ...(['PUT', 'PATCH'] as const).map((method) =>
      route(
        method,
        '/api/messages/:id',
        {
          ...one,
          operationId: method === 'PUT' ? 'rewriteMessage' : 'changeMessage',
          summary: 'Change a message; its views start again at 0',
          can: can.update,
          body: content,
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
      {
        ...one,
        operationId: 'removeMessage',
        summary: 'Delete a message',
        can: can.delete,
        answers: { 204: null },
      },
      async ({ caller, params }) => {
        await messages.remove({ caller }, params.id);
        return answer(204);
      },
    ),
  ];
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
