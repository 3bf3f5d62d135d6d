import { Type } from 'typebox';
import { actOf } from '../../../accounts/operators/audit.ts';
import type { OperatorSession, OperatorView } from '../../../accounts/operators/operators.ts';
import { DEFAULT_PASSWORD } from '../../../accounts/passwords/credentials.ts';
import type { Engine } from '../../../engine.ts';
import { Problem } from '../../../problems.ts';
import { type Answer, answer, type Route, type RouteRequest, route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import { isForeign, sessionCookie } from '../../requests/presented-credential.ts';
import { accountSchema } from '../uniform/accounts/account-routes.ts';
import { titled } from '../uniform/route-names.ts';
import { adminRoute, tag } from './admin-route.ts';

const text = Type.String();

/** Signing in and out by cookie, and the link that makes the first operator. */
export function sessionRoutes<Rs extends Resources>(engine: Engine<Rs>): Route[] {
  const { app, accounts, accountModels, audit, operators } = engine;
  const { name } = sessionCookie(app.name);
  const view = titled(
    'OperatorSession',
    Type.Object({
      account: Type.Union([accountSchema(app, accountModels), Type.Null()]),
      roles: Type.Array(text),
      csrf: Type.Unsafe({
        anyOf: [{ type: 'string' }, { type: 'null' }],
        description: 'To be sent as X-CSRF-Token with every request that is no GET.',
      }),
      expires_at: Type.Unsafe({ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }),
    }),
  );
  const credentials = Type.Object({ username: text, password: text }, { additionalProperties: false });
  const { min, max } = DEFAULT_PASSWORD;
  const setup = Type.Object({
    token: Type.String({ maxLength: 100 }),
    username: text,
    password: Type.String({ minLength: min, maxLength: max }),
  });
  const entrance = {
    tag,
    checkBody: false,
    sends: ['Set-Cookie'],
    answers: { 200: view },
  };
  const signIn = {
    ...entrance,
    operationId: 'signInOperator',
    summary: 'Sign in as an operator, by cookie',
    description: 'For accounts with the role administrator or viewer.',
    body: titled('OperatorCredentials', credentials),
    raises: ['invalid_credentials', 'forbidden'] as const,
  };
  const setUp = {
    ...entrance,
    operationId: 'setUp',
    summary: 'Make the first operator, by the token of the link that the server printed',
    description: 'Own fields of accounts that are required are members of the body, too.',
    body: titled('Setup', setup),
    raises: ['invalid_token', 'forbidden'] as const,
  };
  const current = {
    operationId: 'getOperator',
    summary: 'Who is signed in, and the token for X-CSRF-Token',
    answers: { 200: view },
  };
  const signOut = {
    operationId: 'signOutOperator',
    summary: 'Sign out',
    readOnly: true,
    sends: ['Set-Cookie'],
    answers: { 204: null },
  };
  const cookieOf = (value: string, maxAge: number) =>
    `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${maxAge}`;
  const signedIn = ({ cookie, maxAge, ...shown }: OperatorSession): Answer =>
    answer(200, shown satisfies OperatorView, { 'set-cookie': cookieOf(cookie, maxAge) });
  return [
    route('POST', '/admin/session', signIn, async (request) => {
      refuseForeign(request);
      // The service checks the body.
      return signedIn(await operators.signIn(request, request.body));
    }),
    adminRoute('GET', '/session', current, async (request) => answer(200, await operators.view(request))),
    adminRoute('DELETE', '/session', signOut, async (request) => {
      if (request.caller.kind === 'account') await accounts.endSession(request, request.caller.session);
      return answer(204, undefined, { 'set-cookie': cookieOf('', 0) });
    }),
    route('POST', '/admin/setup', setUp, async (request) => {
      refuseForeign(request);
      const fields = Object.keys(Object(request.body)).filter((name) => name !== 'token');
      const act = actOf(request, { route: '/v1/admin/setup', fields, status: 200 });
      return signedIn(
        await operators.setUp(request, request.body, (transaction, operator) =>
          audit.record(transaction, operator, act),
        ),
      );
    }),
  ];
}

/** Nobody is signed in by a page of another origin, as somebody that its maker chose. */
function refuseForeign({ headers }: Pick<RouteRequest, 'headers'>): void {
  const { host } = headers;
  if (isForeign({ headers, host: typeof host === 'string' ? host : '' }))
    throw new Problem('forbidden', { detail: 'Operators sign in on a page of this server alone.' });
}
