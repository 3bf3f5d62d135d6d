import { type TObject, type TSchema, type TUnsafe, Type } from 'typebox';
import type { AccountModels } from '../../../../accounts/open-accounts.ts';
import { type AccountBodies, accountBodies } from '../../../../accounts/request-bodies.ts';
import type { RepresentationTag } from '../../../../database/migrations/representation.ts';
import { Problem } from '../../../../problems.ts';
import { bodySchemas } from '../../../../rows/model.ts';
import { isObject } from '../../../../rows/validate.ts';
import { credentialsSchema } from '../../../../schema/accounts.ts';
import type { App } from '../../../../schema/app.ts';
import { accountOf, anonymous } from '../../../../schema/caller.ts';
import type { RowId } from '../../../../schema/id.ts';
import { limitedBy } from '../../../../schema/routes/app-contract.ts';
import {
  type Answer,
  answer,
  type Route,
  type RouteRequest,
  route,
} from '../../../../schema/routes/route.ts';
import { administrator, any, ownAccount, signedIn } from '../../../../schema/rules.ts';
import type { Account, AccountService } from '../../../../schema/services/account-service.ts';
import type { Versioned } from '../../../../schema/services/row-service.ts';
import { etagOf, ifMatchOf, noneMatches, type Representation, representationOf } from '../etag.ts';
import { pageRoute } from '../page-route.ts';
import { titled, verbPath } from '../route-names.ts';
import { sessionRoutes } from './sign-in-routes.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const tag = 'accounts';

/** The members of an app that the routes of accounts need. */
export type AccountsOf = Pick<App, 'name' | 'accounts' | 'resources'>;

export function bodiesOf({ name, accounts, resources }: AccountsOf): AccountBodies {
  return accountBodies({ accounts, app: name, resources: Object.keys(resources) });
}

export interface Described {
  readonly app: AccountsOf;
  readonly service: AccountService;
  readonly models: AccountModels;
  readonly bodies: AccountBodies;
  /** The schema of an account. */
  readonly account: TSchema;
  readonly etag: Representation;
  readonly params: TObject<{ id: TUnsafe<RowId> }>;
}

/** Sign-up, accounts, the caller's own one, and sessions; of apps whose accounts have no passwords, accounts alone. */
export function accountRoutes(
  app: AccountsOf,
  service: AccountService,
  models: AccountModels,
  representationTag: RepresentationTag,
): Route[] {
  const model = models.accounts;
  const account = accountSchema(app, models);
  const etag = representationOf(model, representationTag);
  const params = Type.Object({ id: Type.Unsafe<RowId>(app.accounts.id.schema) });
  const described = { app, service, models, account, etag, bodies: bodiesOf(app), params };
  return [...ownRoutes(described), ...administrationRoutes(described), ...sessionRoutes(described)];
}

/** An account as its reader may see it. */
export function accountSchema(app: AccountsOf, { accounts: model }: AccountModels): TSchema {
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
  // What an account sees of itself, it need not see of others.
  const seen = new Set(model.documented.fields.map(({ name }) => name));
  const ownFields = model.policy.fields(SOMEBODY, 'see', SOMEBODY.account).fields;
  const members = Object.fromEntries(
    ownFields.map(({ name, schema }) => [name, seen.has(name) ? schema : Type.Optional(schema)]),
  );
  return titled(
    'Account',
    Type.Object({ id: app.accounts.id.schema, ...members, roles, disabled_at: disabled }),
  );
}

function ownRoutes(described: Described): Route[] {
  const { app, service, models, account, params, etag } = described;
  const { can } = app.accounts;
  const signUp = {
    operationId: 'signUp',
    summary: 'Sign up',
    tag,
    can: can.create,
    body: signUpBody(app, models),
    // The service checks it: names are normalized before they are measured.
    checkBody: false,
    idempotent: true,
    sends: ['Location', 'ETag'],
    answers: { 201: account },
  };
  const conditional = { sends: ['ETag'], headers: ['If-None-Match'], answers: { 200: account, 304: null } };
  const read = {
    ...conditional,
    operationId: 'getAccount',
    summary: 'Read an account',
    tag,
    can: any(ownAccount, can.read),
    params,
  };
  const me = { ...conditional, operationId: 'getMe', summary: 'Read your own account', tag, can: signedIn };
  const update = {
    operationId: 'updateAccount',
    summary: 'Change name and own fields of an account (RFC 7396)',
    tag,
    can: can.update,
    params,
    body: titled('AccountPatch', patchBody(app, models)),
    checkBody: false,
    headers: ['If-Match'],
    sends: ['ETag'],
    transactional: true,
    answers: { 200: account },
  };
  return [
    route('POST', '/accounts', signUp, async (request) => {
      // The service checks the body.
      const created = await service.signUp(request, request.body as { username: string; password?: string });
      const location = `${request.base}/v1/accounts/${created.id}`;
      return answer(201, created, { location, etag: etagOf(created, etag) });
    }),
    route('GET', '/accounts/:id', read, async (request) =>
      conditionally(request, await service.read(request, request.params.id), etag),
    ),
    route('PATCH', '/accounts/:id', update, (request) => changed(described, request, request.params.id)),
    route('GET', '/me', me, async (request) =>
      conditionally(request, await service.read(request, ownId(request)), etag),
    ),
    changeRoute(described),
  ];
}

