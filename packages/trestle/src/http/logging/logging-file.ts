import { closeSync, mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Written at the latest after this many milliseconds, or when this many characters wait. */
const INTERVAL = 200;
const MAX_BATCH_LENGTH = 32 * 1024;
/** While nobody takes the lines (a full disk, a pipe that nobody reads) no more than this is kept. */
const MAX_WAITING_LENGTH = 4 * 1024 * 1024;
const STANDARD_ERROR = 2;

/**
 * Lines on their way into a file or the standard error output, written by the block and in order without making requests
 * wait. (pino's own destination measures every line in bytes, which cost more than all the rest of logging a request.)
 */
export class LogFile {
  readonly #path: string | undefined;
  #handle: number;
  #waiting = '';
  /** Settles when what is being written is. */
  #written: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  /** @param path a file, which is made with its folder; undefined for the standard error output. */
  constructor(path?: string) {
    this.#path = path;
    this.#handle = path === undefined ? STANDARD_ERROR : open(path);
  }

  write(line: string): void {
    if (this.#waiting.length > MAX_WAITING_LENGTH) {
      this.#dropped++;
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= MAX_BATCH_LENGTH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), INTERVAL).unref();
  }

  /**
   * Opens the file's path anew. What is being written ends in the old file, what waits goes into the new one. Where it cannot
   * be opened, the old one stays, and it says so.
   */
  reopen(): void {
    if (this.#path === undefined) return;
    const old = this.#handle;
    try {
      this.#handle = open(this.#path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.write(`${JSON.stringify({ level: 'error', why, msg: 'the log file could not be reopened' })}\n`);
      return;
    }
    if (this.#written) void this.#written.then(() => closeSync(old));
    else closeSync(old);
  }

  /** Writes what waits, before the process ends. */
  async flush(): Promise<void> {
    await this.#written;
    try {
      writeSync(this.#handle, this.#take());
    } catch {
      // There is nobody left to tell.
    }
  }

  #send(): void {
    if (this.#written) return;
    const bytes = Buffer.from(this.#take());
    const handle = this.#handle;
    this.#written = new Promise<void>((resolve) => this.#writeAll(handle, bytes, 0, resolve)).then(() => {
      this.#written = undefined;
      if (this.#waiting !== '') this.#timer ??= setTimeout(() => this.#send(), INTERVAL).unref();
    });
  }

  #writeAll(handle: number, bytes: Buffer, from: number, done: () => void): void {
    write(handle, bytes, from, bytes.length - from, null, (error, written) => {
      const next = from + written;
      if (error === null && next < bytes.length) return this.#writeAll(handle, bytes, next, done);
      // A pipe that is full for now, or a disk: what was being written stays in front of what came since.
      if (error) this.#waiting = bytes.toString('utf8', from) + this.#waiting;
      done();
    });
  }

  #take(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lost = this.#dropped > 0 ? `{"level":"warn","msg":"lines dropped","count":${this.#dropped}}\n` : '';
    const text = this.#waiting + lost;
    this.#waiting = '';
    this.#dropped = 0;
    return text;
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o640);
}
