import { mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Written at the latest after this many milliseconds, or when this many characters wait. */
const INTERVAL = 200;
const ENOUGH = 32 * 1024;
/** While nobody takes the lines (a full disk, a pipe that nobody reads) no more than this is kept. */
const MOST = 4 * 1024 * 1024;

/**
 * Lines on their way into a file or the standard error output, written by the block and in order without making requests
 * wait. (pino's own destination measures every line in bytes, which cost more than all the rest of logging a request.)
 */
export class LogFile {
  readonly #handle: number;
  #waiting = '';
  /** Settles when what is being written is. */
  #written: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  /** @param path a file, which is made with its folder; undefined for the standard error output. */
  constructor(path?: string) {
    if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
    this.#handle = path === undefined ? 2 : openSync(path, 'a', 0o640);
  }

  write(line: string): void {
    if (this.#waiting.length > MOST) {
      this.#dropped++;
      return;
    }
    this.#waiting += line;
    if (this.#waiting.length >= ENOUGH) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), INTERVAL).unref();
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
    this.#written = new Promise<void>((resolve) => this.#writeAll(bytes, 0, resolve)).then(() => {
      this.#written = undefined;
      if (this.#waiting !== '') this.#timer ??= setTimeout(() => this.#send(), INTERVAL).unref();
    });
  }

  #writeAll(bytes: Buffer, from: number, done: () => void): void {
    write(this.#handle, bytes, from, bytes.length - from, null, (error, written) => {
      const next = from + written;
      if (error === null && next < bytes.length) return this.#writeAll(bytes, next, done);
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
