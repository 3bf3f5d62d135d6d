import { type TSchema, Type } from 'typebox';
import type { Accounts } from '../../../schema/accounts.ts';
import { seconds } from '../../../schema/duration.ts';
import type { RowId } from '../../../schema/id.ts';
import { type Answer, answer, type Route, type RouteRequest, route } from '../../../schema/route.ts';
import { signedIn, VERBS } from '../../../schema/rules.ts';
import type { KeyService, KeyView } from '../../../schema/services/account-service.ts';
import { itemsOf } from './account-routes.ts';
import { titled, verbPath } from './route-names.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const closed = { additionalProperties: false } as const;
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const params = Type.Object({ id: text });
const tag = 'keys';

type ById = RouteRequest<{ params: { id: string }; query: Record<string, never>; body: unknown }>;

/** API keys: made, listed, changed and ended by their owner or the administrator. Whole keys leave by `create` and `roll` alone. */
export function keyRoutes(declared: Accounts, keys: KeyService, resources: readonly string[]): Route[] {
  const key = titled('Key', Type.Object(keyMembers(declared)));
  const whole = titled('WholeKey', Type.Object({ ...keyMembers(declared), key: text }));
  return [
    createRoute(declared, keys, { whole, resources }),
    ...readRoutes(keys, key),
    verb('deactivate', 'Switch a key off', key, ({ caller, params: { id } }) => keys.deactivate(caller, id)),
    verb('activate', 'Switch a key on again', key, ({ caller, params: { id } }) => keys.activate(caller, id)),
    renewRoute(keys, key),
    rollRoute(keys, whole),
    removeRoute(keys),
  ];
}

function keyMembers(declared: Accounts): Record<string, TSchema> {
  return {
    id: text,
    name: text,
    masked: text,
    account: nullable(declared.id.schema),
    scopes: nullable(Type.Array(text)),
    active: Type.Boolean(),
    created_at: instant,
    expires_at: nullable(instant),
    last_used_at: nullable(instant),
    uses: Type.Integer(),
  };
}

function createRoute(
  declared: Accounts,
  keys: KeyService,
  { whole, resources }: { whole: TSchema; resources: readonly string[] },
): Route {
  const { longest } = declared.keys;
  const scopes = ['*', ...resources].flatMap((name) => ['*', ...VERBS].map((each) => `${name}:${each}`));
  const scope = Type.Unsafe<string>({ type: 'string', enum: scopes });
  const integer = { type: 'integer', minimum: 1 };
  const lifetime =
    longest === 'never'
      ? { anyOf: [integer, { type: 'string', enum: ['never'] }] }
      : { ...integer, 'x-limits': { maximum: seconds(longest, 'accounts.keys.longest') } };
  const body = Type.Object(
    {
      name: Type.Optional(Type.String({ maxLength: 100 })),
      lifetime: Type.Optional(
        Type.Unsafe<number | 'never'>({ ...lifetime, description: 'Seconds, or never.' }),
      ),
      scopes: Type.Optional(Type.Unsafe<string[] | null>(nullable(Type.Array(scope, { maxItems: 100 })))),
      account: Type.Optional(Type.Unsafe<RowId | null>(nullable(declared.id.schema))),
    },
    closed,
  );
  const options = {
    operationId: 'createKey',
    summary: 'Make a key; its text is shown this once',
    tag,
    can: signedIn,
    body,
    bodyRequired: false,
    sends: ['Location'],
    answers: { 201: whole },
  };
  return route('POST', '/keys', options, async ({ caller, body: wanted, base }) => {
    const made = await keys.create(caller, wanted);
    return answer(201, made, { location: `${base}/v1/keys/${made.id}` });
  });
}

function readRoutes(keys: KeyService, key: TSchema): Route[] {
  const list = {
    operationId: 'listKeys',
    summary: 'List your keys',
    tag,
    can: signedIn,
    answers: { 200: itemsOf(key) },
  };
  const one = {
    operationId: 'getKey',
    summary: 'Read a key',
    tag,
    can: signedIn,
    params,
    answers: { 200: key },
  };
  const query = Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
  });
  const uses = {
    operationId: 'listKeyUses',
    summary: 'The latest uses of a key',
    tag,
    can: signedIn,
    params,
    query,
    answers: { 200: itemsOf(keyUse) },
  };
  return [
    route('GET', '/keys', list, async ({ caller }) => answer(200, { items: await keys.list(caller) })),
    route('GET', '/keys/:id', one, async ({ caller, params: { id } }) =>
      answer(200, await keys.read(caller, id)),
    ),
    route('GET', '/keys/:id/uses', uses, async ({ caller, params: { id }, query: { limit = 50 } }) =>
      answer(200, { items: await keys.uses(caller, id, limit) }),
    ),
  ];
}

const keyUse = titled(
  'KeyUse',
  Type.Object({ at: instant, method: text, route: text, status: Type.Integer(), source: text }),
);

/** `POST /v1/keys/{id}:verb`. */
function verb(name: string, summary: string, key: TSchema, run: (request: ById) => Promise<KeyView>): Route {
  const options = { operationId: `${name}Key`, summary, tag, can: signedIn, params, answers: { 200: key } };
  return route(
    'POST',
    verbPath('keys', name),
    options,
    async (request): Promise<Answer> => answer(200, await run(request)),
  );
}

function renewRoute(keys: KeyService, key: TSchema): Route {
  const body = Type.Object({ expires_at: Type.Unsafe<string | null>(nullable(instant)) }, closed);
  const options = {
    operationId: 'renewKey',
    summary: 'Give a key a new expiry; null for never',
    tag,
    can: signedIn,
    params,
    body,
    answers: { 200: key },
  };
  return route(
    'POST',
    verbPath('keys', 'renew'),
    options,
    async ({ caller, params: { id }, body: { expires_at } }) =>
      answer(200, await keys.renew(caller, id, expires_at)),
  );
}

function rollRoute(keys: KeyService, whole: TSchema): Route {
  const overlap = Type.Integer({
    minimum: 0,
    maximum: 604_800,
    default: 86_400,
    description: 'Seconds the old key still serves.',
  });
  const body = Type.Object({ overlap: Type.Optional(overlap) }, closed);
  const options = {
    operationId: 'rollKey',
    summary: 'Make a new key in place of this one',
    tag,
    can: signedIn,
    params,
    body,
    bodyRequired: false,
    sends: ['Location'],
    answers: { 201: whole },
  };
  return route(
    'POST',
    verbPath('keys', 'roll'),
    options,
    async ({ caller, params: { id }, body: wanted, base }) => {
      const made = await keys.roll(caller, id, wanted.overlap);
      return answer(201, made, { location: `${base}/v1/keys/${made.id}` });
    },
  );
}

function removeRoute(keys: KeyService): Route {
  const options = {
    operationId: 'deleteKey',
    summary: 'Delete a key',
    tag,
    can: signedIn,
    params,
    answers: { 204: null },
  };
  return route('DELETE', '/keys/:id', options, async ({ caller, params: { id } }) => {
    await keys.remove(caller, id);
    return answer(204);
  });
}
