import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Artifacts } from '../../../src/jobs/downloads/artifacts.ts';
import { DOWNLOAD_LIMITS, type Download, download } from '../../../src/jobs/downloads/download.ts';

/** A download source that a test scripts, and an artifact store of its own. */
export interface ScriptedSource {
  readonly url: string;
  readonly artifacts: Artifacts;
  /** Sends part of a body, and cuts the connection once the download has stored it. */
  cutAfter(response: ServerResponse, part: Buffer): void;
  /** Downloads from the source. */
  run(
    wanted?: Partial<Download>,
    context?: Partial<Parameters<typeof download>[0]>,
  ): Promise<{ sha256: string; size: number }>;
  close(): Promise<void>;
}

/** Serves a script over HTTP. */
export function httpSource(answer: RequestListener): Promise<ScriptedSource> {
  return listen(createServer(answer));
}

/** Serves a script over a bare socket, for answers that no HTTP library would send. */
export function tcpSource(answer: (socket: Socket) => void): Promise<ScriptedSource> {
  return listen(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    }),
  );
}

async function listen(server: Server): Promise<ScriptedSource> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  const artifacts = new Artifacts(folder);
  let cut: ServerResponse | undefined;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
  return {
    url,
    artifacts,
    cutAfter(response, part) {
      cut = response;
      response.write(part);
    },
    run: (wanted, context) =>
      download(
        {
          operation: randomUUID(),
          fence: 1,
          signal: new AbortController().signal,
          progress: () => cut?.destroy(),
          ...context,
        },
        {
          source: url,
          sha256: null,
          artifacts,
          allowPrivate: true,
          folder: null,
          limits: DOWNLOAD_LIMITS,
          ...wanted,
        },
      ),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
