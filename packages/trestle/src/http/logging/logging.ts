import { type Logger, pino } from 'pino';
import { instantNow } from '../../clock.ts';
import type { EngineLog } from '../../engine.ts';
import type { Caller } from '../../schema/caller.ts';
import type { ErrorLog } from './logging-errors.ts';
import { LogFile } from './logging-file.ts';
import type { TraceContext } from './trace-context.ts';

interface LogOptions {
  /** A file, or a function that is given each line (default: the standard error output). */
  to?: string | ((line: string) => void);
  /** One JSON object a line, or a short line for people (default: `human` on a terminal, else `json`). */
  format?: 'json' | 'human';
  /** Default: `info`. */
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

export interface Log {
  readonly lines: Logger;
  /** The last lines of this process, as JSON. */
  readonly recent: RecentLines;
  /** Writes the line of one request; nothing where the level is above `info`. */
  request(done: DoneRequest): void;
  /** Opens the file anew, after a rotation has moved it away; nothing where the log is no file. No line is lost. */
  reopen(): void;
  /** Writes out what is still in memory; call it before the process ends. */
  flush(): Promise<void>;
}

/** A request in the log. */
interface DoneRequest {
  method: string;
  /** The route's pattern, never the path: that may hold a key. Null where no route took it. */
  route: string | null;
  status: number;
  milliseconds: number;
  /** Bytes of the body that was sent. */
  bytes: number;
  /** A string that needs no escaping in JSON: the server's own, or one that was checked. */
  id: string;
  trace: TraceContext | null;
  /** The client went away before the answer was out. */
  aborted: boolean;
  caller: Caller | null;
  /** The client's, behind trusted proxies: an IP address or `unknown`, which need no escaping in JSON. */
  address: string;
  agent: string | undefined;
  /** The id of the row that the path names, an integer or a UUID. */
  row: string | undefined;
}

const MAX_AGENT_LENGTH = 200;
/** Bytes of lines that are kept: some 12,000 requests. */
const KEPT_BYTES = 4 * 1024 * 1024;
const LINE_BREAK = 10;
/** Lines are made into bytes when they have so many characters together, and written out by so many bytes, or after so many milliseconds. */
const TEXT_LENGTH = 8 * 1024;
const BATCH_BYTES = 64 * 1024;
const BATCH_MS = 200;
/** Bytes of a character at most, in UTF-8. */
const MAX_CHARACTER = 3;

/**
 * The log: one line an event, UTC, with everything that came from outside encoded by JSON (no line can be forged).
 * Nothing that may hold a secret is ever given to it: no query values, no bodies, no header fields but User-Agent and
 * traceparent, no raw paths.
 */
export function openLog(options: LogOptions = {}): Log {
  const { to, level = 'info' } = options;
  const isHuman =
    (options.format ?? (to === undefined && process.stderr.isTTY ? 'human' : 'json')) === 'human';
  const file = typeof to === 'function' ? undefined : new LogFile(to);
  const recent = new RecentLines((batch) => {
    if (!isHuman) file?.write(batch);
    else file?.write(Buffer.from(batch.toString().trimEnd().split('\n').map(humanLine).join('')));
  });
  if (typeof to === 'function') recent.follow(isHuman ? (line) => to(humanLine(line)) : to);
  const formatters = { level: (label: string) => ({ level: label }) };
  const lines = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, recent);
  const hasRequests = lines.isLevelEnabled('info');
  return {
    lines,
    recent,
    // The most frequent line by far, put together by hand: in a third of the time that pino's own way takes.
    request: (done) => {
      if (!hasRequests) return;
      const { method, route, status, milliseconds, bytes, id, trace, aborted, caller, address, agent, row } =
        done;
      const ms = Math.round(milliseconds * 100) / 100;
      const shown = route === null ? 'null' : `"${route}"`;
      let more = '';
      if (row !== undefined) more += `,"row":"${row}"`;
      if (caller && caller.kind !== 'anonymous') {
        if (caller.kind === 'administrator' || caller.kind === 'system') more += ',"administrator":true';
        else more += `,"account":${JSON.stringify(caller.account)}`;
        if (caller.kind === 'key') more += `,"key":${JSON.stringify(caller.key)}`;
      }
      if (aborted) more += ',"aborted":true';
      if (trace)
        more += `,"trace_id":"${trace.trace_id}","span_id":"${trace.span_id}","parent_span_id":"${trace.parent_span_id}"`;
      if (agent !== undefined) more += `,"agent":${JSON.stringify(agent.slice(0, MAX_AGENT_LENGTH))}`;
      recent.write(
        `{"level":"info","time":"${instantNow()}","method":"${method}","route":${shown},"status":${status},"ms":${ms},"bytes":${bytes},"request":"${id}","address":"${address}"${more},"msg":"request"}\n`,
      );
    },
    reopen: () => file?.reopen(),
    flush: async () => {
      recent.flush();
      await file?.flush();
    },
  };
}

