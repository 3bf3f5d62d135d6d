// A resumed download never joins two versions of its source: ETag, Last-Modified and total of the 206 must be the same.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { httpSource } from '../jobs/downloads/downloading.ts';

const OLD = Buffer.alloc(1000, 'a');
const NEW = Buffer.alloc(1000, 'b');
const LONGER = Buffer.alloc(1200, 'b');

/** Heads of a first answer that is cut, and of the 206 with the rest of something else. */
const CHANGES = {
  'the ETag of the 206 differs': { first: { etag: '"1"' }, rest: { etag: '"2"' }, content: NEW },
  'the 206 has no ETag': { first: { etag: '"1"' }, rest: {}, content: NEW },
  'Last-Modified of the 206 differs': {
    first: { 'last-modified': 'Wed, 25 Nov 2026 10:00:00 GMT' },
    rest: { 'last-modified': 'Thu, 26 Nov 2026 10:00:00 GMT' },
    content: NEW,
  },
  'the total of the 206 differs': { first: { etag: '"1"' }, rest: { etag: '"1"' }, content: LONGER },
} as const;

describe('a resumed download', () => {
  for (const [name, { first, rest, content }] of Object.entries(CHANGES))
    it(`starts over where ${name}`, { timeout: 10_000 }, async () => {
      const ranges: (string | undefined)[] = [];
      const source = await httpSource((request, response) => {
        ranges.push(request.headers.range);
        if (ranges.length === 1) {
          response.writeHead(200, { 'content-length': OLD.length, ...first });
          return source.cutAfter(response, OLD.subarray(0, 400));
        }
        const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
        const part = content.subarray(from);
        const range = from > 0 && {
          'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
        };
        response.writeHead(range ? 206 : 200, { 'content-length': part.length, ...range, ...rest }).end(part);
      });
      const stored = await source.run();
      assert.equal(stored.sha256, createHash('sha256').update(content).digest('hex'));
      assert.equal(ranges[1], 'bytes=400-');
      assert.deepEqual(readFileSync(source.artifacts.pathOf(stored.sha256)), content);
      await source.close();
    });
});
