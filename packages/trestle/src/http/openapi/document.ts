import type { TSchema } from 'typebox';
import { audienceOf } from '../../rows/rules/caller-class.ts';
import type { Contract } from '../../schema/routes/app-contract.ts';
import type { RouteTable } from '../routes/route-table.ts';
import { templateOf } from '../routes/uniform/route-names.ts';
import { HEADER_COMPONENTS } from './headers.ts';
import { operationOf, tagOf } from './operation.ts';
import { Components } from './schemas.ts';
import { securitySchemes, signInOf } from './security.ts';

/** The subject of a document. */
interface Described {
  name: string;
  description: string;
  /** '' alone, `/NAME` with others. */
  base: string;
  tables: readonly RouteTable[];
  contract: Contract | undefined;
  /** Payloads that webhooks are sent, by event. */
  events: readonly { readonly name: string; readonly payload: TSchema }[];
}

/**
 * The OpenAPI 3.1 document of an app, made of the very tables its routes were put on the server from. Operations that nobody
 * may call are left out.
 */
export function openApiDocument({
  name,
  description,
  base,
  tables,
  contract,
  events,
}: Described): Record<string, unknown> {
  const components = new Components();
  const hasSignIn = signInOf(tables) !== undefined;
  const paths: Record<string, Record<string, unknown>> = {};
  const tags = new Map<string, string>();
  for (const table of tables) {
    for (const route of table.routes) {
      const { can } = route.options;
      if (can && audienceOf(can) === 'nobody') continue;
      const path = templateOf(table.prefix + route.path);
      paths[path] ??= {};
      paths[path][route.method.toLowerCase()] = operationOf(route, {
        table,
        contract,
        components,
        hasSignIn,
      });
      const tag = tagOf(route);
      // Of an app's own routes, or of a resource.
      const text = table.prefix === '' ? `Routes of ${tag}.` : `Rows of ${tag}, under /v1/${tag}.`;
      tags.set(tag, contract?.tags?.[tag] ?? TAGS[tag] ?? text);
    }
  }
  const webhooks = events.map(({ name: event, payload }) => {
    const schema = components.refer(payload, { in: 'response', open: true });
    const requestBody = { required: true, content: { 'application/json': { schema } } };
    const responses = { '2XX': { description: 'It was taken.' } };
    return [event, { post: { summary: `Tells of ${event}`, requestBody, responses } }] as const;
  });
  const { schemas, responses } = components;
  return {
    openapi: '3.1.1',
    info: { title: name, description, version: '1.0.0' },
    servers: [{ url: base === '' ? '/' : base }],
    tags: [...tags].map(([tag, text]) => ({ name: tag, description: text })),
    paths,
    ...(webhooks.length > 0 && { webhooks: Object.fromEntries(webhooks) }),
    components: {
      schemas,
      responses,
      headers: HEADER_COMPONENTS,
      securitySchemes: securitySchemes(tables, base),
    },
  };
}

/** Descriptions of what every app has under `/v1`. */
const TAGS: Readonly<Record<string, string>> = {
  accounts: 'Sign-up, and your own account.',
  sessions: 'Signing in and out.',
  keys: 'API keys: made, listed, changed and ended by their owner or the administrator.',
  tickets: 'Credentials for one request, where no header can be set.',
  administration: 'For operators: sign-in, and what the administration pages show.',
  operations: 'Work on rows that takes time: watched, polled or cancelled.',
};
