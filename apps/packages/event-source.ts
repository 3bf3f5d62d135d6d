/** One server-sent event: its id, and the JSON of its data. */
export interface ServerEvent {
  readonly id: string;
  readonly data: unknown;
}

/** Seconds between connections, and how many in a row may fail. */
const PAUSE = 1;
const MAX_FAILURES = 30;

/**
 * Reads server-sent events until the server says that there are no more (204) or ends after one that `last` accepts.
 * A connection that breaks is made again, from the last event on. Throws what the server answered where it refuses.
 */
export async function* eventsOf(
  url: string,
  options: { headers: Record<string, string>; last: (event: ServerEvent) => boolean },
): AsyncGenerator<ServerEvent> {
  let seen = '';
  for (let failures = 0; failures < MAX_FAILURES; failures += 1) {
    try {
      const headers = { ...options.headers, ...(seen !== '' && { 'last-event-id': seen }) };
      const response = await fetch(url, { headers });
      if (response.status === 204) return;
      if (response.status >= 400 && response.status < 500)
        throw new Refused(`${url} answered ${response.status}: ${await response.text()}`);
      if (response.status !== 200 || !response.body) continue;
      for await (const event of parsed(response.body)) {
        seen = event.id;
        failures = 0;
        yield event;
        if (options.last(event)) return;
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE * 1000));
  }
  throw new Error(`${url} cannot be reached any more`);
}

class Refused extends Error {}

async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) yield { id: /^id: (.*)$/m.exec(block)?.[1] ?? '', data: JSON.parse(data) };
    }
  }
}
