import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startCluster } from './cluster.ts';

const { values } = parseArgs({
  options: {
    writers: { type: 'string', default: '2000' },
    rows: { type: 'string', default: '100' },
    processes: { type: 'string', default: '1' },
  },
});

/** Writers at once, each of which raises a row's count by one under If-Match, and tries again until it has: no update is lost. */
async function main(): Promise<void> {
  const [writers, rows] = [Number(values.writers), Number(values.rows)];
  const cluster = await startCluster(Number(values.processes));
  const started = performance.now();
  try {
    const url = (at: number, id?: number) =>
      `http://127.0.0.1:${cluster.ports[at % cluster.ports.length]}/v1/rows${id === undefined ? '' : `/${id}`}`;
    /** Sends a request again where its connection was lost: for its key it is done once. */
    const send = async (address: string, method: string, body?: object, etag?: string) => {
      const headers = {
        'content-type': 'application/json',
        ...(body && { 'idempotency-key': randomUUID() }),
        ...(etag && { 'if-match': etag }),
      };
      for (;;) {
        const sent = fetch(address, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        const response = await sent.catch(() => undefined);
        // In use by the attempt before, or more than the servers take at once.
        if (response && response.status !== 409 && response.status !== 503) return response;
        await pause(50 + Math.random() * 100);
      }
    };
    const ids: number[] = [];
    for (let at = 0; at < rows; at += 1)
      ids.push(((await (await send(url(at), 'POST', {})).json()) as { id: number }).id);
    const refused = { stale: 0 };
    const write = async (at: number) => {
      const id = ids[at % rows] ?? 0;
      for (let attempt = 0; ; attempt += 1) {
        const address = url(at + attempt, id);
        const read = await send(address, 'GET');
        const { count } = (await read.json()) as { count: number };
        const written = await send(address, 'PATCH', { count: count + 1 }, read.headers.get('etag') ?? '');
        await written.arrayBuffer();
        if (written.status === 200) return;
        if (written.status !== 412) throw new Error(`PATCH answered ${written.status}`);
        refused.stale += 1;
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, at) => write(at)));
    let sum = 0;
    for (const id of ids) sum += ((await (await send(url(0, id), 'GET')).json()) as { count: number }).count;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = sum === writers ? 'no update lost' : `LOST ${writers - sum}`;
    console.log(
      `${writers} writers, ${rows} rows, ${values.processes} processes: ${verdict}; ${refused.stale} refused by 412, ${seconds} s`,
    );
    if (sum !== writers) process.exitCode = 1;
  } finally {
    await cluster.close();
  }
}

await main();
