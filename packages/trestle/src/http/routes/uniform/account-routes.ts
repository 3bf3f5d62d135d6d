import { type TSchema, Type } from 'typebox';
import type { AccountModels } from '../../../accounts/open-accounts.ts';
import { type AccountBodies, accountBodies } from '../../../accounts/request-bodies.ts';
import { Problem } from '../../../problems.ts';
import { credentialsSchema } from '../../../schema/accounts.ts';
import type { App } from '../../../schema/app.ts';
import { accountOf } from '../../../schema/caller.ts';
import type { RowId } from '../../../schema/id.ts';
import { answer, limitedBy, type Route, route } from '../../../schema/route.ts';
import { administrator, signedIn } from '../../../schema/rules.ts';
import type { AccountService, Tokens } from '../../../schema/services/account-service.ts';
import { pageRoute } from './page-route.ts';
import { titled, verbPath } from './route-names.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const tag = 'accounts';
const sessionTag = 'sessions';

/** The members of an app that the routes of accounts need. */
export type AccountsOf = Pick<App, 'name' | 'accounts' | 'resources'>;

export function bodiesOf({ name, accounts, resources }: AccountsOf): AccountBodies {
  return accountBodies({ accounts, app: name, resources: Object.keys(resources) });
}

interface Described {
  readonly app: AccountsOf;
  readonly service: AccountService;
  readonly models: AccountModels;
  readonly bodies: AccountBodies;
  /** The schema of an account. */
  readonly account: TSchema;
  readonly params: ReturnType<typeof idOf>;
}

function idOf(app: AccountsOf) {
  return Type.Object({ id: Type.Unsafe<RowId>(app.accounts.id.schema) });
}

/** Sign-up, accounts, the caller's own one, and sessions; of apps whose accounts have no passwords, accounts alone. */
export function accountRoutes(app: AccountsOf, service: AccountService, models: AccountModels): Route[] {
  const members = { id: app.accounts.id.schema, username: text, created_at: instant };
  const disabled = Type.Optional(
    Type.Unsafe({
      anyOf: [instant, { type: 'null' }],
      description: 'Since when the account is disabled; for the administrator alone.',
    }),
  );
  const roles = Type.Optional(
    Type.Unsafe({
      type: 'array',
      items: { type: 'string' },
      description: 'For the account itself, where the app declares roles, and for the administrator.',
    }),
  );
  const account = titled('Account', Type.Object({ ...members, roles, disabled_at: disabled }));
  const described = { app, service, models, account, bodies: bodiesOf(app), params: idOf(app) };
  const routes = [...ownRoutes(described), ...administrationRoutes(described)];
  if (app.accounts.password === false) return routes;
  return [...routes, passwordRoute(described), ...signInRoutes(described), ...sessionRoutes(described)];
}

function ownRoutes({ app, service, account, params }: Described): Route[] {
  const { can } = app.accounts;
  const signUp = {
    operationId: 'signUp',
    summary: 'Sign up',
    tag,
    can: can.create,
    body: titled('SignUp', credentialsSchema(app.accounts)),
    // The service checks it: names are normalized before they are measured.
    checkBody: false,
    sends: ['Location'],
    answers: { 201: account },
  };
  const answers = { 200: account };
  const read = { operationId: 'getAccount', summary: 'Read an account', tag, can: can.read, params, answers };
  const me = { operationId: 'getMe', summary: 'Read your own account', tag, can: signedIn, answers };
  return [
    route('POST', '/accounts', signUp, async (request) => {
      // The service checks the body.
      const created = await service.signUp(request, request.body as { username: string; password?: string });
      return answer(201, created, { location: `${request.base}/v1/accounts/${created.id}` });
    }),
    route('GET', '/accounts/:id', read, async (request) =>
      answer(200, await service.read(request, request.params.id)),
    ),
    route('GET', '/me', me, async (request) => {
      const id = accountOf(request.caller);
      if (id === null) throw new Problem('forbidden', { detail: 'The administrator has no account.' });
      return answer(200, await service.read(request, id));
    }),
  ];
}

