// SIGTERM ends a server within 10 s, as supervisors demand, whatever is open: idle and half-sent requests, a route that never
// answers, a stream without end, a job that ignores its signal.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { appFolder, CONTRACT, ENGINE, serve } from '../processes.ts';
import { until } from '../until.ts';

const STUCK = `
import { anyone, app, job, resource, text } from ${ENGINE};
import { answer, bytes, route } from ${CONTRACT};
const notes = resource({ fields: { content: text() }, can: { read: anyone, create: anyone } });
const forever = () => new Promise(() => {});
async function* drops() { yield 'drop '; await forever(); }
const options = (summary, more) => ({ summary, can: anyone, answers: { 200: null }, ...more });
export default app({
  name: 'notes',
  resources: { notes },
  jobs: { stuck: job({ every: '1s', run: () => { process.stderr.write('stuck\\n'); return forever(); } }) },
  contract: () => ({
    routes: [
      route('GET', '/never', options('Never'), () => { process.stderr.write('never\\n'); return forever(); }),
      route('GET', '/drops', options('Drops', { produces: 'text/plain' }), () => bytes({ content: drops(), type: 'text/plain' })),
      route('GET', '/ok', options('OK'), () => answer(200, {})),
    ],
    errors: (problem) => ({ status: problem.status, body: {} }),
  }),
});
`;

test('a stop takes less than 10 s', async (t) => {
  const server = await serve([appFolder(STUCK)]);
  t.after(() => server.kill());
  const { port, hostname } = new URL(server.url);
  const closed: Promise<unknown>[] = [];
  const open = async (text: string, answered?: RegExp) => {
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    t.after(() => socket.destroy());
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk;
    });
    socket.on('error', () => {});
    closed.push(new Promise((resolve) => socket.once('close', resolve)));
    await once(socket, 'connect');
    socket.write(text);
    if (answered) await until(() => answered.test(got));
  };
  const host = 'Host: x\r\n';
  await Promise.all([
    open(''),
    open('GET /ok HTTP/1.1\r\nHo'),
    open(`GET /ok HTTP/1.1\r\n${host}\r\n`, /200 OK/),
    open(`POST /v1/notes HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 90\r\n\r\n{`),
    open(`GET /never HTTP/1.1\r\n${host}\r\n`),
    open(`GET /drops HTTP/1.1\r\n${host}\r\n`, /drop /),
  ]);
  await until(() => /stuck/.test(server.output.stderr) && /never/.test(server.output.stderr));
  const from = performance.now();
  const { stderr } = await server.stop();
  const seconds = (performance.now() - from) / 1000;
  assert.ok(seconds < 10, `${seconds} s: ${stderr}`);
  await Promise.all(closed);
});
