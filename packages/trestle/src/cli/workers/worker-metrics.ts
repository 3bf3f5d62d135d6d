import type { Worker } from 'node:cluster';

/** The metrics of one worker, in the Prometheus text format. */
export interface WorkerMetrics {
  readonly worker: number;
  readonly text: string;
}

/**
 * Messages between workers and their primary, with which any worker answers with the metrics of all: a worker asks, the
 * primary collects from each, each gives its own, and the one that asked receives all of them.
 */
type Message =
  | { readonly metrics: 'ask'; readonly id: number }
  | { readonly metrics: 'collect'; readonly id: number }
  | { readonly metrics: 'given'; readonly id: number; readonly text: string }
  | { readonly metrics: 'all'; readonly id: number; readonly texts: readonly WorkerMetrics[] };

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'metrics' in message;
}

/** Milliseconds a worker has to give its metrics; after that, the others are answered. */
const TIMEOUT_MS = 1_000;

interface Collection {
  readonly asker: Worker;
  /** The id the asker knows it by. */
  readonly asked: number;
  readonly texts: WorkerMetrics[];
  missing: number;
}

/** The primary's side. */
export class MetricsCollector {
  readonly #collections = new Map<number, Collection>();
  #last = 0;

  /** Takes what a worker said. `others`: all that serve. */
  heard(worker: Worker, number: number, message: unknown, others: () => readonly Worker[]): void {
    if (!isMessage(message)) return;
    if (message.metrics === 'ask') {
      const id = ++this.#last;
      const workers = others();
      this.#collections.set(id, { asker: worker, asked: message.id, texts: [], missing: workers.length });
      for (const other of workers) tell(other, { metrics: 'collect', id });
      setTimeout(() => this.#end(id), TIMEOUT_MS).unref();
    }
    if (message.metrics === 'given') {
      const { id, text } = message;
      const collection = this.#collections.get(id);
      if (!collection) return;
      collection.texts.push({ worker: number, text });
      collection.missing -= 1;
      if (collection.missing === 0) this.#end(id);
    }
  }

  #end(id: number): void {
    const collection = this.#collections.get(id);
    if (!collection) return;
    this.#collections.delete(id);
    tell(collection.asker, { metrics: 'all', id: collection.asked, texts: collection.texts });
  }
}

function tell(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message);
}

/** A worker's side: gives its own metrics when they are collected, and answers those of all. */
export function metricsOfAll(own: () => Promise<string>): () => Promise<string> {
  const waiting = new Map<number, (texts: readonly WorkerMetrics[]) => void>();
  let last = 0;
  process.on('message', (message: unknown) => {
    if (!isMessage(message)) return;
    if (message.metrics === 'collect')
      void own().then((text) => process.send?.({ metrics: 'given', id: message.id, text }));
    if (message.metrics === 'all') {
      waiting.get(message.id)?.(message.texts);
      waiting.delete(message.id);
    }
  });
  return async () => {
    const id = ++last;
    const texts = new Promise<readonly WorkerMetrics[]>((resolve) => waiting.set(id, resolve));
    process.send?.({ metrics: 'ask', id });
    return mergeMetrics(await texts);
  };
}

interface Family {
  readonly head: string[];
  readonly samples: string[];
}

/** One text of several: every sample with the label `worker`, all samples of a metric together, as the format asks. */
export function mergeMetrics(texts: readonly WorkerMetrics[]): string {
  const families = new Map<string, Family>();
  for (const { worker, text } of texts.toSorted((a, b) => a.worker - b.worker)) {
    let family: Family | undefined;
    for (const line of text.split('\n')) {
      const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        family = families.get(name) ?? { head: [], samples: [] };
        families.set(name, family);
        if (!family.head.some((known) => known.startsWith(`# ${kind} `))) family.head.push(line);
      } else if (line !== '' && !line.startsWith('#')) family?.samples.push(labelled(line, worker));
    }
  }
  return [...families.values()].map(({ head, samples }) => `${[...head, ...samples].join('\n')}\n`).join('');
}

function labelled(sample: string, worker: number): string {
  const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (.+)$/.exec(sample) ?? [];
  return `${name}{worker="${worker}"${labels === '' ? '' : `,${labels}`}} ${value}`;
}