function administrationRoutes({ app, service, models, account, bodies, params }: Described): Route[] {
  const list = {
    operationId: 'listAccounts',
    summary: 'List accounts',
    tag,
    can: administrator,
    model: models.accounts,
    item: account,
  };
  const change = { tag, can: administrator, params, answers: { 200: account } };
  const disable = {
    ...change,
    operationId: 'disableAccount',
    summary: 'Disable an account; ends its sessions',
  };
  const enable = { ...change, operationId: 'enableAccount', summary: 'Enable an account again' };
  const setRoles = {
    ...change,
    can: app.accounts.can.grant,
    operationId: 'setRoles',
    summary: 'Give an account these roles and no others, from its next request on',
    body: titled('AccountRoles', bodies.roles.schema),
  };
  const remove = {
    operationId: 'deleteAccount',
    summary: 'Delete an account with its sessions and keys; your own with your password',
    tag,
    can: signedIn,
    params,
    body: titled('AccountDeletion', bodies.proof.schema),
    checkBody: false,
    bodyRequired: false,
    raises: ['wrong_password'] as const,
    answers: { 204: null },
  };
  const reset = {
    operationId: 'resetPassword',
    summary: 'Give an account a new password; ends its sessions',
    tag,
    can: administrator,
    params,
    body: titled('PasswordReset', bodies.newPassword.schema),
    answers: { 204: null },
  };
  const routes = [
    pageRoute('/accounts', list, (request, query, cursor) => service.list(request, query, cursor)),
    route('POST', verbPath('accounts', 'disable'), disable, async (request) =>
      answer(200, await service.disable(request, request.params.id)),
    ),
    route('POST', verbPath('accounts', 'enable'), enable, async (request) =>
      answer(200, await service.enable(request, request.params.id)),
    ),
    route('POST', verbPath('accounts', 'set-roles'), setRoles, async (request) => {
      const { roles } = request.body as { roles: string[] };
      return answer(200, await service.setRoles(request, request.params.id, roles));
    }),
    route('DELETE', '/accounts/:id', remove, async (request) => {
      await service.remove(request, request.params.id, (request.body ?? {}) as { password?: string });
      return answer(204);
    }),
  ];
  if (app.accounts.password === false) return routes;
  return [
    ...routes,
    route('POST', verbPath('accounts', 'reset-password'), reset, async (request) => {
      const { password } = request.body as { password: string };
      await service.resetPassword(request, request.params.id, password);
      return answer(204);
    }),
  ];
}

function passwordRoute({ app, service }: Described): Route {
  const next = Type.Object({ next: credentialsSchema(app.accounts).properties.password ?? text });
  const members = Type.Object({ current: text, next: text }, { additionalProperties: false });
  const options = {
    operationId: 'changePassword',
    summary: 'Change your password; ends your other sessions',
    tag,
    can: signedIn,
    body: titled('PasswordChange', limitedBy(members, next)),
    checkBody: false,
    raises: ['wrong_password'] as const,
    answers: { 204: null },
  };
  return route('PATCH', '/me', options, async (request) => {
    // The service checks the body.
    await service.changePassword(request, request.body as { current: string; next: string });
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
  const body = {
    access_token: access,
    token_type: 'bearer',
    expires_in: expiresIn,
    ...(refresh !== null && { refresh_token: refresh }),
    session,
    account,
  };
  return { status: 200, body };
}

function signInRoutes({ app, service, account, bodies }: Described): Route[] {
  const answers = { 200: tokensOf(account) };
  const signIn = {
    operationId: 'signIn',
    summary: 'Sign in',
    tag: sessionTag,
    body: bodies.signIn.schema,
    checkBody: false,
    raises: ['invalid_credentials'] as const,
    answers,
    signsIn: true,
  };
  const refresh = {
    operationId: 'refreshSession',
    summary: 'Exchange a refresh token for new tokens',
    tag: sessionTag,
    body: bodies.refresh.schema,
    raises: ['invalid_token'] as const,
    answers,
  };
  const routes = [
    route('POST', '/sessions', signIn, async (request) =>
      // The service checks the body.
      tokens(await service.signIn(request, request.body as { username: string; password: string })),
    ),
  ];
  if (app.accounts.tokens.refresh === false) return routes;
  return [
    ...routes,
    route('POST', '/sessions::refresh', refresh, async (request) => {
      const { refresh_token: token } = request.body as { refresh_token: string };
      return tokens(await service.refresh(request, token));
    }),
  ];
}

function sessionRoutes({ app, service, models }: Described): Route[] {
  const session = titled(
    'Session',
    Type.Object({
      id: text,
      account: app.accounts.id.schema,
      created_at: instant,
      last_used_at: instant,
      expires_at: instant,
      current: Type.Boolean(),
    }),
  );
  const list = {
    operationId: 'listSessions',
    summary: 'List your sessions; all of them for the administrator',
    tag: sessionTag,
    can: signedIn,
    model: models.sessions,
    item: session,
  };
  const end = {
    operationId: 'endSession',
    summary: 'End one of your sessions',
    tag: sessionTag,
    can: signedIn,
    params: Type.Object({ id: text }),
    answers: { 204: null },
  };
  const endAll = {
    operationId: 'endAllSessions',
    summary: 'End all your sessions',
    tag: sessionTag,
    can: signedIn,
    answers: { 204: null },
  };
  return [
    pageRoute('/sessions', list, (request, query, cursor) => service.sessions(request, query, cursor)),
    route('DELETE', '/sessions/:id', end, async (request) => {
      await service.endSession(request, request.params.id);
      return answer(204);
    }),
    route('DELETE', '/sessions', endAll, async (request) => {
      await service.endAllSessions(request);
      return answer(204);
    }),
  ];
}
