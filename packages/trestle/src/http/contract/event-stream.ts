import { bytes } from '../../schema/routes/bytes.ts';
import type { Answer, RouteRequest } from '../../schema/routes/route.ts';
import type {
  OperationEvent,
  OperationService,
  OperationView,
} from '../../schema/services/operation-service.ts';

/**
 * The media type of server-sent events, for a route's `produces`: `EventSource` accepts no other.
 *
 * @example
 * const options = { summary: 'Progress', produces: EVENTS, answers: { 200: null } };
 */
export const EVENTS = 'text/event-stream';

/** Milliseconds between comments that keep a quiet connection open through proxies. */
const HEARTBEAT_MS = 20_000;
/** Milliseconds a client waits before it reconnects. */
const RETRY_MS = 1000;

type View = (operation: OperationView) => unknown;

/**
 * An operation's progress as server-sent events (HTML, section 9.2), for a GET route of a contract. It resumes after the
 * Last-Event-ID that a client sends; where that was the last one, 204 tells the client not to reconnect.
 *
 * @param view the data of an event (default: the whole operation).
 * @throws {Problem} `not_found` where the caller may not read the operation.
 * @example
 * route('GET', '/operations/:id/events', { summary: 'Progress', can: signedIn, params: Type.Object({ id: Type.String() }),
 *   produces: EVENTS, answers: { 200: null } }, (request) => operationEvents(operations, request, request.params.id));
 */
export async function operationEvents(
  operations: OperationService,
  request: Pick<RouteRequest, 'caller' | 'headers' | 'signal' | 'method'>,
  id: string,
  view: View = (operation) => operation,
): Promise<Answer> {
  const { caller, headers, signal, method } = request;
  const found = await operations.read(caller, id);
  if (method === 'HEAD') return streamed(eventsOf(), view);
  const header = headers['last-event-id'];
  const number = Number(typeof header === 'string' && /^\d{1,15}$/.test(header) ? header : 0);
  const after = Number.isSafeInteger(number) ? number : 0;
  const events = await operations.events(caller, id, { after, signal });
  const iterator = events[Symbol.asyncIterator]();
  if (found.finished_at === null) return streamed(iterator, view);
  const first = await iterator.next();
  return first.done ? { status: 204 } : streamed(eventsOf(first.value), view);
}

function streamed(events: AsyncIterator<OperationEvent>, view: View): Answer {
  return bytes(
    { content: lines(events, view), type: `${EVENTS}; charset=utf-8` },
    { 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  );
}

async function* eventsOf(...events: OperationEvent[]): AsyncGenerator<OperationEvent> {
  yield* events;
}

async function* lines(iterator: AsyncIterator<OperationEvent>, view: View): AsyncGenerator<string> {
  try {
    yield `retry: ${RETRY_MS}\n\n`;
    let next = iterator.next();
    for (;;) {
      const { promise: quiet, resolve } = Promise.withResolvers<'quiet'>();
      const heartbeat = setTimeout(resolve, HEARTBEAT_MS, 'quiet');
      const result = await Promise.race([next, quiet]).finally(() => clearTimeout(heartbeat));
      if (result === 'quiet') {
        yield ': still here\n\n';
        continue;
      }
      if (result.done) return;
      const { id, operation } = result.value;
      yield `id: ${id}\nevent: ${operation.state}\ndata: ${JSON.stringify(view(operation))}\n\n`;
      // Only now: a state that is fetched before it can be sent would be an old one.
      next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}
