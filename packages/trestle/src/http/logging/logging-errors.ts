import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Problem } from '../../problems.ts';
import { errorFields } from './logging.ts';

/** A kind of background error is written at most once in this many milliseconds. */
const INTERVAL = 1000;
const MAX_KINDS = 100;

interface Kind {
  /** Errors of this kind since the last one that was written. */
  skipped: number;
  last: unknown;
}

/** Writes errors down: each failure of a request, and of repeated failures in the background one a second with their number. */
export class ErrorLog {
  readonly #lines: Logger;
  readonly #kinds = new Map<string, Kind>();

  constructor(lines: Logger) {
    this.#lines = lines;
  }

  /** Logs why a request failed; a problem's cause, where it has one, in its place. */
  ofRequest(
    message: string,
    thrown: unknown,
    request: FastifyRequest,
    facts: Record<string, unknown> = {},
  ): void {
    const { id, trace, routeOptions } = request;
    const where = { request: id, ...trace, method: request.method, route: routeOptions.url, ...facts };
    this.#write(message, thrown, where);
  }

  /** Logs an error that belongs to no request. */
  inBackground(message: string, thrown: unknown, facts: Record<string, unknown> = {}): void {
    const cause = causeOf(thrown);
    // Errors are of one kind when they were thrown at the same place.
    const origin =
      cause instanceof Error
        ? `${cause.name} ${'code' in cause ? cause.code : ''} ${cause.stack?.split('\n')[1] ?? ''}`
        : typeof cause;
    const name = `${message} ${origin}`;
    const kind = this.#kinds.get(name);
    if (kind) {
      kind.skipped++;
      kind.last = thrown;
      return;
    }
    this.#write(message, thrown, facts);
    if (this.#kinds.size === MAX_KINDS) return;
    this.#kinds.set(name, { skipped: 0, last: undefined });
    this.#watch(name, message, facts);
  }

  /** Writes what was skipped once the interval is over, so that no count is lost when the errors end. */
  #watch(name: string, message: string, facts: Record<string, unknown>): void {
    setTimeout(() => {
      const kind = this.#kinds.get(name);
      if (!kind || kind.skipped === 0) {
        this.#kinds.delete(name);
        return;
      }
      this.#write(message, kind.last, { ...facts, repeated: kind.skipped });
      kind.skipped = 0;
      this.#watch(name, message, facts);
    }, INTERVAL).unref();
  }

  #write(message: string, thrown: unknown, facts: Record<string, unknown>): void {
    this.#lines.error({ ...facts, error: errorFields(causeOf(thrown)) }, message);
  }
}

function causeOf(thrown: unknown): unknown {
  return thrown instanceof Problem && thrown.cause !== undefined ? thrown.cause : thrown;
}
