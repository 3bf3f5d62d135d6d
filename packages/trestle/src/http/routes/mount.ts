import type { FastifyInstance } from 'fastify';
import type { Engine } from '../../engine.ts';
import type { Contract } from '../../schema/contract.ts';
import type { Resources } from '../../schema/row-types.ts';
import { serveDocumentation } from '../docs/document-pages.ts';
import { openApiDocument } from '../openapi/document.ts';
import { UNIFORM_PLACES } from '../requests/credentials.ts';
import { problemAnswer } from '../requests/errors.ts';
import type { Mounted } from '../server/server.ts';
import { addRoutes, type RouteTable } from './route-table.ts';
import { accountRoutes } from './uniform/account-routes.ts';
import { keyRoutes } from './uniform/key-routes.ts';
import { operationRoutes } from './uniform/operation-routes.ts';
import { resourceRoutes } from './uniform/resource-routes.ts';

/**
 * Puts an app on the server, under a base path ('' or `/NAME`): its contract's routes, the uniform ones under `/v1`, the
 * OpenAPI document of both, and its pages.
 */
export function mount<Rs extends Resources>(
  fastify: FastifyInstance,
  engine: Engine<Rs>,
  base: string,
): Mounted {
  const contract = engine.app.contract?.(engine.context);
  const tables = [...(contract ? [contractTable(contract)] : []), uniformTable(engine)];
  for (const table of tables) addRoutes(fastify, engine.authenticate, base, table);
  serveDocument(fastify, engine, contract, { base, tables });
  const pages = { swagger: contract?.pages?.swagger ?? '/docs', redoc: contract?.pages?.redoc ?? '/redoc' };
  serveDocumentation(fastify, { title: engine.app.name, base, ...pages });
  return {
    base,
    fail: (problem, request) =>
      contract && !isUniform(base, request.path)
        ? contract.errors(problem, request)
        : problemAnswer(problem, request),
    pages: { swagger: `${base}${pages.swagger}` },
  };
}

function contractTable(contract: Contract): RouteTable {
  return { style: 'contract', prefix: '', routes: contract.routes, places: contract.credentials ?? [] };
}

function uniformTable<Rs extends Resources>({
  app,
  accounts,
  keys,
  operations,
  models,
  byName,
}: Engine<Rs>): RouteTable {
  const rows = [...models].flatMap(([name, model]) => {
    const service = byName.get(name);
    return service ? resourceRoutes(model, service) : [];
  });
  const routes = [
    ...rows,
    ...accountRoutes(app.accounts, accounts),
    ...keyRoutes(app.accounts, keys),
    ...operationRoutes(models, operations),
  ];
  return { style: 'uniform', prefix: '/v1', routes, places: UNIFORM_PLACES };
}

/** The document is made when it is first asked for, so that start does not wait for it. */
function serveDocument<Rs extends Resources>(
  fastify: FastifyInstance,
  { app }: Engine<Rs>,
  contract: Contract | undefined,
  { base, tables }: { base: string; tables: readonly RouteTable[] },
): void {
  let document: string | undefined;
  fastify.get(`${base}/openapi.json`, (_request, reply) => {
    const { name, description } = app;
    document ??= JSON.stringify(
      openApiDocument({ name, description, base, tables, errorShape: contract?.errorShape }),
    );
    return reply.type('application/json; charset=utf-8').send(document);
  });
}

function isUniform(base: string, path: string): boolean {
  return path === `${base}/v1` || path.startsWith(`${base}/v1/`);
}
