import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it } from 'node:test';
import { appFolder, ENGINE, serve } from '../../processes.ts';
import { eachPlace } from '../../stores.ts';

const APP = `
import { anyone, app, integerId, resource, text } from ${ENGINE};
const notes = resource({ id: integerId(), fields: { title: text() }, can: { read: anyone, create: anyone } });
export default app({ name: 'notes', resources: { notes }, webhooks: { can: anyone, allowPrivate: true } });
`;
const SECRET = 'the-administrators-secret-of-a-test';
const NOTES = 20;

eachPlace('webhooks across a kill', (place) => {
  it('tell of every change that was answered', async (t) => {
    const heard = new Set<number>();
    let wake = () => {};
    const receiver = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        heard.add(JSON.parse(body).data.id);
        response.writeHead(204).end();
        wake();
      });
    }).listen(0, '127.0.0.1');
    t.after(() => receiver.close());
    await once(receiver, 'listening');
    const { data, database } = await place();
    const words = [appFolder(APP), '--data', data, ...(database ? ['--database', database] : [])];
    const open = (...more: string[]) => serve([...words, ...more], { env: { TRESTLE_ADMIN_SECRET: SECRET } });
    const post = async (url: string, path: string, body: object) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` };
      const response = await fetch(`${url}/v1/${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      assert.equal(response.status, 201);
      return ((await response.json()) as { id: number }).id;
    };
    // It runs no jobs, whose leases would have to end first: those of killed workers are tested with the queue.
    const killed = await open('--roles', 'serve');
    const { port } = receiver.address() as AddressInfo;
    await post(killed.url, 'webhooks', { url: `http://127.0.0.1:${port}/`, events: ['notes.created'] });
    const made: number[] = [];
    for (let at = 0; at < NOTES; at += 1) made.push(await post(killed.url, 'notes', { title: `t${at}` }));
    await killed.kill();
    const server = await open();
    t.after(() => server.kill());
    while (made.some((id) => !heard.has(id)))
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    assert.equal(heard.size, NOTES);
  });
});
