import { type TSchema, Type } from 'typebox';
import type { FieldError } from '../problems.ts';
import { compileBody } from '../rows/validate.ts';
import { type Accounts, OPERATOR_ROLES, type TextRule } from '../schema/accounts.ts';
import { seconds } from '../schema/duration.ts';
import { isInstant } from '../schema/fields/timestamp.ts';
import type { RowId } from '../schema/id.ts';
import { VERBS } from '../schema/rules.ts';
import {
  DEFAULT_PASSWORD,
  normalizePassword,
  normalizeUsername,
  passwordErrors,
  passwordRule,
  signInErrors,
  signInValues,
  usernameErrors,
} from './passwords/credentials.ts';

const MAX_KEY_NAME_LENGTH = 256;
const MAX_SCOPES = 100;
const DAY = 86_400;
/** Longest time in seconds that a rolled key is accepted for beside its successor. */
const MAX_OVERLAP = 7 * DAY;
export const DEFAULT_OVERLAP = DAY;
/** A thousand years: no lifetime that is given as a number of seconds is longer. */
const MAX_LIFETIME = 1000 * 365 * DAY;
const MAX_TOKEN_LENGTH = 4096;

const closed = { additionalProperties: false } as const;
const text = Type.String();

interface NewKey {
  name?: string;
  lifetime?: number | 'never';
  scopes?: readonly string[] | null;
  account?: RowId | null;
}

/** The declaration of the accounts, and the names that passwords and scopes are about. */
interface BodyOptions {
  readonly accounts: Accounts;
  readonly app: string;
  readonly resources: readonly string[];
}

/** The bodies of the accounts API. */
export function accountBodies({ accounts, app, resources }: BodyOptions) {
  const values = signInValues(accounts);
  const nameErrors = (username: string) => [
    ...usernameErrors('/username', username, accounts.username),
    ...signInErrors('/username', username, values),
  ];
  const withPassword = accounts.password !== false;
  const password = textSchema(passwordRule(accounts));
  const signUp = Type.Object(
    { username: textSchema(accounts.username), ...(withPassword && { password }) },
    closed,
  );
  return {
    signUp: compileBody<{ username: string; password?: string }>(signUp, {
      normalize: {
        username: (name) => normalizeUsername(accounts.username, name),
        password: normalizePassword,
      },
      further: ({ username, password: given }) => [
        ...nameErrors(username),
        ...(given === undefined
          ? []
          : passwordErrors('/password', given, passwordRule(accounts), [username, app])),
      ],
    }),
    rename: compileBody<{ username: string }>(
      Type.Object({ username: textSchema(accounts.username) }, closed),
      {
        normalize: { username: (name) => normalizeUsername(accounts.username, name) },
        further: ({ username }) => nameErrors(username),
      },
    ),
    signIn: compileBody<{ username: string; password: string }>(signIn),
    refresh: compileBody<{ refresh_token: string }>(refresh),
    passwordChange: compileBody<{ current: string; next: string }>(
      Type.Object({ current: text, next: password }, closed),
      { normalize: { next: normalizePassword } },
    ),
    /** Of whoever becomes an operator, in every app by the strict rule at least. */
    operatorPassword: compileBody<{ password: string }>(
      Type.Object({ password: textSchema(DEFAULT_PASSWORD) }, closed),
      {
        normalize: { password: normalizePassword },
        further: ({ password: given }) => passwordErrors('/password', given, DEFAULT_PASSWORD, [app]),
      },
    ),
    newPassword: compileBody<{ password: string }>(Type.Object({ password }, closed), {
      normalize: { password: normalizePassword },
    }),
    roles: compileBody<{ roles: string[] }>(
      Type.Object(
        {
          roles: Type.Array(Type.Unsafe({ type: 'string', enum: [...accounts.roles, ...OPERATOR_ROLES] }), {
            uniqueItems: true,
          }),
        },
        closed,
      ),
    ),
    /** Of the deletion of an account by its owner. */
    proof: compileBody<{ password?: string }>(Type.Object({ password: Type.Optional(text) }, closed)),
    newKey: compileBody<NewKey>(newKey(accounts, resources), {
      further: (key) => newKeyErrors(key, accounts, resources),
    }),
    expiry: compileBody<{ expires_at: string | null }>(
      Type.Object({ expires_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]) }, closed),
      {
        further: ({ expires_at: at }) => {
          if (at === null || (isInstant(at) && Date.parse(at) >= 0)) return [];
          const message = 'expected an RFC 3339 date and time, or null';
          return [{ pointer: '/expires_at', code: 'format', message }];
        },
      },
    ),
    ...linkBodies(accounts, password),
    ticket: compileBody<{ path: string }>(ticket),
    overlap: compileBody<{ overlap?: number }>(Type.Object({ overlap: Type.Optional(overlap) }, closed)),
  };
}

