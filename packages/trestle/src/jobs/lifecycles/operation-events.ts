import { Problem } from '../../problems.ts';
import type { Caller } from '../../schema/caller.ts';
import type { OperationEvent } from '../../schema/services/operation-service.ts';
import { callerName, type JobQueue } from '../queue.ts';
import { hasEnded, type Operations } from './operations.ts';

/**
 * Milliseconds between looks at an operation and its reader's credentials: how long a stream outlives a revoked key at most,
 * and how late it tells of a change where the database does not.
 */
const LOOK_EVERY = 500;

/** Throws where a caller's credentials have been revoked since they were taken. */
export type RequireActive = (caller: Caller) => Promise<void>;

/** The event streams of one process, counted by who opened them. */
export class EventStreams {
  readonly #operations: Operations;
  readonly #queue: JobQueue;
  readonly #requireActive: RequireActive;
  readonly #open = new Map<string, number>();
  #all = 0;

  constructor(operations: Operations, queue: JobQueue, requireActive: RequireActive) {
    this.#operations = operations;
    this.#queue = queue;
    this.#requireActive = requireActive;
  }

  /**
   * An operation's states from now on, or from after an event, until it has ended. Each event is the whole state, so a slow
   * reader skips some and loses nothing, and no more than one waits for it. Credentials and access are asked again before each.
   */
  async open(
    caller: Caller,
    id: string,
    { after = 0, signal }: { after?: number; signal: AbortSignal },
  ): Promise<AsyncIterableIterator<OperationEvent>> {
    await this.#operations.find(caller, id);
    const leave = this.#enter(caller);
    const read = async () => {
      await this.#requireActive(caller);
      return this.#operations.find(caller, id);
    };
    const changed = new ChangeSignal(this.#queue, id);
    let last = after;
    let ended = false;
    // Not a generator: the slot is given back also where nobody reads on after the last event, or where nobody ever read.
    const end = () => {
      ended = true;
      changed.end();
      signal.removeEventListener('abort', end);
      leave();
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const next = async (): Promise<IteratorResult<OperationEvent>> => {
      while (!ended) {
        const record = await read();
        const isNew = record.changes > last;
        last = Math.max(record.changes, last);
        if (hasEnded(record)) end();
        if (isNew)
          return { value: { id: record.changes, operation: this.#operations.view(record) }, done: false };
        if (!ended) await changed.next();
      }
      return { value: undefined, done: true };
    };
    const stream: AsyncIterableIterator<OperationEvent> = {
      async next() {
        try {
          return await next();
        } catch (error) {
          end();
          throw error;
        }
      },
      async return() {
        end();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => stream,
    };
    return stream;
  }

  #enter(caller: Caller): () => void {
    const { perCaller, all } = this.#queue.limits.streams;
    const name = callerName(caller);
    const own = this.#open.get(name) ?? 0;
    if (own >= perCaller || this.#all >= all)
      throw new Problem('too_many_requests', {
        detail: `At most ${perCaller} event streams may be open at once. Close one first.`,
        headers: { 'Retry-After': '5' },
      });
    this.#all += 1;
    this.#open.set(name, own + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all -= 1;
      const rest = (this.#open.get(name) ?? 1) - 1;
      if (rest === 0) this.#open.delete(name);
      else this.#open.set(name, rest);
    };
  }
}

/** Waits for changes of one job; one that comes while nobody waits is not lost. */
class ChangeSignal {
  readonly #unwatch: () => void;
  #pending = false;
  #resolve: (() => void) | undefined;

  constructor(queue: JobQueue, id: string) {
    this.#unwatch = queue.watch(id, () => this.#wake());
  }

  async next(): Promise<void> {
    if (!this.#pending) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resolve = resolve;
      const timer = setTimeout(resolve, LOOK_EVERY);
      await promise;
      clearTimeout(timer);
    }
    this.#pending = false;
    this.#resolve = undefined;
  }

  end(): void {
    this.#unwatch();
    this.#wake();
  }

  #wake(): void {
    this.#pending = true;
    this.#resolve?.();
  }
}
