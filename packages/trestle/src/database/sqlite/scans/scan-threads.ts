import { extname } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';
import { rowMaker } from '../../row-maker.ts';
import type { Statement } from '../../statement.ts';
import { type Columns, scanTooLong, tooManyScans, type Value } from '../../store.ts';
import type { SqliteValues } from '../connection.ts';
import { sqliteProblem } from '../errors.ts';

/** A read, as a thread gets it. */
export interface Scan {
  readonly sql: string;
  readonly values: readonly (string | number | null | Uint8Array)[];
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

/** A part of the rows of a read, or why there are none. The next part is asked for by the message `more`. */
export type ScanAnswer =
  | {
      readonly columns: readonly string[];
      readonly rows: readonly unknown[][];
      readonly more: boolean;
      /** Microseconds that the statement took. */
      readonly took: number;
    }
  | { readonly message: string; readonly isLate: boolean; readonly errcode?: number };

/** The answer to a read. */
interface Scanned {
  readonly rows: Columns[];
  /** Microseconds that it took, without its wait for a thread. */
  readonly took: number;
}

interface Waiting extends Scan {
  readonly resolve: (scanned: Scanned) => void;
  readonly reject: (reason: unknown) => void;
}

/** Reads that may wait for a thread; more are refused. */
const MAX_WAITING = 64;
/** A thread that has not answered so many milliseconds after the deadline (it sorts) is ended. */
const GRACE = 500;

/** Threads that run long reads of one file, so that they hold up no request on the event loop. Started when first needed. */
export class ScanThreads {
  readonly #file: string;
  readonly #timeout: number;
  readonly #max: number;
  readonly #all = new Set<Worker>();
  readonly #idle: Worker[] = [];
  readonly #waiting: Waiting[] = [];
  /** Reads so far. */
  statements = 0;

  /** @param timeout milliseconds that a read may take, its wait for a thread included (default: 5,000). */
  constructor(file: string, timeout = 5000, threads = 2) {
    this.#file = file;
    this.#timeout = timeout;
    this.#max = threads;
  }

  /** Runs a read in a thread. Throws `unavailable` where it takes too long, or too many wait. */
  run({ sql }: Statement, values: readonly Value[]): Promise<Scanned> {
    if (this.#waiting.length >= MAX_WAITING) throw tooManyScans();
    this.statements += 1;
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + this.#timeout;
      this.#waiting.push({ sql, values: values as SqliteValues, deadline, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(scanTooLong());
    await Promise.all([...this.#all].map((thread) => thread.terminate()));
  }

  #dispatch(): void {
    if (this.#waiting.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#all.size < this.#max ? this.#start() : undefined);
    const next = thread && this.#waiting.shift();
    if (!thread || !next) return;
    const { resolve, reject, ...scan } = next;
    const late = setTimeout(() => void thread.terminate(), Math.max(scan.deadline + GRACE - Date.now(), 1));
    const end = (settle: () => void) => {
      clearTimeout(late);
      thread.off('message', answered).off('error', lost).off('exit', ended);
      settle();
      this.#dispatch();
    };
    const rows: Columns[] = [];
    const answered = (answer: ScanAnswer) => {
      if ('rows' in answer) {
        rows.push(...answer.rows.map(rowMaker(answer.columns)));
        if (answer.more) return thread.postMessage('more');
      }
      end(() => {
        thread.unref();
        this.#idle.push(thread);
        if ('rows' in answer) resolve({ rows, took: answer.took });
        else if (answer.isLate) reject(scanTooLong(new Error(answer.message)));
        else reject(sqliteProblem(Object.assign(new Error(answer.message), { errcode: answer.errcode })));
      });
    };
    const lost = (reason: unknown) =>
      end(() => {
        this.#all.delete(thread);
        reject(reason);
      });
    const ended = () => lost(scanTooLong());
    thread.on('message', answered).once('error', lost).once('exit', ended);
    thread.ref();
    thread.postMessage(scan);
  }

  #start(): Worker {
    const options = { workerData: this.#file };
    const thread = isSea()
      ? new Worker(getAsset('scan-thread', 'utf8'), { ...options, eval: true })
      : // The compiled package has this file beside it with the same extension.
        new Worker(new URL(`./scan-thread${extname(import.meta.filename)}`, import.meta.url), options);
    this.#all.add(thread);
    return thread;
  }
}