type Asked = RouteRequest<{ params: unknown; query: unknown; body: unknown }>;

function ownId({ caller }: Asked): RowId {
  const id = accountOf(caller);
  if (id === null) throw new Problem('forbidden', { detail: 'The administrator has no account.' });
  return id;
}

function conditionally({ headers }: Asked, account: Versioned<Account>, tag: Representation): Answer {
  const own = etagOf(account, tag);
  const matched = noneMatches(headers['if-none-match'], own);
  return matched === undefined
    ? { status: 200, body: account, headers: { etag: own } }
    : { status: 304, headers: { etag: matched } };
}

async function changed({ service, etag }: Described, request: Asked, id: RowId): Promise<Answer> {
  const ifMatch = ifMatchOf(request.headers['if-match'], etag);
  // The service checks the body.
  const account = await service.update(request, id, request.body as { username?: string }, { ifMatch });
  return { status: 200, body: account, headers: { etag: etagOf(account, etag) } };
}

/** An account without a name, in whose place the documentation tells what an account sees of itself. */
const SOMEBODY = { kind: 'account', account: 0, session: '' } as const;

/** Credentials, and the fields that anybody may set and then sees of the own account; for the documentation. */
function signUpBody(app: AccountsOf, { accounts: { policy, resource } }: AccountModels): TSchema {
  const seen = policy.fields(SOMEBODY, 'see', SOMEBODY.account).byName;
  const fields = policy.fields(anonymous, 'create').fields.filter(({ name }) => seen.has(name));
  const { username: _, ...own } = (bodySchemas(resource, fields).body as TObject).properties;
  const { properties } = credentialsSchema(app.accounts);
  return titled('SignUp', Type.Object({ ...properties, ...own }, { additionalProperties: false }));
}

/** Name and the fields that an account may change of itself; for the documentation. */
function patchBody(app: AccountsOf, { accounts: model }: AccountModels): TObject {
  const { fields } = model.policy.fields(SOMEBODY, 'update', SOMEBODY.account);
  const { properties } = bodySchemas(model.resource, fields).patch as TObject;
  const username = credentialsSchema(app.accounts).properties.username ?? text;
  return Type.Object({ ...properties, username: Type.Optional(username) }, { additionalProperties: false });
}

function administrationRoutes({ app, service, models, account, bodies, params }: Described): Route[] {
  const list = {
    operationId: 'listAccounts',
    summary: 'List accounts',
    tag,
    can: app.accounts.can.list,
    model: models.accounts,
    item: account,
  };
  const change = { tag, can: administrator, params, idempotent: true, answers: { 200: account } };
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
    transactional: true,
    answers: { 204: null },
  };
  const reset = {
    operationId: 'resetPassword',
    summary: 'Give an account a new password; ends its sessions',
    tag,
    can: administrator,
    params,
    body: titled('PasswordReset', bodies.newPassword.schema),
    transactional: true,
    answers: { 204: null },
  };
  const endSessions = {
    operationId: 'endSessionsOf',
    summary: 'End all sessions of an account',
    tag,
    can: administrator,
    params,
    idempotent: true,
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
  return [
    ...routes,
    route('POST', verbPath('accounts', 'end-sessions'), endSessions, async (request) => {
      await service.endSessionsOf(request, request.params.id);
      return answer(204);
    }),
    route('POST', verbPath('accounts', 'reset-password'), reset, async (request) => {
      const { password } = request.body as { password: string };
      await service.resetPassword(request, request.params.id, password);
      return answer(204);
    }),
  ];
}

/** A change of the account; or of its password, whose body has the members `current` and `next`. */
function changeRoute(described: Described): Route {
  const { app, service, models, account } = described;
  const patch = patchBody(app, models);
  const hasPassword = app.accounts.password !== false;
  const next = Type.Object({ next: credentialsSchema(app.accounts).properties.password ?? text });
  const members = Type.Object({ current: text, next: text }, { additionalProperties: false });
  const change = titled('PasswordChange', limitedBy(members, next));
  const options = {
    operationId: 'updateMe',
    summary: hasPassword
      ? 'Change your name and own fields; or your password, which ends your other sessions'
      : 'Change your name and own fields',
    tag,
    can: signedIn,
    body: hasPassword ? Type.Union([change, titled('AccountPatch', patch)]) : titled('AccountPatch', patch),
    checkBody: false,
    // Whoever may change nothing else changes the own password.
    readOnly: hasPassword,
    headers: ['If-Match'],
    sends: ['ETag'],
    ...(hasPassword && { raises: ['wrong_password'] as const }),
    answers: hasPassword ? { 200: account, 204: null } : { 200: account },
  };
  return route('PATCH', '/me', options, async (request) => {
    const { body } = request;
    if (!hasPassword || !isObject(body) || !('current' in body || 'next' in body))
      return changed(described, request, ownId(request));
    // The service checks the body.
    await service.changePassword(request, body as unknown as { current: string; next: string });
    return answer(204);
  });
}
