// Jobs as operators see them: their attempts, and changes as they are made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, job, OperationError, resource, text } from 'trestle';
import { startApps } from '../harness.ts';
import { eachPlace } from '../stores.ts';
import { type Browser, operatorOf } from './operators.ts';

interface Attempt {
  number: number;
  started_at: string | null;
  finished_at: string | null;
  outcome: string;
  error: string | null;
}

interface Job {
  id: string;
  name: string;
  state: string;
  progress: number;
  message: string | null;
}

/** A job that fails twice and then waits to be let go. */
function flaky() {
  const gate = Promise.withResolvers<void>();
  const declared = app({
    name: 'flaky',
    resources: { notes: resource({ fields: { title: text() }, can: { read: anyone } }) },
    jobs: {
      send: job({
        retries: 2,
        async run(context) {
          if (context.attempt < 3) throw new OperationError(`try ${context.attempt}`);
          context.progress(0.5, 'half');
          await gate.promise;
        },
      }),
    },
  });
  return { declared, letGo: gate.resolve };
}

const QUICK = { jobs: { poll: 0.05, progress: 0.01, pause: () => 0.01 } };

/** The events `job` of a stream, as they come. */
async function* jobsOf(root: Browser, url: string, signal: AbortSignal): AsyncGenerator<Job> {
  const stream = await fetch(`${url}/v1/admin/jobs/events`, { headers: { cookie: root.cookie }, signal });
  assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.ok(stream.body);
  let rest = '';
  for await (const part of stream.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + part).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('retry:'))
        yield { id: '', name: '', state: 'connected', progress: 0, message: null };
      const data = /^event: job\ndata: (.*)$/.exec(event)?.[1];
      if (data) yield JSON.parse(data);
    }
  }
}

eachPlace('jobs of operators', (place) => {
  test('attempts are listed with their times and errors, and changes come as they are made', async (t) => {
    const { declared, letGo } = flaky();
    const at = await place();
    await using server = await startApps(declared, { ...at, ...QUICK });
    const root = await operatorOf(server);
    const end = new AbortController();
    t.after(() => end.abort());
    const changes = jobsOf(root, server.url, end.signal);
    assert.equal((await changes.next()).value?.state, 'connected');
    const { body: made } = await root.call<Job>('POST /v1/admin/jobs', { body: { name: 'send' } });
    const attempts = async () =>
      (await root.call<{ items: Attempt[] }>(`GET /v1/admin/jobs/${made.id}/attempts`)).body.items;
    const until = async (wanted: (job: Job) => boolean) => {
      for (;;) {
        const { value, done } = await changes.next();
        if (done) return assert.fail('the stream has ended');
        if (value.id === made.id && wanted(value)) return value;
      }
    };
    assert.equal((await until(({ message }) => message === 'half')).progress, 0.5);
    const running = await attempts();
    assert.deepEqual(
      running.map(({ number, outcome, error }) => [number, outcome, error]),
      [
        [1, 'failed', 'try 1'],
        [2, 'failed', 'try 2'],
        [3, 'running', null],
      ],
    );
    letGo();
    await until(({ state }) => state === 'succeeded');
    const all = await attempts();
    assert.deepEqual(
      all.map(({ outcome }) => outcome),
      ['failed', 'failed', 'succeeded'],
    );
    for (const { started_at, finished_at } of all) assert.ok((started_at ?? '') <= (finished_at ?? ''));
    assert.equal(
      (await root.call('GET /v1/admin/jobs/0190f000-0000-7000-8000-000000000000/attempts')).status,
      404,
    );
    assert.equal((await server.call(`GET /v1/admin/jobs/${made.id}/attempts`)).status, 401);
    assert.equal((await server.call('GET /v1/admin/jobs/events')).status, 401);
    const viewer = await operatorOf(server, 'viewer');
    assert.equal((await viewer.call(`GET /v1/admin/jobs/${made.id}/attempts`)).status, 200);
    // The stream ends with the session of whoever follows it.
    await root.call('DELETE /v1/admin/session');
    while (!(await changes.next()).done);
  });
});
