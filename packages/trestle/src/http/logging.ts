import type { FastifyReply, FastifyRequest } from 'fastify';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Caller } from '../declare/caller.ts';

export interface LogOptions {
  /** A file, or a function that is given each line (default: the standard error output). */
  to?: string | ((line: string) => void);
  /** One JSON object a line, or a short line for people (default: `human` on a terminal, else `json`). */
  format?: 'json' | 'human';
  /** Default: `info`. */
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export interface Log {
  readonly lines: Logger;
  /** Writes out what is still in memory; call it before the process ends. */
  flush(): void;
}

/**
 * The log: one line an event, UTC, with everything that came from outside encoded by JSON (no line can be forged).
 * Nothing that may hold a secret is ever given to it: no query values, no bodies, no header fields, no raw paths.
 */
export function openLog(options: LogOptions = {}): Log {
  const { to, level = 'info' } = options;
  const format = options.format ?? (to === undefined && process.stderr.isTTY ? 'human' : 'json');
  const out = typeof to === 'function' ? { write: to } : buffered(to ?? 2, format);
  const stream: DestinationStream =
    format === 'human' ? { write: (line) => out.write(humanLine(line)) } : out;
  const formatters = { level: (label: string) => ({ level: label }) };
  const lines = pino({ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters }, stream);
  return { lines, flush: () => 'flushSync' in out && out.flushSync() };
}

/** Lines are written by the block, at the latest after half a second; on a terminal at once. */
function buffered(dest: string | number, format: 'json' | 'human') {
  if (format === 'human') return destination({ dest, sync: true });
  return destination({ dest, sync: false, minLength: 8192, periodicFlush: 500, mkdir: true });
}

/** What is written of one request. */
export function requestLine(request: FastifyRequest, reply: FastifyReply, milliseconds: number) {
  return {
    method: request.method,
    route: request.routeOptions.config.url ?? null,
    status: reply.raw.statusCode,
    ms: Math.round(milliseconds * 100) / 100,
    request: request.id,
    ...(!reply.raw.writableFinished && { aborted: true }),
    ...(request.caller && callerFields(request.caller)),
  };
}

function callerFields(caller: Caller): Record<string, unknown> {
  if (caller.kind === 'account') return { account: caller.account };
  if (caller.kind === 'key') return { account: caller.account, key: caller.key };
  return caller.kind === 'administrator' ? { administrator: true } : {};
}

/** What is written of an error: its kind and where it arose, and the same of its causes. */
export function errorFields(thrown: unknown, depth = 0): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const code = 'code' in thrown ? thrown.code : undefined;
  return {
    type: thrown.name,
    message: thrown.message,
    ...(code !== undefined && { code }),
    stack: thrown.stack,
    ...(thrown.cause !== undefined && depth < 3 && { cause: errorFields(thrown.cause, depth + 1) }),
  };
}

/** `07:48:39 GET /v1/messages/:id 200 1.2 ms`; other events as they are. */
function humanLine(line: string): string {
  const event: Record<string, unknown> = JSON.parse(line);
  const time = String(event.time).slice(11, 19);
  if (event.msg === 'request')
    return `${time} ${event.method} ${event.route ?? '-'} ${event.status} ${event.ms} ms\n`;
  const { time: _, level, msg, ...rest } = event;
  return `${time} ${level}: ${msg}${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''}\n`;
}
