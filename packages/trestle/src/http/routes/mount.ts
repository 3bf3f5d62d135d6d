import type { FastifyInstance } from 'fastify';
import type { Engine } from '../../engine.ts';
import { Problem } from '../../problems.ts';
import type { Row } from '../../rows/model.ts';
import type { RowId } from '../../schema/id.ts';
import type { Contract, FailedRequest } from '../../schema/routes/app-contract.ts';
import type { Resources } from '../../schema/row-types.ts';
import { serveAccountPage } from '../docs/account-page.ts';
import { serveDocumentation } from '../docs/document-pages.ts';
import { firstCalls, openVerbs } from '../docs/first-calls.ts';
import { type IndexEntry, serveIndex } from '../docs/index-page.ts';
import { perPrefix } from '../docs/pages.ts';
import { mcpRoute } from '../mcp/mcp-route.ts';
import { sessionCookie, takesTickets, UNIFORM_PLACES } from '../requests/presented-credential.ts';
import type { ServerView } from '../server/administration.ts';
import { problemAnswer } from '../server/errors.ts';
import type { ResponseStreams } from '../server/response-streams.ts';
import type { Mounted } from '../server/server.ts';
import { adminRoutes } from './admin/admin-routes.ts';
import { batchRoute } from './batch.ts';
import { feedRoutes, type NamesOf } from './feeds/feed-routes.ts';
import { liveRoute } from './feeds/live-route.ts';
import { addRoutes, type RouteTable } from './route-table.ts';
import { accountRoutes } from './uniform/accounts/account-routes.ts';
import { keyRoutes } from './uniform/accounts/key-routes.ts';
import { peopleRoutes } from './uniform/accounts/people-routes.ts';
import { ticketRoute } from './uniform/accounts/ticket-route.ts';
import { historyRoute } from './uniform/history-route.ts';
import { operationRoutes } from './uniform/operation-routes.ts';
import { permissionRoute } from './uniform/permission-route.ts';
import { resourceRoutes } from './uniform/resource-routes.ts';
import { operationIdOf, rowName } from './uniform/route-names.ts';
import { webhookEvents, webhookRoutes, withSecret } from './webhooks/webhook-routes.ts';

/** Where an app is put. */
interface MountPoint {
  /** '' or `/NAME`. */
  base: string;
  streams: ResponseStreams;
  /** The server, for the app's operators. */
  view: ServerView;
}

/**
 * Puts an app on the server: its contract's routes, the uniform ones under `/v1`, the OpenAPI document of both, its pages, and
 * one at its root where the contract has none there.
 */
export function mount<Rs extends Resources>(
  fastify: FastifyInstance,
  engine: Engine<Rs>,
  { base, streams, view }: MountPoint,
): Mounted {
  const { app, authenticate, idempotency, audit, store, accounts } = engine;
  const { name, description } = app;
  const { contract, tables } = routeTables(engine, view);
  requireOwnPaths(name, tables);
  requireOwnIds(name, tables, Object.keys(app.resources));
  const server = { authenticate, idempotency, audit, store, accounts, base, streams };
  for (const table of tables) addRoutes(fastify, table, server);
  const uniform = tables.find(({ style }) => style === 'uniform');
  if (uniform && !fastify.hasRoute({ method: 'POST', url: `${base}/mcp` })) {
    const tools = async () =>
      (await import('../mcp/mcp-tools.ts')).toolsOf(engine.models, uniform.routes, uniform.prefix);
    const mcp = mcpRoute(fastify, { name, description, base, tools });
    addRoutes(fastify, { style: 'uniform', prefix: '', routes: [mcp], places: UNIFORM_PLACES }, server);
  }

  const openapi = `${base}/openapi.json`;
  const documentOf = perPrefix('application/json; charset=utf-8', async (prefix) => {
    const { openApiDocument } = await import('../openapi/document.ts');
    const described = {
      name,
      description,
      base: `${prefix}${base}`,
      tables,
      contract,
      events: webhookEvents(engine),
    };
    return JSON.stringify(openApiDocument(described));
  });
  fastify.get(openapi, (request, reply) => documentOf(request.prefix).send(reply));
  const pages = { swagger: contract?.pages?.swagger ?? '/docs', redoc: contract?.pages?.redoc ?? '/redoc' };
  serveDocumentation(fastify, { title: name, base, ...pages });
  if (engine.people) serveAccountPage(fastify, { title: name, base });
  const hasPage = fastify.hasRoute({ method: 'GET', url: base === '' ? '/' : base });
  const names = Object.keys(app.resources);
  const entry: IndexEntry = {
    name,
    description,
    path: base,
    docs: `${base}${pages.swagger}`,
    redoc: `${base}${pages.redoc}`,
    openapi,
    calls: (url) => firstCalls(tables, names, url),
    resources: () => openVerbs(tables, names),
    isReady: () => engine.store.health().ready,
  };
  if (!hasPage) serveIndex(fastify, { path: base, entries: [entry] });
  const isUniform = ({ route, path }: FailedRequest) =>
    route
      ? tables.some(({ style, routes }) => style === 'uniform' && routes.includes(route))
      : app.uniform && (path === `${base}/v1` || path.startsWith(`${base}/v1/`));
  return {
    base,
    fail: (problem, request) =>
      contract && !isUniform(request) ? contract.errors(problem, request) : problemAnswer(problem, request),
    entry,
  };
}

