import type { LiveLists } from '../../../rows/live/live-lists.ts';
import type { LiveEvent } from '../../../rows/live/subscriber.ts';
import type { Model } from '../../../rows/model.ts';
import { clientName } from '../../../schema/caller.ts';
import { bytes } from '../../../schema/routes/bytes.ts';
import { type Route, route } from '../../../schema/routes/route.ts';
import { nobody } from '../../../schema/rules.ts';
import { EVENTS } from '../../contract/event-stream.ts';
import { invalidParameter } from '../../requests/input.ts';
import { documentedQuery, liveParameters } from '../uniform/list-parameters.ts';
import { ListQueryCache } from '../uniform/list-query.ts';
import { typeName } from '../uniform/route-names.ts';

/** Milliseconds a client waits before it reconnects. */
const RETRY_MS = 1000;

const DESCRIPTION =
  `Server-sent events that keep a list up to date. They begin with \`page\` (the list's first page) and go on with
\`put\` (a row that is in the list now, new or changed) and \`gone\` (\`{"id": ...}\` of a row that has left it: deleted, or out of
the filter or of the caller's reach), in the order of the commits. Rules and fields are those of the list. A client that
reconnects with \`Last-Event-ID\` gets what it has missed; where that is too long ago (24 hours), or where it reads too slowly,
\`resync\` comes and a new \`page\`. The stream ends within a second when the credentials do. Conditions that depend on
the time alone are seen with the next change of a row.`.replaceAll('\n', ' ');

/** `GET /v1/RESOURCE/events`: the list of a live resource, kept up to date. */
export function liveRoute(model: Model, live: LiveLists): Route {
  const lists = new ListQueryCache(model);
  const { name } = model;
  const options = {
    tag: name,
    can: model.resource.can.read ?? nobody,
    operationId: `watch${typeName(name)}`,
    summary: `Watch ${name}`,
    description: DESCRIPTION,
    query: documentedQuery(liveParameters(model)),
    checkQuery: false,
    produces: EVENTS,
    headers: ['Last-Event-ID'],
    answers: { 200: null },
  } as const;
  return route('GET', `/${name}/events`, options, async (request) => {
    if (Object.hasOwn(request.query, 'search'))
      throw invalidParameter(
        'search',
        'unsupported',
        'a live list has no search; watch a filter, or search again after a change',
      );
    const { query } = lists.of(request.url, request.query, LIVE_PARAMETERS);
    const { caller, origin, signal, method, headers } = request;
    const after = headers['last-event-id'];
    const asked = { caller, client: clientName(caller, origin), resource: name, query, signal };
    const batches = await live.open({ ...asked, ...(typeof after === 'string' && { after }) });
    if (method === 'HEAD') await batches.return?.();
    return bytes(
      { content: textOf(batches), type: `${EVENTS}; charset=utf-8` },
      { 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    );
  });
}

/** A list's parameters that a live list has. */
const LIVE_PARAMETERS = ['limit', 'sort', 'filter', 'fields'];

async function* textOf(batches: AsyncIterable<readonly LiveEvent[]>): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const batch of batches) {
    let text = texts.get(batch);
    if (text === undefined) {
      const lines = batch.map(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`);
      text = batch.length === 0 ? ': still here\n\n' : lines.join('');
      texts.set(batch, text);
    }
    yield text;
  }
}

/** The texts of batches that several subscribers are sent. */
const texts = new WeakMap<readonly LiveEvent[], string>();
