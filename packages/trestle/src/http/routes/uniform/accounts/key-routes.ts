import { type TSchema, Type } from 'typebox';
import type { AccountModels } from '../../../../accounts/open-accounts.ts';
import { answer, type Route, type RouteRequest, route } from '../../../../schema/routes/route.ts';
import { signedIn } from '../../../../schema/rules.ts';
import type { KeyOptions, KeyService, KeyView } from '../../../../schema/services/account-service.ts';
import { pageRoute } from '../page-route.ts';
import { titled, verbPath } from '../route-names.ts';
import { type AccountsOf, bodiesOf } from './account-routes.ts';

const instant = Type.String({ format: 'date-time' });
const text = Type.String();
const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()]);
const params = Type.Object({ id: text });
const tag = 'keys';

type ById = RouteRequest<{ params: { id: string }; query: Record<string, never>; body: unknown }>;

/** API keys: made, listed, changed and ended by their owner or the administrator. Whole keys leave by `create` and `roll` alone. */
export function keyRoutes(app: AccountsOf, keys: KeyService, models: AccountModels): Route[] {
  const bodies = bodiesOf(app);
  const members = {
    id: text,
    name: text,
    masked: text,
    account: nullable(app.accounts.id.schema),
    scopes: nullable(Type.Array(text)),
    active: Type.Boolean(),
    created_at: instant,
    expires_at: nullable(instant),
    last_used_at: nullable(instant),
    uses: Type.Integer(),
  };
  const key = titled('Key', Type.Object(members));
  const whole = titled('WholeKey', Type.Object({ ...members, key: text }));
  const one = { tag, can: signedIn, params, idempotent: true };
  const create = {
    operationId: 'createKey',
    summary: 'Make a key; its text is shown this once',
    tag,
    can: signedIn,
    transactional: true,
    body: titled('NewKey', bodies.newKey.schema),
    checkBody: false,
    bodyRequired: false,
    idempotent: true,
    sends: ['Location'],
    answers: { 201: whole },
  };
  const renew = {
    ...one,
    operationId: 'renewKey',
    summary: 'Give a key a new expiry; null for never',
    body: bodies.expiry.schema,
    answers: { 200: key },
  };
  const roll = {
    ...one,
    operationId: 'rollKey',
    summary: 'Make a new key in place of this one',
    body: bodies.overlap.schema,
    bodyRequired: false,
    sends: ['Location'],
    answers: { 201: whole },
  };
  return [
    route('POST', '/keys', create, async (request) => {
      // The service checks the body.
      const made = await keys.create(request, request.body as KeyOptions);
      return answer(201, made, { location: `${request.base}/v1/keys/${made.id}` });
    }),
    ...readRoutes(keys, models, key),
    verb('deactivate', 'Switch a key off', key, (request) => keys.deactivate(request, request.params.id)),
    verb('activate', 'Switch a key on again', key, (request) => keys.activate(request, request.params.id)),
    route('POST', verbPath('keys', 'renew'), renew, async (request) => {
      const { expires_at } = request.body as { expires_at: string | null };
      return answer(200, await keys.renew(request, request.params.id, expires_at));
    }),
    route('POST', verbPath('keys', 'roll'), roll, async (request) => {
      const { overlap } = request.body as { overlap?: number };
      const made = await keys.roll(request, request.params.id, overlap);
      return answer(201, made, { location: `${request.base}/v1/keys/${made.id}` });
    }),
    route(
      'DELETE',
      '/keys/:id',
      { ...one, operationId: 'deleteKey', summary: 'Delete a key', answers: { 204: null } },
      async (request) => {
        await keys.remove(request, request.params.id);
        return answer(204);
      },
    ),
  ];
}

function readRoutes(keys: KeyService, models: AccountModels, key: TSchema): Route[] {
  const list = {
    operationId: 'listKeys',
    summary: 'List your keys; all of them for the administrator',
    tag,
    can: signedIn,
    model: models.keys,
    item: key,
  };
  const one = {
    operationId: 'getKey',
    summary: 'Read a key',
    tag,
    can: signedIn,
    params,
    answers: { 200: key },
  };
  const uses = {
    operationId: 'listKeyUses',
    summary: 'The uses of a key, newest first',
    tag,
    can: signedIn,
    params,
    model: models.key_uses,
    item: keyUse,
  };
  return [
    pageRoute('/keys', list, (request, query, cursor) => keys.list(request, query, cursor)),
    route('GET', '/keys/:id', one, async (request) =>
      answer(200, await keys.read(request, request.params.id)),
    ),
    pageRoute('/keys/:id/uses', uses, (request, query, cursor) =>
      keys.uses(request, request.params.id, query, cursor),
    ),
  ];
}

const keyUse = titled(
  'KeyUse',
  Type.Object({ at: instant, method: text, route: text, status: Type.Integer(), source: text }),
);

/** `POST /v1/keys/{id}:verb`. */
function verb(name: string, summary: string, key: TSchema, run: (request: ById) => Promise<KeyView>): Route {
  const options = {
    operationId: `${name}Key`,
    summary,
    tag,
    can: signedIn,
    params,
    idempotent: true,
    answers: { 200: key },
  };
  return route('POST', verbPath('keys', name), options, async (request) => answer(200, await run(request)));
}
