/** An event of a stream, as `EventSource` would hand it over. */
export interface ReadEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Reads a stream of server-sent events, one after the other. */
export class EventReader {
  readonly status: number;
  readonly body: unknown;
  readonly #chunks: AsyncIterator<string> | undefined;
  readonly #stop: AbortController;
  #text = '';

  private constructor(response: Response, stop: AbortController, body?: unknown) {
    this.status = response.status;
    this.body = body;
    this.#stop = stop;
    this.#chunks = response.ok ? response.body?.pipeThrough(new TextDecoderStream()).values() : undefined;
  }

  /** Opens a stream; a test that gets no event ends by its own timeout. */
  static async open(
    url: string,
    { token, after }: { token?: string; after?: string } = {},
  ): Promise<EventReader> {
    const stop = new AbortController();
    const response = await fetch(url, {
      headers: {
        accept: 'text/event-stream',
        ...(token && { authorization: `Bearer ${token}` }),
        ...(after && { 'last-event-id': after }),
      },
      signal: stop.signal,
    });
    return new EventReader(response, stop, response.ok ? undefined : await response.json());
  }

  /** The next event; undefined where the stream has ended. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const fields = new Map(
          block.split('\n').map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
        );
        const event = fields.get('event');
        if (event === undefined) continue;
        return { id: fields.get('id') ?? '', event, data: JSON.parse(fields.get('data') ?? 'null') };
      }
      const read = await this.#chunks?.next();
      if (!read || read.done) return undefined;
      this.#text += read.value;
    }
  }

  close(): void {
    this.#stop.abort();
  }
}