/** The log of an app's engine: its events, which are counted, and errors that belong to no request. */
export function engineLog(
  { lines }: Pick<Log, 'lines'>,
  errors: Pick<ErrorLog, 'inBackground'>,
  app: string,
): EngineLog {
  const events = new Map<string, number>();
  return {
    events,
    event: ({ event, ...facts }, origin) => {
      events.set(event, (events.get(event) ?? 0) + 1);
      lines.info({ app, ...facts, ...(origin?.requestId && { requestId: origin.requestId }) }, event);
    },
    failed: (error, facts) => errors.inBackground('background task failed', error, { app, ...facts }),
  };
}

/** An error in the log: its type and where it arose, and the same of its causes. */
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

/**
 * The lines of the log of this process, on their way out, and the last of them kept for operators. They are made into bytes soon,
 * in memory that is written again and again: strings that wait for long, and blocks that live for a second, make the garbage
 * collector look through all the rest, which was a tenth of the time of a read.
 */
export class RecentLines {
  readonly #out: (batch: Buffer) => void;
  readonly #followers = new Set<(line: string) => void>();
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;
  /** A ring buffer: what was kept first is at `#next` where it is full, else at 0. Made with the first line. */
  #ring = Buffer.alloc(0);
  #next = 0;
  #isFull = false;
  /** Where in it the bytes begin that are not written out yet. */
  #sent = 0;

  /** @param out takes each batch, which it must copy (default: they are kept alone). */
  constructor(out: (batch: Buffer) => void = () => {}) {
    this.#out = out;
  }

  /** Takes a line, its line break included. */
  write(line: string): void {
    if (this.#followers.size > 0) for (const follow of this.#followers) follow(line);
    this.#waiting += line;
    if (this.#waiting.length >= TEXT_LENGTH) this.#keep();
    this.#timer ??= setTimeout(() => this.flush(), BATCH_MS).unref();
  }

  /** Writes out what waits. */
  flush(): void {
    if (this.#waiting !== '') this.#keep();
    this.#send();
  }

  #keep(): void {
    const text = this.#waiting;
    this.#waiting = '';
    if (this.#ring.length === 0) this.#ring = Buffer.allocUnsafeSlow(KEPT_BYTES);
    if (this.#next + text.length * MAX_CHARACTER < KEPT_BYTES) {
      this.#next += this.#ring.write(text, this.#next);
      if (this.#next - this.#sent >= BATCH_BYTES) this.#send();
      return;
    }
    // Around the end of the ring buffer.
    this.#send();
    const bytes = Buffer.from(text);
    this.#out(bytes);
    const kept = bytes.subarray(-KEPT_BYTES);
    const fitting = kept.copy(this.#ring, this.#next);
    kept.copy(this.#ring, 0, fitting);
    this.#isFull ||= this.#next + kept.length >= KEPT_BYTES;
    this.#next = (this.#next + kept.length) % KEPT_BYTES;
    this.#sent = this.#next;
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#sent < this.#next) this.#out(this.#ring.subarray(this.#sent, this.#next));
    this.#sent = this.#next;
  }

  /** The lines, newest first. */
  *newestFirst(): Generator<string> {
    if (this.#waiting !== '') this.#keep();
    const [newer, older] = [this.#ring.subarray(0, this.#next), this.#ring.subarray(this.#next)];
    const lines = this.#isFull ? Buffer.concat([older, newer]) : Buffer.from(newer);
    // The oldest of a full ring has lost its beginning.
    const first = this.#isFull ? lines.indexOf(LINE_BREAK) + 1 : 0;
    for (let end = lines.length - 1; end > first; ) {
      const start = lines.lastIndexOf(LINE_BREAK, end - 1) + 1;
      yield lines.toString('utf8', start, end);
      end = start - 1;
    }
  }

  /** Calls back with each line from now on. Returns what ends that. */
  follow(heard: (line: string) => void): () => void {
    this.#followers.add(heard);
    return () => this.#followers.delete(heard);
  }
}
