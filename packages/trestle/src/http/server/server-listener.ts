import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import { createServer } from '../../node-http.ts';
import { Problem } from '../../problems.ts';
import { answerUnreadable, hangUp } from './errors.ts';
import { pathOfTarget } from './guard.ts';
import { LIMITS } from './limits.ts';
import type { Settings } from './server-options.ts';

/** Told of requests that reach no hook and no route. */
export interface UnroutableRequests {
  /** Node's parser refused it; it is answered already. */
  unreadable(status: number, code: string): void;
  /** The router could not decode its path. */
  unroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void;
}

/** A Fastify over a Node server with the limits of `LIMITS`; it answers nothing yet. */
export function createListener(settings: Settings, told: UnroutableRequests): FastifyInstance {
  const { basePath, origins, trustsPeer, trustedProxies } = settings;
  return fastify({
    serverFactory: (handler) => nodeServer(handler, settings),
    genReqId: ({ headers }) => {
      // The client's own id of a request where it is a short plain text, else a random one.
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:=+/-]{1,128}$/.test(given) ? given : randomUUID();
    },
    rewriteUrl: (request) => pathOfTarget(request, basePath),
    trustProxy: trustedProxies.length > 0 && trustsPeer,
    // Draining is ours: what still comes in on open connections is answered, not refused.
    return503OnClosing: false,
    bodyLimit: LIMITS.body,
    schemaController: { compilersFactory: NO_SCHEMAS },
    routerOptions: { maxParamLength: LIMITS.pathParameter },
    frameworkErrors: told.unroutable,
    clientErrorHandler: (error, socket) => {
      const status = answerUnreadable(error, socket, origins);
      if (status !== undefined) told.unreadable(status, error.code);
    },
  });
}

/** Routes check their input by themselves; loading Fastify's own compilers takes 30 ms at each start. */
const NO_SCHEMAS = { buildValidator: () => noSchemas, buildSerializer: () => noSchemas };

function noSchemas(): never {
  throw new TypeError('routes carry no Fastify schemas; check the input in the route');
}

function nodeServer(handler: RequestListener, { timeouts, keepAlive }: Settings): Server {
  const options = {
    maxHeaderSize: LIMITS.headerBytes,
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.check,
    keepAliveTimeout: keepAlive,
    // A missing Host is refused by the guard, in JSON.
    requireHostHeader: false,
  };
  const server = createServer(options, handler);
  server.maxConnections = LIMITS.connections;
  server.setTimeout(timeouts.stall);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // Asks for a body only where its declared length will be taken (RFC 9110, 10.1.1).
    if (Number(request.headers['content-length'] ?? 0) <= LIMITS.body) response.writeContinue();
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
    server.emit('request', request, response);
  });
  server.on('connect', (_request, socket: Duplex) => {
    if (socket instanceof Socket)
      hangUp(socket, 501, new Problem('not_implemented', { detail: 'Proxying is not supported.' }));
  });
  return server;
}
