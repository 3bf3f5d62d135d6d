import { ProblemError } from './problems.ts';
import { type Page, queryString } from './query.ts';
import type { UntypedRows } from './rows.ts';
import { delay, type RequestOptions, type Sender } from './transport.ts';

type Row = Readonly<Record<string, unknown>>;

interface LiveEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: unknown;
}

/** Rows of a page where a query names no limit. */
const DEFAULT_LIMIT = 50;
/** Maximum milliseconds to wait before a stream that ended is opened again. */
const MAX_RECONNECT_DELAY = 1000;

interface LiveQuery {
  readonly sort?: readonly string[];
  readonly limit?: number;
}

/**
 * The rows of a list, again after each change of them. What a change means for the order, or for the row after the last, the server
 * knows: the page is read again then, once for all changes that came together.
 */
export async function* liveRows(
  sender: Sender,
  rows: UntypedRows,
  path: string,
  { query, options }: { query: LiveQuery; options: RequestOptions },
): AsyncGenerator<unknown[]> {
  const list = new LiveList(query);
  for await (const events of resumed(sender, path, options)) {
    if (events.map((event) => list.apply(event)).includes(true)) {
      const page = await rows.list(query, options);
      if (page.ok) list.items = (page.value as Page<Row>).items;
    }
    rows.saw(list.items);
    yield [...list.items];
  }
}

class LiveList {
  items: Row[] = [];
  readonly #limit: number;
  readonly #keys: readonly string[] | undefined;

  constructor({ sort, limit = DEFAULT_LIMIT }: LiveQuery) {
    this.#limit = limit;
    this.#keys = sort?.map((key) => key.replace(/^-|:nulls(?:first|last)$/g, ''));
  }

  /** Applies an event; true where the page has to be read again. */
  apply({ event, data }: LiveEvent): boolean {
    if (event === 'page') this.items = Object(data).items;
    if (event !== 'put' && event !== 'gone') return false;
    const row: Row = Object(data);
    const at = this.items.findIndex(({ id }) => id === row.id);
    if (event === 'put') return !this.#putInPlace(at, row);
    const wasFull = this.items.length >= this.#limit;
    this.items = this.items.filter(({ id }) => id !== row.id);
    return at !== -1 && wasFull;
  }

  /** Replaces a row whose place has not changed. */
  #putInPlace(at: number, row: Row): boolean {
    const known = this.items[at];
    if (!known || !this.#keys?.every((key) => Object.hasOwn(row, key) && row[key] === known[key]))
      return false;
    this.items = this.items.with(at, row);
    return true;
  }
}

/** Events of a stream that is opened again where it ended. */
async function* resumed(sender: Sender, path: string, options: RequestOptions): AsyncGenerator<LiveEvent[]> {
  const { signal } = options;
  let last: string | undefined;
  while (!signal?.aborted) {
    const headers = { accept: 'text/event-stream', ...(last !== undefined && { 'last-event-id': last }) };
    const opened = await sender.send({ method: 'GET', path, headers, streams: true, ...options });
    if (signal?.aborted) return;
    if (opened.ok)
      // A stream's body is one, as it was asked for.
      for await (const events of eventsOf(opened.value.body as ReadableStream<Uint8Array>)) {
        last = events.at(-1)?.id ?? last;
        yield events;
      }
    else {
      const { code, status } = opened.problem;
      if (last === undefined || (code !== 'network' && status < 500)) throw new ProblemError(opened.problem);
    }
    await delay(Math.random() * MAX_RECONNECT_DELAY, signal);
  }
}

/** The path of a live list. */
export function livePath(path: string, query: object): string {
  return `${path}/events${queryString(query)}`;
}

/** Server-sent events, those that come together at a time (HTML, 9.2.6), until the stream ends or breaks. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<LiveEvent[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const read = await reader.read().catch(() => undefined);
      if (!read || read.done) return;
      const blocks = (text + decoder.decode(read.value, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      const events = blocks.map(eventOf).filter(({ event }) => event !== undefined);
      if (events.length > 0) yield events;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function eventOf(block: string): LiveEvent {
  const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
  const data = fields.get('data');
  return {
    id: fields.get('id'),
    event: fields.get('event'),
    data: data === undefined ? undefined : JSON.parse(data),
  };
}
