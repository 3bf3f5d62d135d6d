// Every end of an outbound request ends the download: an answer 101, interim answers without end, a closed connection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '../../src/index.ts';
import { DOWNLOAD_LIMITS } from '../../src/jobs/downloads/download.ts';
import { tcpSource } from '../jobs/downloads/downloading.ts';

const failure = (text: RegExp, retry: boolean) => (error: unknown) => {
  assert.ok(error instanceof OperationError);
  assert.match(error.message, text);
  assert.equal(error.retry, retry);
  return true;
};

/** Raw answers after which nothing comes, and how the download of each ends. */
const ANSWERS = {
  'switches protocols': {
    raw: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    message: /answered 101 and switched protocols/,
    retry: false,
  },
  'answers 101 without an upgrade': {
    raw: 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    message: /answered 101|sent nothing|interim/,
    retry: undefined,
  },
  'answers 101 to an upgrade nobody knows, and hangs up': {
    raw: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    hangUp: true,
    message: /switched protocols/,
    retry: false,
  },
  'sends an interim answer and nothing after it': {
    raw: 'HTTP/1.1 103 Early Hints\r\n\r\n',
    message: /sent nothing/,
    retry: true,
  },
  'closes without an answer': { raw: '', hangUp: true, message: /could not be reached/, retry: true },
  'closes after an interim answer': {
    raw: 'HTTP/1.1 102 Processing\r\n\r\n',
    hangUp: true,
    message: /could not be reached/,
    retry: true,
  },
} as const;

describe('a download from a source that gives no answer', () => {
  for (const [name, answer] of Object.entries(ANSWERS))
    it(`ends where the source ${name}`, { timeout: 10_000 }, async () => {
      const source = await tcpSource((socket) => {
        socket.write(answer.raw);
        if ('hangUp' in answer) socket.end();
      });
      const ended = source.run({ limits: { ...DOWNLOAD_LIMITS, idle: 0.2 } });
      const { message, retry } = answer;
      await assert.rejects(ended, (error) => {
        assert.ok(error instanceof OperationError);
        return failure(message, retry ?? error.retry)(error);
      });
      await source.close();
    });

  it('ends where interim answers do not', { timeout: 10_000 }, async () => {
    const source = await tcpSource((socket) => {
      const more = () => {
        if (!socket.destroyed) socket.write('HTTP/1.1 100 Continue\r\n\r\n', () => setImmediate(more));
      };
      more();
    });
    await assert.rejects(source.run(), failure(/interim answers only/, false));
    await source.close();
  });

  it('ends when it is told to, whatever came', { timeout: 10_000 }, async () => {
    const source = await tcpSource((socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'));
    const stop = new AbortController();
    const ended = source.run({}, { signal: stop.signal });
    stop.abort();
    await assert.rejects(ended, { name: 'AbortError' });
    await source.close();
  });
});
