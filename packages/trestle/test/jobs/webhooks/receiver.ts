import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A receiver that answers what a test wants, and keeps what it was sent. */
export async function receiver() {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  const answers = new Map<string, number>();
  const server: Server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const path = request.url ?? '';
      received.push({ path, headers: request.headers as Record<string, string>, body });
      response.writeHead(answers.get(path) ?? 204).end();
      for (const wake of waiting.splice(0)) wake();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    /** The nth message to a path, once it is there. */
    async next(path: string, at = 0): Promise<Received> {
      for (;;) {
        const found = received.filter((each) => each.path === path)[at];
        if (found) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
    /** All messages so far. */
    received,
    count: (path: string) => received.filter((each) => each.path === path).length,
    close: () => server.close(),
  };
}