/** The routes of an app: its contract's, its own, and the uniform ones. */
export function routeTables<Rs extends Resources>(
  engine: Engine<Rs>,
  view: ServerView,
): { readonly contract: Contract | undefined; readonly tables: readonly RouteTable[] } {
  const { app, context } = engine;
  const contract = app.contract?.(context);
  const routes = app.routes?.(context);
  // Where the uniform API takes credentials, an operator's cookie is one.
  const places = [...UNIFORM_PLACES, sessionCookie(app.name)];
  const own: RouteTable[] = [];
  if (contract) {
    const { credentials = [], multipart = false, coerce = false } = contract;
    const settled = contract.routes.map((one) => ({
      ...one,
      options: { multipart, coerce, ...one.options },
    }));
    own.push({ style: 'contract', prefix: '', routes: settled, places: credentials });
  }
  if (routes) own.push({ style: 'uniform', prefix: '', routes, places });
  const others = [...own, ...(app.uniform ? [uniformTable(engine, own, places)] : [])];
  const ids = new Set(
    others.flatMap(({ routes, prefix }) => routes.map((one) => operationIdOf(one, prefix))),
  );
  const admin = adminRoutes(engine, view).map((one) => {
    const { operationId = '' } = one.options;
    if (!ids.has(operationId)) return one;
    // A resource may be called `settings` or `jobs`.
    const free = `admin${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}`;
    return { ...one, options: { ...one.options, operationId: free } };
  });
  return { contract, tables: [...others, { style: 'uniform', prefix: '/v1', routes: admin, places }] };
}

/**
 * Throws where two operations have one name: generated clients would have one of them alone.
 *
 * @param resources names of the app's own.
 */
function requireOwnIds(app: string, tables: readonly RouteTable[], resources: readonly string[]): void {
  const taken = new Map<string, { readonly path: string; readonly tag: string | undefined }>();
  for (const { prefix, routes } of tables)
    for (const route of routes) {
      const id = operationIdOf(route, prefix);
      const path = `${route.method} ${prefix}${route.path}`;
      const tag = prefix === '' ? undefined : route.options.tag;
      const other = taken.get(id);
      if (other) {
        const both = `${other.path} and ${path} would both be operation ${id}`;
        // Routes of the uniform API are named by their resource, the others by whoever wrote them.
        const resource = [tag, other.tag].find((name) => name !== undefined && resources.includes(name));
        if (resource === undefined || other.tag === undefined)
          throw new TypeError(`${app}: ${both}; give one another operationId`);
        throw new TypeError(
          `${app}.${resource}: ${both}, by the name of one row (${rowName(resource)}); ` +
            'give the resource another name, or declare it with uniform: false',
        );
      }
      taken.set(id, { path, tag });
    }
}

function uniformTable<Rs extends Resources>(
  engine: Engine<Rs>,
  others: readonly RouteTable[],
  places: RouteTable['places'],
): RouteTable {
  const { app, accounts, keys, tickets, operations, models, byName, store, live, webhooks } = engine;
  const { representationTag, accountModels, moveModel, people } = engine;
  const namesOf: NamesOf = async (caller, ids) => {
    const found = await byName.get('accounts')?.readMany({ caller }, ids).catch(withoutNames);
    return new Map([...(found ?? [])].map(([id, { username }]) => [id, String(username)]));
  };
  const shown = new Map([...models].filter(([, { resource }]) => resource.uniform));
  const rows = [...shown].flatMap(([name, model]) => {
    const service = byName.get(name);
    const served = service ? resourceRoutes(model, service, representationTag, store) : [];
    const own = webhooks && name === 'webhooks' ? withSecret(webhooks, served) : served;
    if (live && model.resource.live) own.push(liveRoute(model, live));
    if (service && model.resource.history) own.push(historyRoute(model, service, app.accounts.id.schema));
    const { feed } = model.resource;
    if (feed && service) own.push(...feedRoutes(model, feed, service, namesOf));
    return [...own, permissionRoute(model, store, accounts)];
  });
  const ofAccounts = accountRoutes(app, accounts, accountModels, representationTag);
  const signUp = ofAccounts.find(({ options }) => options.operationId === 'signUp');
  const routes = [
    ...rows,
    ...(rows.length > 0 ? [batchRoute(rows, engine)] : []),
    ...ofAccounts,
    ...(people && signUp ? peopleRoutes(app, people, signUp) : []),
    ...keyRoutes(app, keys, accountModels),
    ...(webhooks ? webhookRoutes({ webhooks, models, byName }) : []),
    ...operationRoutes(shown, operations, moveModel),
  ];
  const isTaken = [...routes, ...others.flatMap((table) => table.routes)].some(takesTickets);
  if (isTaken) routes.push(ticketRoute(app, tickets));
  return { style: 'uniform', prefix: '/v1', routes, places };
}

/** No names, for a caller who may read no account. */
function withoutNames(error: unknown): Map<RowId, Row> {
  if (error instanceof Problem && (error.status === 401 || error.status === 403)) return new Map();
  throw error;
}

/** Throws a `TypeError` where two tables have one route: which of them answers would be chance. */
function requireOwnPaths(app: string, tables: readonly RouteTable[]): void {
  const claimed = new Map<string, RouteTable>();
  for (const table of tables)
    for (const { method, path, options } of table.routes) {
      // Paths that differ in the names of their parameters, or in a slash at the end, are one.
      const shape = `${table.prefix}${path}`.replace(/\/$/, '').replace(/(?<!:):(?!:)\w+(\([^)]*\))?/g, ':');
      const other = claimed.get(`${method} ${shape}`);
      if (other && other !== table) {
        const [one, another] = [other, table].map(({ style, prefix }) => {
          if (style === 'contract') return 'the contract';
          return prefix === '' ? 'routes' : (options.tag ?? 'the uniform API');
        });
        const remedy = table.prefix === '' ? '' : ', or declare the resource with uniform: false';
        throw new TypeError(
          `${app}: ${one} and ${another} both have ${method} ${table.prefix}${path}; move the route of ${one}${remedy}`,
        );
      }
      claimed.set(`${method} ${shape}`, table);
    }
}
