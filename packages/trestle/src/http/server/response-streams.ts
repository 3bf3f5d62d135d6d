import type { ServerResponse } from 'node:http';
import { pipeline, Readable, type Transform } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { Problem } from '../../problems.ts';
import { anonymous, clientName } from '../../schema/caller.ts';
import type { ByteStream } from '../../schema/routes/bytes.ts';
import type { ErrorLog } from '../logging/logging-errors.ts';

/** Limits of one client's streamed answers. */
export interface StreamLimits {
  /** Streams at once of one caller, or of one address without credentials. Event streams have a limit of their own. */
  perClient: number;
  /** Bytes a second that a client must take on average while it is waited for, beyond `grace`. */
  minRate: number;
  /** Milliseconds that a client may be waited for whatever it has taken. */
  grace: number;
  /** Milliseconds from the first byte to the last. */
  maxDuration: number;
}

export const STREAM_LIMITS: StreamLimits = {
  perClient: 8,
  minRate: 8 * 1024,
  grace: 10_000,
  maxDuration: 3_600_000,
};

/**
 * Sends answers that are made while they are sent. A client that reads slowly is waited for, up to a limit: its answer is cut
 * off then, since it holds what the answer is made of.
 */
export class ResponseStreams {
  readonly #limits: StreamLimits;
  readonly #errors: ErrorLog;
  readonly #open = new Map<string, number>();

  constructor(limits: StreamLimits, errors: ErrorLog) {
    this.#limits = limits;
    this.#errors = errors;
  }

  /**
   * Sends a stream under the headers that the reply has, and resolves when all of it is out. Its source is ended in any case.
   * What fails before the first byte is thrown, so that it can be answered with a status; later the connection is cut.
   */
  async send(
    reply: FastifyReply,
    open: () => Promise<ByteStream>,
    transform?: Transform | undefined,
  ): Promise<void> {
    const { request, raw } = reply;
    const limited = !String(reply.getHeader('content-type')).startsWith('text/event-stream');
    const client = clientName(request.caller ?? anonymous, request.origin);
    const count = this.#open.get(client) ?? 0;
    if (limited && count >= this.#limits.perClient)
      throw new Problem('too_many_requests', {
        detail: `${count} answers are still on their way to this client; read those first.`,
      });
    if (limited) this.#open.set(client, count + 1);
    try {
      const source = readableOf(await open());
      const stream = transform ? pipeline(source, transform, () => {}) : source;
      await this.#write(reply, stream, limited);
    } catch (error) {
      if (!raw.headersSent && !raw.destroyed) throw error;
      // What ends because the client went away is no failure of the server.
      if (!raw.destroyed) this.#errors.ofRequest('a response stream failed', error, request);
      raw.destroy();
    } finally {
      const left = (this.#open.get(client) ?? 0) - 1;
      if (limited && left > 0) this.#open.set(client, left);
      else if (limited) this.#open.delete(client);
    }
  }

  async #write(reply: FastifyReply, stream: Readable, limited: boolean): Promise<void> {
    const { request, raw } = reply;
    const { minRate, grace, maxDuration } = this.#limits;
    const start = performance.now();
    let waited = 0;
    let bytes = 0;
    raw.once('close', () => stream.destroy());
    for await (const chunk of stream) {
      if (!raw.headersSent) sendHead(reply);
      bytes += chunk.length;
      request.bytesSent = bytes;
      if (raw.write(chunk) || raw.destroyed) continue;
      const since = performance.now();
      const patience = Math.min(grace + (bytes / minRate) * 1000 - waited, maxDuration - (since - start));
      if (!(await drained(raw, limited ? patience : undefined)))
        throw new Error(
          `the client took ${bytes} bytes in ${Math.round(since - start)} ms, which is too slow`,
        );
      waited += performance.now() - since;
    }
    if (!raw.headersSent) sendHead(reply);
    raw.end();
  }
}

/** Sends status and headers. From here on the answer is ours to write, and no error can be answered any more. */
export function sendHead(reply: FastifyReply): void {
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  reply.hijack();
  raw.writeHead(reply.statusCode);
}

/** Waits until the client has taken what was written, or has gone; false where it does not in time. */
function drained(raw: ServerResponse, patience: number | undefined): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const taken = () => resolve(true);
  const timer = patience === undefined ? undefined : setTimeout(resolve, Math.max(0, patience), false);
  raw.once('drain', taken).once('close', taken);
  return promise.finally(() => {
    clearTimeout(timer);
    raw.off('drain', taken).off('close', taken);
  });
}

/** A stream that can be destroyed at any moment, also while it waits for more. */
function readableOf(stream: ByteStream): Readable {
  if (stream instanceof Readable) return stream;
  if (stream instanceof ReadableStream) return Readable.fromWeb(stream);
  return Readable.from(stream, { objectMode: false });
}
