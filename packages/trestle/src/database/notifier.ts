import type { Executor, Store } from './store.ts';

/** Receives payloads. Null: listening has begun again and messages may have been missed; read the state. */
export type Heard = (payload: string | null) => void;

/**
 * Wakes others, in this process and in every process on the same database, instead of letting them poll.
 * It is a hint, never the record: whoever is woken reads the rows, and looks now and then without being woken.
 */
export interface Notifier {
  /** Tells a channel's listeners once the transaction has committed; says nothing if it does not. At most 7,999 bytes. */
  notify(transaction: Executor, channel: string, payload: string): Promise<void>;
  /** Calls `heard` for every word on the channel: first with null, once it hears. Returns what ends it. */
  listen(channel: string, heard: Heard): () => void;
}

/** Whether a store wakes other processes. */
export function isNotifier(store: Store): store is Store & Notifier {
  return 'notify' in store && 'listen' in store;
}

/** Listeners by channel. One that throws harms no other. */
export class Listeners {
  readonly #byChannel = new Map<string, Set<Heard>>();
  readonly #failed: (error: unknown) => void;

  /** `failed` is told what a listener threw (default: nobody is). */
  constructor(failed: (error: unknown) => void = () => {}) {
    this.#failed = failed;
  }

  get channels(): string[] {
    return [...this.#byChannel.keys()];
  }

  add(channel: string, heard: Heard): () => void {
    const listeners = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, listeners.add(heard));
    return () => {
      listeners.delete(heard);
      if (listeners.size === 0 && this.#byChannel.get(channel) === listeners) this.#byChannel.delete(channel);
    };
  }

  tell(channel: string, payload: string | null): void {
    for (const heard of this.#byChannel.get(channel) ?? []) this.#call(heard, payload);
  }

  /** Says to one listener, if it still is one, that it hears from now on. */
  begin(channel: string, heard: Heard): void {
    if (this.#byChannel.get(channel)?.has(heard)) this.#call(heard, null);
  }

  /** Says on every channel that something may have been missed. */
  tellGap(): void {
    for (const channel of this.channels) this.tell(channel, null);
  }

  #call(heard: Heard, payload: string | null): void {
    try {
      heard(payload);
    } catch (error) {
      this.#failed(error);
    }
  }
}