/** Bodies of the routes of links in mails. */
function linkBodies({ email, fields, roles }: Accounts, password: TSchema) {
  const type = email === undefined ? undefined : fields[email]?.type;
  const address = type?.schema ?? text;
  const normalize = {
    email: (given: string) => String(type?.normalize?.(given) ?? given),
    password: normalizePassword,
  };
  const token = Type.String({ maxLength: 100 });
  const role = Type.Unsafe<string>({ type: 'string', enum: [...roles, ...OPERATOR_ROLES] });
  return {
    link: compileBody<{ token: string }>(Type.Object({ token }, closed)),
    address: compileBody<{ email: string }>(Type.Object({ email: address }, closed), { normalize }),
    newPasswordByLink: compileBody<{ token: string; password: string }>(
      Type.Object({ token, password }, closed),
      {
        normalize,
      },
    ),
    emailChange: compileBody<{ email: string; password?: string }>(
      Type.Object({ email: address, password: Type.Optional(text) }, closed),
      { normalize: { email: normalize.email } },
    ),
    invitation: compileBody<{ email: string; roles?: string[] }>(
      Type.Object({ email: address, roles: Type.Optional(Type.Array(role, { uniqueItems: true })) }, closed),
      { normalize },
    ),
  };
}

export type AccountBodies = ReturnType<typeof accountBodies>;

/** The members of the OAuth2 password grant that ask for nothing here are taken and left alone. */
const signIn = Type.Object(
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

const refresh = Type.Object(
  { refresh_token: Type.String({ maxLength: MAX_TOKEN_LENGTH }), grant_type: Type.Optional(text) },
  closed,
);

const ticket = Type.Object(
  {
    path: Type.String({
      pattern: '^/[!-"$->@-~]*$',
      'x-message': 'expected a path such as /v1/operations/ID/events, encoded, without a query',
      examples: ['/v1/operations/019ac2f0-5c00-7000-8000-000000000001/events'],
      maxLength: 2000,
      description: 'The path that the ticket is for, as it will be asked for, without a query.',
    }),
  },
  closed,
);

const overlap = Type.Integer({
  minimum: 0,
  maximum: MAX_OVERLAP,
  default: DEFAULT_OVERLAP,
  description: 'Seconds for which the old key is still accepted.',
});

/** `x-limits` documents what `newKeyErrors` checks with messages of its own. */
function newKey(accounts: Accounts, resources: readonly string[]): TSchema {
  const longest = longestLifetime(accounts);
  const integer = { type: 'integer', minimum: 1, maximum: MAX_LIFETIME };
  const lifetime =
    longest === Number.POSITIVE_INFINITY
      ? { anyOf: [integer, { type: 'string', enum: ['never'] }] }
      : { ...integer, 'x-limits': { maximum: longest } };
  const scopes = scopesOf(resources);
  // Generators of clients make names of values: of `*:*` they would make none.
  const names = scopes.map((one) => one.replaceAll('*', 'all').replaceAll(/[^A-Za-z0-9]/g, '_'));
  const scope = Type.Unsafe({ type: 'string', 'x-limits': { enum: scopes, 'x-enum-varnames': names } });
  return Type.Object(
    {
      name: Type.Optional(Type.String({ maxLength: MAX_KEY_NAME_LENGTH })),
      lifetime: Type.Optional(Type.Unsafe({ ...lifetime, description: 'Seconds, or never.' })),
      scopes: Type.Optional(Type.Union([Type.Array(scope, { maxItems: MAX_SCOPES }), Type.Null()])),
      account: Type.Optional(Type.Union([accounts.id.schema, Type.Null()])),
    },
    closed,
  );
}

/** The scopes that a key may have: `RESOURCE:ACTION`, either of them `*` for all. */
export function scopesOf(resources: readonly string[]): string[] {
  return ['*', ...resources].flatMap((resource) => ['*', ...VERBS].map((verb) => `${resource}:${verb}`));
}

function newKeyErrors({ name, lifetime, scopes }: NewKey, accounts: Accounts, resources: readonly string[]) {
  const errors: FieldError[] = [];
  if (name !== undefined && (!name.isWellFormed() || name.includes('\0')))
    errors.push({ pointer: '/name', code: 'pattern', message: 'contains characters that cannot be stored' });
  const longest = longestLifetime(accounts);
  if (lifetime !== undefined && (lifetime === 'never' ? Number.POSITIVE_INFINITY : lifetime) > longest)
    errors.push(tooLong('/lifetime', longest));
  const allowed = new Set(scopesOf(resources));
  const message = `expected RESOURCE:ACTION, with ${resources.join(', ')} or * and ${VERBS.join(', ')} or *`;
  for (const [at, scope] of (scopes ?? []).entries())
    if (!allowed.has(scope)) errors.push({ pointer: `/scopes/${at}`, code: 'enum', message });
  return errors;
}

/** The longest lifetime of a key in seconds; Infinity where keys may last for ever. */
export function longestLifetime({ keys }: Accounts): number {
  return keys.longest === 'never' ? Number.POSITIVE_INFINITY : seconds(keys.longest, 'accounts.keys.longest');
}

export function tooLong(pointer: string, longest: number): FieldError {
  const message = `keys of this app last ${longest} seconds at most`;
  return { pointer, code: 'maximum', message, params: { limit: longest } };
}

function textSchema({ min, max }: TextRule): TSchema {
  return Type.String({ ...(min > 0 && { minLength: min }), maxLength: max });
}
