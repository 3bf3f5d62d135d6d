import { closeSync, mkdirSync, openSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../problems.ts';

/** Milliseconds after which what could not be written is tried once more. */
const RETRY_MS = 200;
/** While nobody takes the lines (a full disk, a pipe that nobody reads) no more bytes than this are kept. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;
const STANDARD_ERROR = 2;
const LINE_BREAK = 10;

/**
 * Lines on their way into a file or the standard error output, written by the block and in order without making requests
 * wait: one block is written while the other is filled. (pino's own destination measures every line in bytes, which cost more
 * than all the rest of logging a request.)
 */
export class LogFile {
  readonly #path: string | undefined;
  #handle: number;
  /** The block that is filled, with so many bytes, and the other one. */
  #waiting = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #size = 0;
  #other = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Settles when what is being written is. */
  #written: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;

  /** @param path a file, which is made with its folder; undefined for the standard error output. */
  constructor(path?: string) {
    this.#path = path;
    this.#handle = path === undefined ? STANDARD_ERROR : open(path);
  }

  /** Takes lines, whole ones, and copies them. */
  write(lines: Uint8Array): void {
    if (this.#size + lines.length > MAX_WAITING_BYTES) {
      for (const byte of lines) if (byte === LINE_BREAK) this.#dropped += 1;
      return;
    }
    this.#append(lines);
    if (!this.#timer) this.#send();
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
      const why = messageOf(error);
      const line = { level: 'error', why, msg: 'the log file could not be reopened' };
      this.write(Buffer.from(`${JSON.stringify(line)}\n`));
      return;
    }
    if (this.#written) void this.#written.then(() => closeSync(old));
    else closeSync(old);
  }

  /** Writes what waits, before the process ends. */
  async flush(): Promise<void> {
    while (this.#written) await this.#written;
    try {
      writeSync(this.#handle, this.#take());
    } catch {
      // There is nobody left to tell.
    }
  }

  #send(): void {
    if (this.#written) return;
    const bytes = this.#take();
    const handle = this.#handle;
    this.#written = new Promise<void>((resolve) => this.#writeAll(handle, bytes, 0, resolve)).then(() => {
      this.#written = undefined;
      if (this.#size > 0 && !this.#timer) this.#send();
    });
  }

  #writeAll(handle: number, bytes: Buffer, from: number, done: () => void): void {
    write(handle, bytes, from, bytes.length - from, null, (error, written) => {
      const next = from + written;
      if (error === null && next < bytes.length) return this.#writeAll(handle, bytes, next, done);
      // A pipe that is full for now, or a disk: what was being written stays in front of what came since.
      if (error) {
        const since = Buffer.from(this.#waiting.subarray(0, this.#size));
        this.#size = 0;
        this.#append(bytes.subarray(from));
        this.#append(since);
        this.#timer = setTimeout(() => this.#send(), RETRY_MS).unref();
      }
      done();
    });
  }

  #append(bytes: Uint8Array): void {
    const size = this.#size + bytes.length;
    if (size > this.#waiting.length) {
      const longer = Buffer.allocUnsafeSlow(Math.max(size, this.#waiting.length * 2));
      this.#waiting.copy(longer, 0, 0, this.#size);
      this.#waiting = longer;
    }
    this.#waiting.set(bytes, this.#size);
    this.#size = size;
  }

  #take(): Buffer {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dropped > 0) {
      const line = `{"level":"warn","msg":"lines dropped","count":${this.#dropped}}\n`;
      this.#append(Buffer.from(line));
    }
    const bytes = this.#waiting.subarray(0, this.#size);
    [this.#waiting, this.#other] = [this.#other, this.#waiting];
    this.#size = 0;
    this.#dropped = 0;
    return bytes;
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o640);
}
