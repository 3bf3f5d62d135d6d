import { Type } from 'typebox';
import { answer, type Route, route } from '../../../../schema/routes/route.ts';
import { signedIn } from '../../../../schema/rules.ts';
import type { Tokens } from '../../../../schema/services/account-service.ts';
import { pageRoute } from '../page-route.ts';
import { titled } from '../route-names.ts';
import type { Described } from './account-routes.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const tag = 'sessions';

/** Signing in, and sessions. Operators have sessions also where other accounts have keys alone. */
export function sessionRoutes(described: Described): Route[] {
  const { app, service, models } = described;
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
    tag,
    can: signedIn,
    model: models.sessions,
    item: session,
  };
  const end = {
    operationId: 'endSession',
    summary: 'End one of your sessions; any for the administrator',
    tag,
    can: signedIn,
    params: Type.Object({ id: text }),
    readOnly: true,
    answers: { 204: null },
  };
  const endAll = {
    operationId: 'endAllSessions',
    summary: 'End all your sessions',
    tag,
    can: signedIn,
    readOnly: true,
    answers: { 204: null },
  };
  return [
    ...(app.accounts.password === false ? [] : signInRoutes(described)),
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

function signInRoutes({ app, service, account, bodies }: Described): Route[] {
  // RFC 6749, section 5.1, so that any OAuth2 client can sign in.
  const granted = Type.Object({
    access_token: text,
    token_type: text,
    expires_in: Type.Integer(),
    refresh_token: Type.Optional(text),
    session: text,
    account,
  });
  const answers = { 200: titled('Tokens', granted) };
  const signIn = {
    operationId: 'signIn',
    summary: 'Sign in',
    tag,
    body: bodies.signIn.schema,
    checkBody: false,
    raises: ['invalid_credentials'] as const,
    answers,
    signsIn: true,
  };
  const refresh = {
    operationId: 'refreshSession',
    summary: 'Exchange a refresh token for new tokens',
    tag,
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
