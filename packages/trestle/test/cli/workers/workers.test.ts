import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it, test } from 'node:test';
import { mergeMetrics } from '../../../src/cli/workers/worker-metrics.ts';
import { pauseAfter } from '../../../src/cli/workers/workers.ts';
import { ADMINISTRATOR, callOver } from '../../harness.ts';
import { appFolder, command, NOTES, run, type Serving, serve, temporaryFolder } from '../../processes.ts';
import { eachPlace, type Place } from '../../stores.ts';

/** Notes that count who reads them. */
const COUNTED = NOTES.replace('integerId, resource', 'integerId, counter, resource').replace(
  'text({ max: 160 }) }',
  'text({ max: 160 }), views: counter({ countsReads: true }) }',
);
/** A bound, so that a test that fails ends. */
const MAX_READS = 20_000;
const WORKERS = ['--workers', '3', '--readiness-delay', '0'];

function optionsOf({ data, database }: Place): string[] {
  return ['--data', data, ...(database ? ['--database', database] : [])];
}

interface Line {
  msg: string;
  worker: number;
  pid: number;
}

function linesOf({ output }: Serving, message: string): Line[] {
  const lines = output.stderr.split('\n').filter((line) => line.endsWith(`"msg":"${message}"}`));
  return lines.map((line): Line => JSON.parse(line));
}

/** Waits until the log has so many lines of this message. */
async function logged(server: Serving, message: string, count: number): Promise<Line[]> {
  for (;;) {
    const lines = linesOf(server, message);
    if (lines.length >= count) return lines;
    const next = await Promise.race([once(server.child.stderr ?? server.child, 'data'), server.ended]);
    if ('code' in next) throw new Error(`ended with ${next.code}: ${next.stderr}`);
  }
}

/** Clients that read one row again and again, until so many answers came; a cut connection is counted. */
class Readers {
  readonly seen: number[] = [];
  lost = 0;
  enough = MAX_READS;

  async read(url: string, clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.#client(url)));
  }

  async #client(url: string): Promise<void> {
    while (this.seen.length < this.enough && this.lost < 100) {
      const answer = await callOver<{ views: number }>(url, 'GET /v1/notes/1').catch(() => undefined);
      if (answer?.status === 200) this.seen.push(answer.body.views);
      else this.lost += 1;
    }
  }
}

