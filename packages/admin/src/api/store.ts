import { useSyncExternalStore } from 'react';

/** A value that components watch, set from anywhere. */
export interface Store<Value> {
  get(): Value;
  set(next: Value): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<Value>(store: Store<Value>): Value {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A JSON value that the browser keeps between visits. Storage that is full or forbidden keeps nothing. */
export const kept = {
  read<Value>(key: string): Value | undefined {
    try {
      const text = localStorage.getItem(`trestle:${key}`);
      // Written by `write` alone, with the type that its reader names.
      return text === null ? undefined : (JSON.parse(text) as Value);
    } catch {
      return undefined;
    }
  },
  write(key: string, value: unknown): void {
    try {
      if (value === undefined) localStorage.removeItem(`trestle:${key}`);
      else localStorage.setItem(`trestle:${key}`, JSON.stringify(value));
    } catch {
      // Nothing depends on it.
    }
  },
};
