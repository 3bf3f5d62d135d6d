import { Listeners, type Notifier } from '../database/notifier.ts';
import type { Executor, Store } from '../database/store.ts';

const CHANNEL = 'operations';

/**
 * Tells of operations that have changed: in this process at once, and in the others where the store offers it. A hint:
 * whoever hears it reads the operation, and looks now and then without having heard.
 */
export class Changes {
  readonly #listeners: Listeners;
  readonly #notifier: Notifier | undefined;
  readonly #end: (() => void) | undefined;

  constructor(store: Store, failed: (error: unknown) => void) {
    this.#listeners = new Listeners(failed);
    this.#notifier = isNotifier(store) ? store : undefined;
    this.#end = this.#notifier?.listen(CHANNEL, (id) =>
      id === null ? this.#listeners.tellGap() : this.tell(id),
    );
  }

  /** Tells the other processes, once the transaction has committed. */
  async announce(transaction: Executor, id: string): Promise<void> {
    await this.#notifier?.notify(transaction, CHANNEL, id);
  }

  /** Tells this process. */
  tell(id: string): void {
    this.#listeners.tell(id, id);
    this.#listeners.tell('', id);
  }

  /** Hears of one operation's changes. Returns what ends it. */
  watch(id: string, heard: () => void): () => void {
    return this.#listeners.add(id, heard);
  }

  /** Hears of every change. */
  watchAll(heard: () => void): () => void {
    return this.#listeners.add('', heard);
  }

  close(): void {
    this.#end?.();
  }
}

function isNotifier(store: Store): store is Store & Notifier {
  return 'notify' in store && 'listen' in store;
}
