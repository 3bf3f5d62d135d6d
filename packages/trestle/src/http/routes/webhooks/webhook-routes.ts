import { type TObject, Type } from 'typebox';
import type { Engine } from '../../../engine.ts';
import type { Webhooks } from '../../../jobs/webhooks/webhooks.ts';
import type { Model } from '../../../rows/model.ts';
import { narrowed, without } from '../../../rows/system-tables.ts';
import type { AnyService } from '../../../rows/write.ts';
import type { App } from '../../../schema/app.ts';
import { answer, type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { WEBHOOK_EVENTS } from '../../../schema/webhooks/declare-webhooks.ts';
import { pageRoute } from '../uniform/page-route.ts';
import { rowName, titled, typeName, verbPath } from '../uniform/route-names.ts';
import { isDry } from '../uniform/write-routes.ts';

/** Default and maximum seconds that a secret is good for after the next one was made. */
const OVERLAP = { default: 86_400, max: 7 * 86_400 } as const;

const params = Type.Object({ id: Type.String() });
const tag = 'webhooks';
const SECRET = Type.String({ description: 'Signs what is sent (`whsec_...`). It is shown this once.' });

interface Dependencies {
  readonly webhooks: Webhooks;
  readonly models: ReadonlyMap<string, Model>;
  readonly byName: ReadonlyMap<string, AnyService>;
}

/** The routes of webhooks beside those of any resource: secrets, a test, deliveries and their repetition. */
export function webhookRoutes({ webhooks, models, byName }: Dependencies): Route[] {
  const [model, deliveries] = [models.get('webhooks'), models.get('webhook_deliveries')];
  const log = byName.get('webhook_deliveries');
  if (!model || !deliveries || !log) return [];
  const shown = without(deliveries, 'webhook');
  const delivery = titled('WebhookDelivery', deliveries.documented.row);
  const one = { tag, can: model.resource.can.update ?? nobody, params };
  const list = {
    tag,
    can: model.resource.can.read ?? nobody,
    operationId: 'listWebhookDeliveries',
    summary: 'The deliveries to an address, newest first',
    params,
    model: shown,
    item: delivery,
  };
  const roll = {
    ...one,
    operationId: 'rollWebhookSecret',
    summary: 'Make a new secret; the one before signs too for a while',
    body: titled(
      'WebhookOverlap',
      Type.Object(
        {
          overlap: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: OVERLAP.max,
              default: OVERLAP.default,
              description: 'Seconds that the secret before is good for.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    bodyRequired: false,
    answers: { 200: titled('WebhookSecret', Type.Object({ id: Type.String(), secret: SECRET })) },
  };
  const test = {
    ...one,
    operationId: 'testWebhook',
    summary: 'Send a test event to an address',
    answers: { 202: delivery },
  };
  const redeliver = {
    ...one,
    operationId: 'redeliverWebhook',
    summary: 'Send a delivery once more, under the same id',
    params: Type.Object({ id: Type.String(), delivery: Type.String() }),
    answers: { 202: delivery },
  };
  return [
    pageRoute('/webhooks/:id/deliveries', list, async (request, query, cursor) => {
      const { id } = request.params;
      await byName.get('webhooks')?.peek(request, id);
      const page = await log.list(request, narrowed(query, { webhook: id }), cursor);
      return { ...page, items: await webhooks.visible(request, page.items) };
    }),
    route('POST', '/webhooks/:id/deliveries/:delivery([^]+)::redeliver', redeliver, async (request) =>
      answer(202, await webhooks.redeliver(request, request.params.id, request.params.delivery)),
    ),
    route('POST', verbPath('webhooks', 'roll'), roll, async (request) => {
      // The body fits its schema.
      const { overlap = OVERLAP.default } = (request.body ?? {}) as { overlap?: number };
      const { id } = request.params;
      return answer(200, { id, secret: await webhooks.roll(request, id, overlap) });
    }),
    route('POST', verbPath('webhooks', 'test'), test, async (request) =>
      answer(202, await webhooks.test(request, request.params.id)),
    ),
  ];
}

/** The route that makes a webhook, whose answer alone has the secret. */
export function withSecret(webhooks: Webhooks, routes: readonly Route[]): Route[] {
  return routes.map((each) => {
    if (each.method !== 'POST' || each.path !== '/webhooks') return each;
    const row = each.options.answers[201] as TObject;
    const secret = Type.Optional(SECRET);
    const created = titled('NewWebhook', Type.Object({ ...row.properties, secret }));
    const options = { ...each.options, answers: { ...each.options.answers, 201: created } };
    return route('POST', each.path, options, async (request) => {
      // The types of a handler's request follow from its own route's schemas, which are these.
      const made = await each.handle(request as never);
      const { body } = made as { body?: { id?: string } };
      // A dry run leaves no row that a secret could be of.
      if (!body?.id || isDry(request.query)) return made;
      return { ...made, body: { ...body, secret: await webhooks.secretOf(body.id, request) } };
    });
  });
}

/** The payload of each event, for the documentation. */
export function webhookEvents({
  app,
  models,
}: Pick<Engine, 'models'> & { readonly app: Pick<App, 'webhooks'> }) {
  return (app.webhooks?.resources ?? []).flatMap((name) => {
    const row = titled(rowName(name), models.get(name)?.documented.row ?? Type.Unknown());
    return WEBHOOK_EVENTS.map((event) => {
      const type = Type.Unsafe({ type: 'string', enum: [`${name}.${event}`] });
      const payload = Type.Object({ type, timestamp: Type.String({ format: 'date-time' }), data: row });
      // Generators of clients need a name for it.
      return {
        name: `${name}.${event}`,
        payload: titled(`${rowName(name)}${typeName(event)}Event`, payload),
      };
    });
  });
}
