// A source that answers ranges wrongly, 416 or an invalid redirect is asked a few times at most.
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { OperationError } from '../../src/index.ts';
import { DOWNLOAD_LIMITS } from '../../src/jobs/downloads/download.ts';
import { httpSource, type ScriptedSource } from '../jobs/downloads/downloading.ts';

const CONTENT = Buffer.alloc(1000, 'x');

type Script = (request: IncomingMessage, response: ServerResponse, source: ScriptedSource) => void;

/** Answers from byte 0 whatever range was asked for, as 206, and cuts the connection before the end. */
const alwaysFromZero: Script = (_request, response, source) => {
  response.writeHead(206, {
    'content-length': CONTENT.length,
    'content-range': `bytes 0-${CONTENT.length - 1}/${CONTENT.length}`,
    etag: '"1"',
  });
  source.cutAfter(response, CONTENT.subarray(0, 400));
};

async function asked(answer: Script, redirects = 0) {
  let requests = 0;
  const source = await httpSource((request, response) => {
    requests += 1;
    answer(request, response, source);
  });
  const outcome = await source
    .run({ limits: { ...DOWNLOAD_LIMITS, redirects } })
    .catch((error: unknown) => error);
  await source.close();
  return { requests, outcome };
}

describe('a download from a source that answers wrongly', () => {
  it('takes a whole 206 from byte 0 as a beginning', { timeout: 10_000 }, async () => {
    const { requests, outcome } = await asked((_request, response) => {
      response
        .writeHead(206, {
          'content-length': CONTENT.length,
          'content-range': `bytes 0-${CONTENT.length - 1}/${CONTENT.length}`,
        })
        .end(CONTENT);
    });
    assert.ok(!(outcome instanceof Error), String(outcome));
    assert.equal(requests, 1);
  });

  it('gives up where every 206 begins at byte 0', { timeout: 10_000 }, async () => {
    const { requests, outcome } = await asked(alwaysFromZero);
    assert.ok(outcome instanceof OperationError);
    assert.ok(requests <= 4, `${requests} requests`);
  });

  it('gives up where a range is answered by 416 for ever', { timeout: 10_000 }, async () => {
    let first = true;
    const { requests, outcome } = await asked((request, response, source) => {
      if (request.headers.range !== undefined || !first) return void response.writeHead(416).end();
      first = false;
      response.writeHead(200, { 'content-length': CONTENT.length, etag: '"1"' });
      source.cutAfter(response, CONTENT.subarray(0, 400));
    });
    assert.ok(outcome instanceof OperationError);
    assert.match(outcome.message, /answered 416/);
    assert.equal(outcome.retry, false);
    assert.ok(requests <= 4, `${requests} requests`);
  });

  it('keeps its beginning where the source is away for a moment', { timeout: 10_000 }, async () => {
    const ranges: (string | undefined)[] = [];
    const { outcome } = await asked((request, response, source) => {
      ranges.push(request.headers.range);
      if (ranges.length === 2) return void response.writeHead(503).end();
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const part = CONTENT.subarray(from);
      const range = from > 0 && {
        'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`,
      };
      response.writeHead(range ? 206 : 200, { 'content-length': part.length, ...range, etag: '"1"' });
      if (from > 0) response.end(part);
      else source.cutAfter(response, part.subarray(0, 400));
    });
    assert.ok(!(outcome instanceof Error), String(outcome));
    assert.deepEqual(ranges, [undefined, 'bytes=400-', 'bytes=400-']);
  });

  for (const location of [undefined, 'http://', 'http://[::', 'https:// /'])
    it(`does not try again a redirect to ${location}`, { timeout: 10_000 }, async () => {
      const { requests, outcome } = await asked(
        (_request, response) =>
          void response.writeHead(302, location === undefined ? {} : { location }).end(),
        5,
      );
      assert.ok(outcome instanceof OperationError, String(outcome));
      assert.match(outcome.message, /no valid address/);
      assert.equal(outcome.retry, false);
      assert.equal(requests, 1);
    });
});