eachPlace('workers', (place) => {
  it('share an address and a count; one that is killed is replaced while the others go on', async () => {
    const env = { TRESTLE_ADMIN_SECRET: ADMINISTRATOR };
    const server = await serve([appFolder(COUNTED), ...optionsOf(await place()), ...WORKERS], { env });
    assert.equal((await callOver(server.url, 'POST /v1/notes', { body: { content: 'x' } })).status, 201);
    const [, victim] = await logged(server, 'worker serves', 3);
    assert(victim);
    const reads = new Readers();
    const reading = reads.read(server.url, 12);
    process.kill(victim.pid, 'SIGKILL');
    const [ended] = await logged(server, 'worker ended', 1);
    assert.equal(ended?.pid, victim.pid);
    const after = (await logged(server, 'worker serves', 4)).at(-1);
    assert.equal(after?.worker, victim.worker);
    assert.notEqual(after?.pid, victim.pid);
    reads.enough = reads.seen.length + 100;
    await reading;
    assert.equal(new Set(reads.seen).size, reads.seen.length, 'every answer shows its own count');
    await answersForAll(server, reads.seen.length);
    const last = await callOver<{ views: number }>(server.url, 'GET /v1/notes/1');
    // What the killed one had counted and not answered is among the lost.
    const unanswered = last.body.views - 1 - reads.seen.length;
    assert(unanswered >= 0 && unanswered <= reads.lost, `${unanswered} of ${reads.lost}`);
    assert(reads.lost <= 12, `${reads.lost} of ${reads.seen.length} were lost`);
    server.child.kill('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });

  it('write one after the other, and lose nothing that was answered when they are stopped', async () => {
    const options = optionsOf(await place());
    const app = appFolder(NOTES);
    const server = await serve([app, ...options, ...WORKERS]);
    let [answered, stopping] = [0, false];
    const client = async () => {
      for (;;) {
        const call = callOver(server.url, 'POST /v1/notes', { body: { content: 'x' } });
        const status = await call.then(
          (reply) => reply.status,
          () => 0,
        );
        if (status === 201) answered += 1;
        else if (stopping) return;
        else assert.fail(`answered ${status}`);
        if (answered === 200) {
          stopping = true;
          server.child.kill('SIGINT');
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, client));
    assert.equal((await server.ended).code, 0);
    const again = await serve([app, ...options]);
    const { body } = await callOver<{ total: number }>(again.url, 'GET /v1/notes?count=exact&limit=1');
    again.child.kill('SIGINT');
    await again.ended;
    assert.equal(body.total, answered);
  });
});

/** Whichever worker is asked has the metrics of all, told apart by a label; the killed one's are gone with it. */
async function answersForAll(server: Serving, answered: number): Promise<void> {
  const { body, status } = await callOver<string>(server.url, 'GET /metrics', { token: ADMINISTRATOR });
  assert.equal(status, 200);
  assert.deepEqual([...new Set(body.match(/(?<=trestle_ready\{worker=")\d+/g))], ['1', '2', '3']);
  const counted = body.matchAll(
    /^trestle_request_duration_seconds_count\{worker="\d".*route="\/v1\/notes\/:id".*\} (\d+)$/gm,
  );
  const sum = [...counted].reduce((total, [, count]) => total + Number(count), 0);
  assert(sum > 0 && sum <= answered, `${sum} of ${answered}`);
}

test('metrics of workers are one text, each metric in one place', () => {
  const text = (value: number) =>
    `# HELP a What.\n# TYPE a counter\na{x="1}"} ${value}\na{} 2\n# HELP b More.\n# TYPE b gauge\nb 3\n`;
  assert.equal(
    mergeMetrics([
      { worker: 2, text: text(7) },
      { worker: 1, text: text(5) },
    ]),
    '# HELP a What.\n# TYPE a counter\na{worker="1",x="1}"} 5\na{worker="1"} 2\na{worker="2",x="1}"} 7\na{worker="2"} 2\n' +
      '# HELP b More.\n# TYPE b gauge\nb{worker="1"} 3\nb{worker="2"} 3\n',
  );
});

test('workers end when their primary is killed', async () => {
  const server = await serve([appFolder(NOTES), '--data', temporaryFolder(), ...WORKERS]);
  await logged(server, 'worker serves', 3);
  server.child.kill('SIGKILL');
  await server.ended;
  // Nobody listens once the last of them has gone.
  while ((await refusal(server.url)) !== 'ECONNREFUSED');
});

/** Why a request has no answer; undefined where it has one. */
async function refusal(url: string): Promise<unknown> {
  try {
    await callOver(url, 'GET /livez');
    return undefined;
  } catch (error) {
    return Reflect.get(Object(Reflect.get(Object(error), 'cause')), 'code');
  }
}

describe('workers that cannot', () => {
  test('start: one line, as without workers', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { code, stderr, stdout } = await run(['serve', appFolder(NOTES), '--port', port, '--workers', '2']);
    taken.close();
    assert.equal(code, 1);
    assert.match(stderr, /^trestle: port \d+ of 127\.0\.0\.1 is in use.*\n$/);
    assert.equal(stdout, '');
  });

  test('be any number', async () => {
    for (const number of ['0', '-1', 'many', '257']) {
      const { code, stderr } = await command(['serve', '--workers', number]);
      assert.equal(code, 1);
      assert.match(stderr, /Expected a number from 1 to 256/);
    }
  });

  test('stay up: each pause is longer, up to half a minute', () => {
    assert.deepEqual([1, 2, 3, 8, 9, 100].map(pauseAfter), [200, 400, 800, 25_600, 30_000, 30_000]);
  });
});
