import { Problem } from '../../problems.ts';
import { accountOf, type Caller, inScopes } from '../caller.ts';
import { aBoolean, type Mistake, mistake, names, optionsOf, shown } from '../checks/options.ts';
import { aRule } from '../checks/rule-options.ts';
import { resource } from '../define-resource.ts';
import { author } from '../fields/author.ts';
import { boolean } from '../fields/boolean.ts';
import { integer } from '../fields/integer.ts';
import { json } from '../fields/json.ts';
import { list } from '../fields/list.ts';
import { reference } from '../fields/reference.ts';
import { oneOf } from '../fields/texts/enum.ts';
import { text } from '../fields/texts/text.ts';
import { url } from '../fields/texts/url.ts';
import { createdAt, timestamp, updatedAt } from '../fields/timestamp.ts';
import type { HookContext } from '../own-code/hooks.ts';
import type { Resource } from '../resource.ts';
import type { Resources, RowOf } from '../row-types.ts';
import { administrator, all, any, nobody, own, type Rule, through } from '../rules.ts';

/** Events of a row, as webhooks name them: `articles.created`. */
export const WEBHOOK_EVENTS = ['created', 'updated', 'deleted'] as const;

/** The event that a test sends. */
export const TEST_EVENT = 'webhook.test';

/** Addresses that an app's users register, and that are told of changes. */
export interface WebhookOptions<Names extends string = string> {
  /** Resources whose changes are sent (default: all of the uniform API). */
  readonly resources?: readonly Names[];
  /** Who may register an address; each has its own, administrators all (default: `administrator`). */
  readonly can?: Rule<never>;
  /** Also private, loopback and link-local addresses: for development and inner networks (default: false). */
  readonly allowPrivate?: boolean;
}

/** Declared webhooks. */
export interface Webhooks {
  /** Resources whose changes are sent. */
  readonly resources: readonly string[];
  readonly allowPrivate: boolean;
}

/** Set by the server alone. */
const SERVER = { create: nobody, update: nobody } as const;
const HIDDEN = { ...SERVER, read: nobody } as const;

/** An owner's API key sees no more by a webhook than it does by itself. */
function requireScopes({ writer }: { readonly writer: Caller }, events: readonly string[] = []): void {
  if (writer.kind !== 'key' || writer.scopes === null) return;
  const { scopes } = writer;
  const missing = events
    .map((event) => event.split('.')[0] ?? '')
    .find((name) => !inScopes(scopes, name, 'read'));
  if (missing !== undefined)
    throw new Problem('forbidden', { detail: `This API key's scopes do not include ${missing}:read.` });
}

/**
 * The resources of webhooks. `by` tells the administrator's from those of an account, which may be deleted meanwhile. The secrets
 * are derived from `generation` and stand in no table.
 */
function webhookResources(events: readonly string[], can: Rule<never>) {
  const mine = any(own('owner'), administrator);
  const webhooks = resource({
    fields: {
      url: url({ max: 2000 }),
      events: list(oneOf([...events, TEST_EVENT]), { min: 1, max: 100 }),
      description: text({ max: 200, default: '' }),
      active: boolean({ default: true }),
      owner: author(),
      by: oneOf(['account', 'administrator'], { default: 'account', can: HIDDEN }),
      generation: integer({ default: 1, can: HIDDEN }),
      previous_until: timestamp({ nullable: true, can: SERVER }),
      failing_since: timestamp({ nullable: true, can: SERVER }),
      disabled_reason: text({ nullable: true, can: SERVER }),
      created_at: createdAt(),
      updated_at: updatedAt(),
    },
    order: '-created_at',
    can: { read: mine, create: can, update: all(mine, can), delete: mine },
    before: {
      async create(context: HookContext, { body }) {
        requireScopes(context, body.events);
        const isAccount = accountOf(context.writer) !== null;
        return { ...body, by: isAccount ? ('account' as const) : ('administrator' as const) };
      },
      async update(context: HookContext, { row, body }) {
        // An address that is changed is told of the events that were named before.
        requireScopes(context, body.events ?? row.events);
        // Switched on again, it is given time again.
        return body.active ? { ...body, failing_since: null, disabled_reason: null } : undefined;
      },
    },
  });
  const deliveries = resource({
    fields: {
      webhook: reference('webhooks', { onDelete: 'cascade' }),
      event: text({ max: 100 }),
      payload: json(),
      /** The row that the payload was made of: whether its owner may still read it is asked again. */
      recorded: json({ nullable: true, can: HIDDEN }),
      state: oneOf(['waiting', 'delivered', 'failed'], { default: 'waiting' }),
      attempts: integer({ default: 0 }),
      status: integer({ nullable: true }),
      duration_ms: integer({ nullable: true }),
      error: text({ nullable: true }),
      attempted_at: timestamp({ nullable: true }),
      next_at: timestamp({ nullable: true }),
      created_at: createdAt(),
    },
    order: '-created_at',
    can: { read: through('webhook') },
    uniform: false,
  });
  return { webhooks, webhook_deliveries: deliveries };
}

type WebhookResources = ReturnType<typeof webhookResources>;
/** A registered address, as it is kept. */
export type WebhookRow = RowOf<WebhookResources['webhooks']>;
/** A message to an address, and how sending it went. */
export type DeliveryRow = RowOf<WebhookResources['webhook_deliveries']>;

/** The webhooks of an app and their tables; none where it declares none. */
export function declareWebhooks(
  options: WebhookOptions | undefined,
  resources: Resources,
): { readonly webhooks: Webhooks | undefined; readonly tables: Resources } {
  if (!options) return { webhooks: undefined, tables: {} };
  const served = Object.entries(resources).filter(([, { uniform }]: [string, Resource]) => uniform);
  const {
    resources: sent = served.map(([name]) => name),
    can = administrator,
    allowPrivate = false,
  } = options;
  const events = sent.flatMap((name) => WEBHOOK_EVENTS.map((event) => `${name}.${event}`));
  return { webhooks: { resources: sent, allowPrivate }, tables: webhookResources(events, can) };
}

const checkOptions = optionsOf<WebhookOptions>('webhooks', {
  resources: names,
  can: aRule,
  allowPrivate: aBoolean,
});

/** The mistakes of the `webhooks` of an app with these resources. */
export function checkWebhooks(resources: object, options: unknown): readonly Mistake[] {
  const mistakes = checkOptions(options);
  if (mistakes.length > 0) return mistakes;
  // It has the kinds of the options.
  const { resources: sent = [] } = options as WebhookOptions;
  const unknown = sent.find((name) => !Object.hasOwn(resources, name));
  if (unknown !== undefined) return [mistake('.resources', `there is no resource ${shown(unknown)}`)];
  const taken = ['webhooks', 'webhook_deliveries'].find((name) => Object.hasOwn(resources, name));
  return taken ? [mistake('', `the resource ${taken} has the name of its own table; rename that`)] : [];
}
