import type { Caller } from '../../schema/caller.ts';

/** An event of a live list. */
export interface LiveEvent {
  /** Names the place after which a client resumes. */
  readonly id: string;
  /** The number of its change; none for what a subscriber begins with. */
  readonly number?: number;
  /** `page`: rows to begin with; `put`: a row that is in the list now; `gone`: one that has left it; `resync`: begin anew. */
  readonly event: 'page' | 'put' | 'gone' | 'resync';
  /** As JSON: subscribers who see the same share the text. */
  readonly data: string;
}

/** No events: a sign of life. */
const QUIET: readonly LiveEvent[] = Object.freeze([]);

type Begin = (subscriber: Subscriber, after: string | undefined) => Promise<LiveEvent[]>;

/** One open live list: what waits to be sent, in a queue with an end. Who reads too slowly begins anew. */
export class Subscriber {
  /** Events that may wait for a slow reader; further ones make it begin anew. */
  static readonly MAX_QUEUED = 500;
  readonly caller: Caller;
  /** Called once when it has ended. */
  ended: () => void = () => {};
  /** The change up to which it has everything already; until it has begun nothing is for it. */
  from = Number.POSITIVE_INFINITY;
  readonly #begin: Begin;
  #queue: (readonly LiveEvent[])[] = [];
  #queued = 0;
  #isStale = false;
  #isOver = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(caller: Caller, begin: Begin) {
    this.caller = caller;
    this.#begin = begin;
  }

  /** Puts what the list begins with in front. @param after the last event that the client has. */
  async begin(after?: string): Promise<void> {
    const events = await this.#begin(this, after);
    const waiting = this.#queue;
    this.#queue = [events];
    this.#queued = events.length;
    // Some of what came meanwhile may be in the page already.
    for (const batch of waiting) this.push(batch);
  }

  push(batch: readonly LiveEvent[]): void {
    if (this.#isOver || this.#isStale) return;
    const first = batch[0]?.number ?? 0;
    const own = first > this.from ? batch : batch.filter(({ number = 0 }) => number > this.from);
    if (own.length === 0) return;
    this.#queue.push(own);
    this.#queued += own.length;
    if (this.#queued > Subscriber.MAX_QUEUED) this.resync();
    this.#wake?.();
  }

  /** Drops what waits; the reader begins anew with a page. */
  resync(): void {
    if (this.#isOver) return;
    this.#isStale = true;
    this.#queue = [];
    this.#queued = 0;
    this.#wake?.();
  }

  /** Sends a sign of life where nothing else waits. */
  beat(): void {
    if (this.#queue.length > 0 || this.#isOver) return;
    this.#queue.push(QUIET);
    this.#wake?.();
  }

  end(failure?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#queue = [];
    this.ended();
    this.#wake?.();
  }

  readonly batches: AsyncIterableIterator<readonly LiveEvent[]> = {
    next: async () => {
      for (;;) {
        if (this.#isOver) {
          if (this.#failure) throw this.#failure;
          return { value: undefined, done: true };
        }
        if (this.#isStale) {
          this.#isStale = false;
          await this.begin('').catch((error: unknown) => this.end(error));
          continue;
        }
        const batch = this.#queue.shift();
        if (batch) {
          this.#queued -= batch.length;
          return { value: batch, done: false };
        }
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
      }
    },
    return: async () => {
      this.end();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]: () => this.batches,
  };
}
