import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { OperationError } from '../../../src/index.ts';
import { Artifacts } from '../../../src/jobs/downloads/artifacts.ts';
import { DOWNLOAD_LIMITS, type Download, download } from '../../../src/jobs/downloads/download.ts';
import { CONTENT, SHA256, type Sources, startSources } from './source-server.ts';

const failure = (text: RegExp, retry: boolean) => (error: unknown) => {
  assert.ok(error instanceof OperationError);
  assert.match(error.message, text);
  assert.equal(error.retry, retry);
  return true;
};

describe('downloads', () => {
  let sources: Sources;
  let folder: string;
  let artifacts: Artifacts;
  before(async () => {
    sources = await startSources();
    folder = mkdtempSync(join(tmpdir(), 'trestle-test-'));
  });
  after(async () => {
    await sources.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const fresh = () => {
    artifacts = new Artifacts(mkdtempSync(join(folder, 'artifacts-')));
  };
  const run = (
    source: string,
    wanted: Partial<Download> = {},
    context: Partial<Parameters<typeof download>[0]> = {},
  ) =>
    download(
      {
        operation: randomUUID(),
        fence: 1,
        signal: new AbortController().signal,
        progress: () => {},
        ...context,
      },
      {
        source: source.startsWith('/') ? sources.url + source : source,
        sha256: null,
        artifacts,
        allowPrivate: true,
        folder: null,
        limits: DOWNLOAD_LIMITS,
        ...wanted,
      },
    );
  const limits = (changed: Partial<Download['limits']>) => ({ limits: { ...DOWNLOAD_LIMITS, ...changed } });
  const left = () => readdirSync(join(artifacts.folder, 'partial'));

  it('stores content under its digest, with progress on the way', async () => {
    fresh();
    const fractions: number[] = [];
    const stored = await run(
      '/whole',
      { sha256: SHA256 },
      { progress: (fraction) => fractions.push(fraction) },
    );
    assert.deepEqual(stored, { sha256: SHA256, size: CONTENT.length });
    assert.deepEqual(readFileSync(artifacts.pathOf(SHA256)), CONTENT);
    assert.ok(
      fractions.length > 1 && fractions.every((fraction, at) => fraction >= (fractions[at - 1] ?? 0)),
    );
    assert.deepEqual(left(), []);
    const asked = sources.requests.length;
    assert.equal((await run('/whole', { sha256: SHA256 })).size, CONTENT.length);
    assert.equal(sources.requests.length, asked);
  });

  it('resumes a cut connection where it left off', async () => {
    fresh();
    const asked = sources.requests.length;
    assert.equal((await run('/cut', { sha256: SHA256 })).sha256, SHA256);
    const ranges = sources.requests.slice(asked).map((request) => request.headers.range);
    const starts = ranges.flatMap((range) => (range ? [Number(/^bytes=(\d+)-$/.exec(range)?.[1])] : []));
    assert.equal(ranges[0], undefined);
    assert.ok(
      starts.length >= 2 && starts.every((start, at) => start > (starts[at - 1] ?? 0)),
      String(ranges),
    );
    assert.equal(sources.requests.at(-1)?.headers['if-range'], '"first"');
  });

  it('starts anew where the content has changed meanwhile', async () => {
    fresh();
    const changing = await startSources();
    try {
      assert.equal((await run(`${changing.url}/changing`, { sha256: SHA256 })).sha256, SHA256);
      const last = changing.requests.at(-1);
      assert.match(last?.headers.range ?? '', /^bytes=\d+-$/);
      assert.equal(last?.headers['if-range'], `"${changing.requests.length - 1}"`);
    } finally {
      await changing.close();
    }
  });

  it('takes over what an attempt before has brought, into a file of its own', async () => {
    fresh();
    const operation = randomUUID();
    const first = await artifacts.openPartial(operation, 1);
    await artifacts.note(first, { source: `${sources.url}/whole`, validator: '"first"', total: null });
    await first.handle.appendFile(CONTENT.subarray(0, 123_456));
    await run('/whole', { sha256: SHA256 }, { operation, fence: 2 });
    assert.equal(sources.requests.at(-1)?.headers.range, 'bytes=123456-');
    // The holder that was given up is still alive, and writes: not into the artifact.
    await first.handle.appendFile('late');
    await first.handle.close();
    assert.deepEqual(readFileSync(artifacts.pathOf(SHA256)), CONTENT);
  });

  it('refuses another digest than the wanted one, and leaves nothing', async () => {
    fresh();
    const wrong = SHA256.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    await assert.rejects(run('/whole', { sha256: wrong }), failure(/SHA-256/, false));
    assert.deepEqual(left(), []);
    assert.equal(await artifacts.sizeOf(SHA256), undefined);
  });

  it('cuts off an endless body, one that says it is too large, a slow one and a silent one', async () => {
    fresh();
    await assert.rejects(
      run('/endless', limits({ bytes: 1_000_000 })),
      failure(/larger than 1000000/, false),
    );
    await assert.rejects(run('/huge'), failure(/larger/, false));
    await assert.rejects(run('/trickle', limits({ total: 0.3 })), failure(/longer than 0.3 s/, false));
    await assert.rejects(run('/silent', limits({ idle: 0.1 })), failure(/sent nothing for 0.1 s/, true));
  });

  it('says what the source answered, and whether another attempt may help', async () => {
    fresh();
    await assert.rejects(run('/missing'), failure(/answered 404/, false));
    await assert.rejects(run('/redirect'), failure(/redirect/, false));
    const { url, close } = await startSources();
    await close();
    await assert.rejects(run(`${url}/whole`), failure(/could not be reached/, true));
  });

  it('stops when it is told to', async () => {
    fresh();
    const stop = new AbortController();
    const running = run('/trickle', {}, { signal: stop.signal, progress: () => stop.abort() });
    await assert.rejects(running, { name: 'AbortError' });
  });

  it('takes files from under the allowed folder alone', async () => {
    fresh();
    const allowed = mkdtempSync(join(folder, 'sources-'));
    const outside = join(folder, 'secret');
    writeFileSync(outside, 'secret');
    writeFileSync(join(allowed, 'inside'), CONTENT);
    symlinkSync(outside, join(allowed, 'link'));
    const from = (path: string) => pathToFileURL(path).href;
    const stored = await run(from(join(allowed, 'inside')), { folder: allowed, sha256: SHA256 });
    assert.equal(stored.size, CONTENT.length);
    for (const path of [
      outside,
      join(allowed, 'link'),
      join(allowed, '..', 'secret'),
      allowed,
      '/etc/passwd',
    ])
      await assert.rejects(run(from(path), { folder: allowed }), failure(/cannot be read/, false), path);
    await assert.rejects(run(from(join(allowed, 'inside'))), failure(/not taken here/, false));
    await assert.rejects(
      run('file://elsewhere/inside', { folder: allowed }),
      failure(/cannot be read/, false),
    );
  });
});
