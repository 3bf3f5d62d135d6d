import { type TSchema, Type } from 'typebox';
import { Problem } from '../../../problems.ts';
import { type Accounts, credentialsSchema } from '../../../schema/accounts.ts';
import { accountOf } from '../../../schema/caller.ts';
import type { RowId } from '../../../schema/id.ts';
import { answer, limitedBy, type Route, route } from '../../../schema/route.ts';
import { signedIn } from '../../../schema/rules.ts';
import type { AccountService, Tokens } from '../../../schema/services/account-service.ts';
import { titled } from './route-names.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const closed = { additionalProperties: false } as const;

/** Sign-up, the caller's own account, and sessions; of apps whose accounts have no passwords, accounts alone. */
export function accountRoutes(declared: Accounts, service: AccountService): Route[] {
  const account = titled(
    'Account',
    Type.Object({ id: declared.id.schema, username: text, created_at: instant }),
  );
  const routes = [
    signUpRoute(declared, service, account),
    readRoute(declared, service, account),
    meRoute(service, account),
  ];
  if (declared.password === false) return routes;
  return [
    ...routes,
    passwordRoute(declared, service),
    ...signInRoutes(declared, service, account),
    ...sessionRoutes(service),
  ];
}

function signUpRoute(declared: Accounts, service: AccountService, account: TSchema): Route {
  const options = {
    operationId: 'signUp',
    summary: 'Sign up',
    tag: 'accounts',
    can: declared.can.create,
    body: titled('SignUp', credentialsSchema(declared)),
    // The service checks it: names are normalized before they are measured.
    checkBody: false,
    sends: ['Location'],
    answers: { 201: account },
  };
  return route('POST', '/accounts', options, async ({ caller, body, origin, base }) => {
    // The schema is built at run time, so its static type says nothing of the members.
    const created = await service.signUp(caller, body as { username: string; password?: string }, origin);
    return answer(201, created, { location: `${base}/v1/accounts/${created.id}` });
  });
}

function readRoute(declared: Accounts, service: AccountService, account: TSchema): Route {
  const params = Type.Object({ id: Type.Unsafe<RowId>(declared.id.schema) });
  const options = {
    operationId: 'getAccount',
    summary: 'Read an account',
    tag: 'accounts',
    can: declared.can.read,
    params,
    answers: { 200: account },
  };
  return route('GET', '/accounts/:id', options, async ({ caller, params: { id } }) =>
    answer(200, await service.read(caller, id)),
  );
}

function meRoute(service: AccountService, account: TSchema): Route {
  const options = {
    operationId: 'getMe',
    summary: 'Read your own account',
    tag: 'accounts',
    can: signedIn,
    answers: { 200: account },
  };
  return route('GET', '/me', options, async ({ caller }) => {
    const id = accountOf(caller);
    if (id === null) throw new Problem('forbidden', { detail: 'The administrator has no account.' });
    return answer(200, await service.read(caller, id));
  });
}

function passwordRoute(declared: Accounts, service: AccountService): Route {
  const next = Type.Object({ next: credentialsSchema(declared).properties.password ?? text });
  const body = limitedBy(Type.Object({ current: text, next: text }, closed), next);
  const options = {
    operationId: 'changePassword',
    summary: 'Change your password; ends your other sessions',
    tag: 'accounts',
    can: signedIn,
    body: titled('PasswordChange', body),
    raises: ['wrong_password'] as const,
    answers: { 204: null },
  };
  return route('PATCH', '/me', options, async ({ caller, body: change }) => {
    await service.changePassword(caller, change as { current: string; next: string });
    return answer(204);
  });
}

/** Answers of RFC 6749, section 5.1, so that any OAuth2 client can sign in. */
function tokensOf(account: TSchema): TSchema {
  return titled(
    'Tokens',
    Type.Object({
      access_token: text,
      token_type: text,
      expires_in: Type.Integer(),
      refresh_token: Type.Optional(text),
      session: text,
      account,
    }),
  );
}

function tokens({ access, refresh, expiresIn, session, account }: Tokens) {
  const refreshToken = refresh === null ? {} : { refresh_token: refresh };
  const body = {
    access_token: access,
    token_type: 'bearer',
    expires_in: expiresIn,
    ...refreshToken,
    session,
    account,
  };
  return answer(200, body);
}

function signInRoutes(declared: Accounts, service: AccountService, account: TSchema): Route[] {
  const answers = { 200: tokensOf(account) };
  const signIn = route(
    'POST',
    '/sessions',
    {
      operationId: 'signIn',
      summary: 'Sign in',
      tag: 'sessions',
      body: signInBody,
      raises: ['invalid_credentials'],
      answers,
      signsIn: true,
    },
    async ({ body, origin }) =>
      tokens(await service.signIn({ username: body.username, password: body.password }, origin)),
  );
  const refresh = route(
    'POST',
    '/sessions::refresh',
    {
      operationId: 'refreshSession',
      summary: 'Exchange a refresh token for new tokens',
      tag: 'sessions',
      body: refreshBody,
      raises: ['invalid_token'],
      answers,
    },
    async ({ body }) => tokens(await service.refresh(body.refresh_token)),
  );
  return declared.tokens.refresh === false ? [signIn] : [signIn, refresh];
}

/** The members of the OAuth2 password grant that ask for nothing here are taken and left alone. */
const signInBody = Type.Object(
  {
    username: text,
    password: text,
    grant_type: Type.Optional(text),
    scope: Type.Optional(text),
    client_id: Type.Optional(text),
    client_secret: Type.Optional(text),
  },
  closed,
);

const refreshBody = Type.Object({ refresh_token: text, grant_type: Type.Optional(text) }, closed);

const session = titled(
  'Session',
  Type.Object({
    id: text,
    created_at: instant,
    last_used_at: instant,
    expires_at: instant,
    current: Type.Boolean(),
  }),
);

function sessionRoutes(service: AccountService): Route[] {
  const list = {
    operationId: 'listSessions',
    summary: 'List your sessions',
    tag: 'sessions',
    can: signedIn,
    answers: { 200: itemsOf(session) },
  };
  const end = {
    operationId: 'endSession',
    summary: 'End one of your sessions',
    tag: 'sessions',
    can: signedIn,
    params: Type.Object({ id: text }),
    answers: { 204: null },
  };
  const endAll = {
    operationId: 'endAllSessions',
    summary: 'End all your sessions',
    tag: 'sessions',
    can: signedIn,
    answers: { 204: null },
  };
  return [
    route('GET', '/sessions', list, async ({ caller }) =>
      answer(200, { items: await service.sessions(caller) }),
    ),
    route('DELETE', '/sessions/:id', end, async ({ caller, params }) => {
      await service.endSession(caller, params.id);
      return answer(204);
    }),
    route('DELETE', '/sessions', endAll, async ({ caller }) => {
      await service.endAllSessions(caller);
      return answer(204);
    }),
  ];
}

/** A list that is always whole. */
export function itemsOf(item: TSchema): TSchema {
  return Type.Object({ items: Type.Array(item) });
}
