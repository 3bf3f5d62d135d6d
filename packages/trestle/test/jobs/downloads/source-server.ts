import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const CONTENT = randomBytes(300_000);
export const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const ETAG = '"first"';

type Answer = (request: IncomingMessage, response: ServerResponse, sources: Sources) => void;

/** The requests that the server has received, and its answers. */
export interface Sources {
  readonly url: string;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Whole or from `range` on, as RFC 9110 has it; `upTo` bytes of it, then the connection is cut. */
function serve(request: IncomingMessage, response: ServerResponse, etag = ETAG, upTo = Infinity): void {
  const { range } = request.headers;
  const from =
    request.headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
  const rest = CONTENT.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': rest.length,
    etag,
    ...(from > 0 && { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` }),
  });
  if (upTo >= rest.length) return void response.end(rest);
  response.write(rest.subarray(0, upTo), () => setTimeout(() => response.destroy(), 250));
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/whole': (request, response) => serve(request, response),
  '/cut': (request, response) => serve(request, response, ETAG, 100_000),
  /** Another content, each time it is asked: nothing of it can be resumed. */
  '/changing': (request, response, { requests }) => {
    // Whole for one that would resume: on a busy machine a connection may be cut before anything of it has arrived.
    const isResumed = request.headers.range !== undefined && requests.length > 2;
    serve(request, response, `"${requests.length}"`, isResumed ? Infinity : 100_000);
  },
  '/endless': (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(CONTENT)) {}
    };
    response.on('drain', more);
    more();
  },
  '/trickle': (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    const timer = setInterval(() => response.write('x'), 50);
    response.on('close', () => clearInterval(timer));
  },
  '/silent': (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('x');
  },
  '/huge': (_request, response) => void response.writeHead(200, { 'content-length': 1e12 }).write('x'),
  '/redirect': (_request, response) => void response.writeHead(302, { location: '/whole' }).end(),
  '/redirect-away': (_request, response) =>
    void response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
  '/loop': (_request, response) => void response.writeHead(302, { location: '/loop' }).end(),
  '/missing': (_request, response) => void response.writeHead(404).end(),
};

/** A server on the loopback that behaves well or badly, by the path. */
export async function startSources(): Promise<Sources> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    const answer = ANSWERS[request.url ?? ''] ?? ANSWERS['/missing'];
    answer?.(request, response, sources);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sources: Sources = {
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return sources;
}
