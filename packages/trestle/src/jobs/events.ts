import { Problem } from '../problems.ts';
import type { Caller } from '../schema/caller.ts';
import { accountOf } from '../schema/caller.ts';
import type { OperationEvent } from '../schema/services/operation-service.ts';
import { readableOperation } from './access.ts';
import { hasEnded, viewOf } from './operation-record.ts';
import type { Parts } from './parts.ts';

/** Milliseconds between looks at an operation that another process may run, where the store does not tell. */
const LOOK_EVERY = 500;

/** The streams of one process, counted by who opened them. */
export class EventStreams {
  readonly #parts: Parts;
  readonly #open = new Map<string, number>();
  #all = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * An operation's states from now on, or from after an event, until it has ended. Each event is the whole state, so a slow
   * reader skips some and loses nothing, and no more than one waits for it. Access is asked again before each.
   */
  async open(
    caller: Caller,
    id: string,
    options: { after?: number; signal: AbortSignal },
  ): Promise<AsyncIterable<OperationEvent>> {
    await readableOperation(this.#parts, caller, id);
    const leave = this.#enter(caller);
    // A stream that is never read is left when its reader goes away.
    options.signal.addEventListener('abort', leave, { once: true });
    if (options.signal.aborted) leave();
    return this.#stream(caller, id, options, leave);
  }

  async *#stream(
    caller: Caller,
    id: string,
    { after = 0, signal }: { after?: number; signal: AbortSignal },
    leave: () => void,
  ): AsyncGenerator<OperationEvent> {
    const changed = new Signal(this.#parts, id, signal);
    try {
      let last = after;
      while (!signal.aborted) {
        const record = await readableOperation(this.#parts, caller, id);
        if (record.changes > last) yield { id: record.changes, operation: viewOf(record) };
        last = Math.max(record.changes, last);
        if (hasEnded(record)) return;
        await changed.next();
      }
    } finally {
      changed.end();
      signal.removeEventListener('abort', leave);
      leave();
    }
  }

  #enter(caller: Caller): () => void {
    const { perAccount, all } = this.#parts.limits.streams;
    const who = nameOf(caller);
    const mine = this.#open.get(who) ?? 0;
    if (mine >= perAccount || this.#all >= all)
      throw new Problem('too_many_requests', {
        detail: `At most ${perAccount} event streams may be open at once. Close one first.`,
        headers: { 'Retry-After': '5' },
      });
    this.#all += 1;
    this.#open.set(who, mine + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#all -= 1;
      const rest = (this.#open.get(who) ?? 1) - 1;
      if (rest === 0) this.#open.delete(who);
      else this.#open.set(who, rest);
    };
  }
}

function nameOf(caller: Caller): string {
  const account = accountOf(caller);
  if (account !== null) return `account ${account}`;
  return caller.kind === 'key' ? `key ${caller.key}` : caller.kind;
}

/** Waits for changes of one operation; one that comes while nobody waits is not lost. */
class Signal {
  readonly #unwatch: () => void;
  readonly #signal: AbortSignal;
  #pending = false;
  #resolve: (() => void) | undefined;
  readonly #heard = () => {
    this.#pending = true;
    this.#resolve?.();
  };

  constructor(parts: Parts, id: string, signal: AbortSignal) {
    this.#unwatch = parts.changes.watch(id, this.#heard);
    this.#signal = signal;
    signal.addEventListener('abort', this.#heard);
  }

  async next(): Promise<void> {
    if (!this.#pending) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
        timer = setTimeout(resolve, LOOK_EVERY);
      });
      clearTimeout(timer);
    }
    this.#pending = false;
    this.#resolve = undefined;
  }

  end(): void {
    this.#unwatch();
    this.#signal.removeEventListener('abort', this.#heard);
  }
}
