import type { FastifyInstance } from 'fastify';
import { openLog } from '../../../src/http/logging/logging.ts';
import { problemAnswer } from '../../../src/http/server/errors.ts';
import type { Health } from '../../../src/http/server/health.ts';
import { openServer, type RunningServer, type Site } from '../../../src/http/server/server.ts';
import type { ServerOptions } from '../../../src/http/server/server-options.ts';
import { Problem } from '../../../src/problems.ts';

/** The secret that `/metrics` of these servers takes. */
export const SECRET = 'only-for-tests-and-nothing-else-0123456789';

export interface OwnRoutes extends Partial<Omit<ServerOptions, 'log'>> {
  base?: string;
  name?: string;
  routes?: (fastify: FastifyInstance, base: string) => void;
  health?: () => Health;
}

export interface Started extends RunningServer {
  /** Every line of the log so far. */
  readonly log: Record<string, unknown>[];
}

/** A real server over a few routes of its own: for what the server does whichever app it serves. */
export async function startOwnRoutes(...sites: OwnRoutes[]): Promise<Started> {
  const log: Record<string, unknown>[] = [];
  const lines = openLog({ to: (line) => log.push(JSON.parse(line)) });
  const { base, name, routes, health, ...options } = sites[0] ?? {};
  const server = await openServer((sites.length > 0 ? sites : [{}]).map(site), {
    port: 0,
    ...options,
    log: lines,
  });
  return { ...server, log };
}

function site({
  base = '',
  name = 'own',
  routes = echoes,
  health = () => ({ ready: true }),
}: OwnRoutes): Site {
  return {
    name,
    base,
    description: `The routes of ${name}`,
    health,
    statements: () => 0,
    measure: async () => ({
      store: { databaseBytes: 0 },
      jobs: { queued: 0, running: 0, oldest: 0 },
      events: new Map(),
      backupAge: undefined,
      disk: { free: 1, size: 1 },
    }),
    requireAdministrator(secret) {
      if (secret !== SECRET) throw new Problem('invalid_token');
    },
    mount: (fastify) => {
      routes(fastify, base);
      const entry = {
        name,
        description: `The routes of ${name}`,
        path: base,
        docs: `${base}/docs`,
        redoc: `${base}/redoc`,
        openapi: `${base}/openapi.json`,
        calls: () => [],
        resources: () => [],
        isReady: () => health().ready,
      };
      return { base, fail: problemAnswer, entry };
    },
  };
}

function echoes(fastify: FastifyInstance, base: string): void {
  fastify.get(`${base}/rows`, () => ({ rows: [] }));
  fastify.post(`${base}/rows`, (request, reply) => reply.code(201).send({ body: request.body ?? null }));
  fastify.get<{ Params: { id: string } }>(`${base}/rows/:id`, (request) => ({ id: request.params.id }));
  fastify.post(`${base}/rows/:id([^]+)::archive`, (_request, reply) => reply.code(204).send());
  fastify.delete(`${base}/rows/:id`, (request, reply) =>
    request.body === undefined ? reply.code(204).send() : reply.send({ body: request.body }),
  );
  fastify.post(`${base}/rows/all`, (_request, reply) => reply.code(204).send());
  fastify.get(`${base}/broken`, () => {
    throw new Error('a secret nobody may see');
  });
}
