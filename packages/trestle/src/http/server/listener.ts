import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
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
import { StartError } from '../../start-error.ts';
import { clientOf, type TrustsPeer } from '../requests/proxies.ts';
import { answerUnreadable, hangUp } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Settings } from './server-options.ts';

/** Told of requests that reach no hook and no route. */
interface UnroutableRequests {
  /** Node's parser refused it; it is answered already. */
  unreadable(status: number, code: string): void;
  /** The router could not decode its path. */
  unroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void;
}

/** A Fastify over a Node server with the limits of `LIMITS`; it answers nothing yet. */
export function createListener(settings: Settings, told: UnroutableRequests): FastifyInstance {
  const { basePath, origins, trustsPeer, trustedProxies } = settings;
  const rewrite = pathUnder(basePath);
  return fastify({
    serverFactory: (handler) => {
      const { timeouts, keepAlive } = settings;
      const options = {
        maxHeaderSize: LIMITS.headerBytes,
        headersTimeout: timeouts.headers,
        requestTimeout: timeouts.request,
        connectionsCheckingInterval: timeouts.check,
        keepAliveTimeout: keepAlive,
        // A request without a body has no stream for one, which would be a tenth of what a read allocates.
        optimizeEmptyRequests: true,
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
    },
    genReqId: ({ headers }) => {
      // The client's own id of a request where it is a short plain text, else a random one.
      const given = headers['x-request-id'];
      return typeof given === 'string' && /^[\w.:=+/-]{1,128}$/.test(given) ? given : randomUUID();
    },
    rewriteUrl: trustedProxies.length > 0 ? behindProxies(trustsPeer, rewrite) : rewrite,
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

/** Characters that need a closer look; most targets have none of them. */
const SUSPECT = /[%#\\]|\/\/|\/\./;
const SLASH = 47;

/** Headers that Node would silently take the first of, by length: each has a bit in what was seen. */
const SINGLETONS: ReadonlyMap<number, { name: string; bit: number }> = new Map([
  [4, { name: 'host', bit: 1 }],
  [12, { name: 'content-type', bit: 2 }],
  [13, { name: 'authorization', bit: 4 }],
]);
const HOST = 1;

/**
 * Refuses what Node's parser lets through: a target that is too long or does not decode, dot segments and empty ones,
 * an absolute target for another host, duplicate singleton headers, too many headers, a missing Host, another expectation
 * than 100-continue (RFC 9110, 10.1.1).
 */
export function refuse(request: IncomingMessage): Problem | undefined {
  const { url: target = '', rawHeaders: raw } = request;
  if (target.length > LIMITS.target)
    return new Problem('target_too_long', {
      detail: `The request target is longer than ${LIMITS.target} bytes.`,
    });
  if (target.charCodeAt(0) !== SLASH && !(target === '*' && request.method === 'OPTIONS'))
    return malformed('The request target names another host than the Host header, or is not a path.');
  const suspicion = SUSPECT.test(target) ? refuseSuspect(target) : undefined;
  if (suspicion) return suspicion;
  if (raw.length > LIMITS.headerFields * 2)
    return new Problem('headers_too_large', {
      detail: `A request may have ${LIMITS.headerFields} header fields.`,
    });
  let seen = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    const singleton = SINGLETONS.get(name.length);
    if (singleton === undefined || name.toLowerCase() !== singleton.name) continue;
    if ((seen & singleton.bit) !== 0) return malformed(`The header ${name} comes twice.`);
    seen |= singleton.bit;
  }
  if (request.httpVersionMajor !== 1) return malformed('This is an HTTP/1.1 server.');
  if ((seen & HOST) === 0 && request.httpVersionMinor === 1)
    return malformed('The Host header is missing (RFC 9112, 3.2).');
  const { expect } = request.headers;
  return expect === undefined || expect.toLowerCase() === '100-continue'
    ? undefined
    : malformed('The Expect header may only say 100-continue.');
}

/** Leaves the client's address alone in `X-Forwarded-For`, where the framework reads it; none where the peer is the client. */
function behindProxies(trusts: TrustsPeer, rewrite: (request: IncomingMessage) => string) {
  return (request: Pick<IncomingMessage, 'url' | 'headers'>): string => {
    // The framework hands over Node's own request, of which its type shows a part.
    const whole = request as IncomingMessage;
    const client = clientOf(whole, trusts);
    if (client === whole.socket.remoteAddress) delete whole.headers['x-forwarded-for'];
    else whole.headers['x-forwarded-for'] = client;
    return rewrite(whole);
  };
}

/**
 * Reads the path of a target, below the base path: that of a target in absolute form (RFC 9112, 3.2.2) where it names the host
 * the request came to, and without the base path where the proxy has left that. Other targets stay as they are.
 */
function pathUnder(basePath: string): (request: Pick<IncomingMessage, 'url' | 'headers'>) => string {
  return ({ url = '/', headers }) => {
    let target = url;
    if (target.charCodeAt(0) !== SLASH) {
      const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
      if (!absolute || absolute[1]?.toLowerCase() !== headers.host?.toLowerCase()) return target;
      const path = absolute[2] ?? '';
      target = path.startsWith('/') ? path : `/${path}`;
    }
    if (basePath === '' || !target.startsWith(basePath)) return target;
    const rest = target.slice(basePath.length);
    if (rest === '' || rest.startsWith('?')) return `/${rest}`;
    return rest.startsWith('/') ? rest : target;
  };
}

function refuseSuspect(target: string): Problem | undefined {
  if (target.includes('#')) return malformed('A request target has no fragment (RFC 9112, 3.2).');
  if (target.includes('%')) {
    try {
      if (decodeURIComponent(target).includes('\0')) return malformed('The request target holds %00.');
    } catch {
      return malformed('The request target holds percent-encoding that is not UTF-8.');
    }
  }
  const path = target.split('?', 1)[0] ?? '';
  const isDotted = /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
  return isDotted || path.includes('//') || path.includes('\\') ? new Problem('not_found') : undefined;
}

function malformed(detail: string): Problem {
  return new Problem('malformed', { detail });
}

/** Listens, and answers the server's URL. Throws `StartError` where the address cannot be had; the server is closed then. */
export async function bind(fastify: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await fastify.listen({ host, port });
  } catch (error) {
    await fastify.close();
    throw cannotListen(error, { host, port, option: '--port' });
  }
  const bound = fastify.server.address();
  const address: Pick<AddressInfo, 'port'> = typeof bound === 'object' && bound ? bound : { port };
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** Why an address cannot be had, in words; other errors as they are. */
export function cannotListen(
  error: unknown,
  { host, port, option }: { host: string; port: number; option: string },
): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const wrong = (message: string) => new StartError(message, { cause: error });
  switch (code) {
    case 'EADDRINUSE':
      return wrong(
        `port ${port} of ${host} is in use; stop the other program or choose another with ${option}`,
      );
    case 'EACCES':
      return wrong(`port ${port} may not be opened by this user; choose one above 1023 with ${option}`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return wrong(`${host} is no address of this machine; choose another with --host`);
    default:
      return error;
  }
}
