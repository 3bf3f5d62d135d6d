import { audienceOf } from '../../rows/rules/caller-class.ts';
import { isObject } from '../../rows/validate.ts';
import type { CredentialPlace, Route } from '../../schema/routes/route.ts';
import { placesOf, TICKET, takesTickets } from '../requests/presented-credential.ts';
import type { RouteTable } from '../routes/route-table.ts';

/** The route that hands out access tokens for a username and password, and where it stands. */
interface SignIn {
  path: string;
  route: Route;
}

/** Where Swagger UI's Authorize button signs in: the contract's own route, else the uniform one. */
export function signInOf(tables: readonly RouteTable[]): SignIn | undefined {
  for (const { prefix, routes } of tables) {
    const found = routes.find(({ options }) => options.signsIn);
    if (found) return { path: `${prefix}${found.path.replaceAll('::', ':')}`, route: found };
  }
  return undefined;
}

/** The ways to show who one is, of all tables of an app. */
export function securitySchemes(tables: readonly RouteTable[], base: string): Record<string, unknown> {
  const signIn = signInOf(tables);
  const places = tables.flatMap((table) => [
    ...table.places,
    ...(table.routes.some(takesTickets) ? [TICKET] : []),
  ]);
  return {
    ...(signIn && { password: passwordFlow(signIn, base) }),
    bearer: { type: 'http', scheme: 'bearer', description: 'An access token or an API key.' },
    ...Object.fromEntries(
      places.filter(isListed).map((place) => {
        const description = PLACES[place.for];
        // Clients that are made of the document know no schemes but those of the registry.
        const where =
          place.in === 'authorization'
            ? {
                in: 'header',
                name: 'Authorization',
                description: `${place.scheme}, a space, and: ${description}`,
              }
            : { in: place.in, name: place.name, description };
        return [schemeName(place), { type: 'apiKey', ...where }];
      }),
    ),
  };
}

function passwordFlow({ path, route }: SignIn, base: string): unknown {
  // Which member of the answer is the access token, for Swagger UI; OAuth2 calls it `access_token`.
  const schema = Object.values(route.options.answers)[0];
  const properties = schema && 'properties' in schema && isObject(schema.properties) ? schema.properties : {};
  const names = ['access_token', 'access-token', 'access', 'token'];
  const tokenName = names.find((name) => Object.hasOwn(properties, name)) ?? 'access_token';
  return {
    type: 'oauth2',
    description: 'Sign in with a user name and a password; the client fields may stay empty.',
    flows: { password: { tokenUrl: `${base}${path}`, scopes: {} } },
    ...(tokenName !== 'access_token' && { 'x-tokenName': tokenName }),
  };
}

const PLACES: Readonly<Record<CredentialPlace['for'], string>> = {
  key: 'An API key.',
  token: 'An access token or an API key.',
  administrator: "The administrator's secret.",
  session:
    'The session of an operator, of POST /v1/admin/session; with X-CSRF-Token where something changes.',
  ticket:
    'A ticket for this path, of POST /v1/tickets: for one request within 30 s, where no header can be set.',
};

function isListed(place: CredentialPlace): boolean {
  return place.in !== 'body';
}

function schemeName(place: CredentialPlace): string {
  const name = place.in === 'authorization' ? place.scheme : place.name;
  return `${name}-${place.in}`.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** The security requirement of a route: none, or one of several schemes; where anyone may call, none is one of them. */
export function securityOf(table: RouteTable, route: Route, hasSignIn: boolean): Record<string, string[]>[] {
  const rule = route.options.can;
  if (!rule) return [];
  const audience = audienceOf(rule);
  const listed = placesOf(table, route).filter(isListed);
  const names = [
    ...(hasSignIn && audience !== 'administrator' ? ['password'] : []),
    'bearer',
    ...listed.map(schemeName),
  ];
  const schemes = names.map((name) => ({ [name]: [] }));
  return audience === 'everyone' ? [{}, ...schemes] : schemes;
}
