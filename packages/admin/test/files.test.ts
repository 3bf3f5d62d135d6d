// The admin UI as the server answers it: nothing inline, nothing from elsewhere, small, kept by browsers, and compressed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import changelog from '../../../apps/changelog/app.ts';
import messages from '../../../apps/messages/app.ts';
import { type RunningApp, startApps } from '../../trestle/test/harness.ts';
import { addresses, firstScripts, gzipBytes } from './figures.ts';

/** Bytes of script, as gzip, that a browser may load before the first screen. */
const MAX_SCRIPT_BYTES = 200_000;

let served: RunningApp;
let html: string;

before(async () => {
  served = await startApps([messages, changelog], { basePath: '/api' });
  html = (await served.call<string>('GET /admin', { headers: { accept: 'text/html' } })).body;
});
after(() => served.close());

test('the page names the apps and has nothing inline', async () => {
  for (const path of ['/admin', '/admin/', '/admin/messages/rows/messages']) {
    const { status, headers, body } = await served.call<string>(`GET ${path}`, {
      headers: { accept: 'text/html' },
    });
    assert.equal(status, 200);
    assert.equal(body, html);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(headers.get('cache-control'), 'private, no-cache');
    const etag = headers.get('etag') ?? '';
    const again = await served.call(`GET ${path}`, {
      headers: { accept: 'text/html', 'if-none-match': etag },
    });
    assert.equal(again.status, 304);
  }
  assert.match(html, /<base href="\/api\/admin\/">/);
  assert.match(html, /&#34;base&#34;:&#34;\/api\/messages&#34;/);
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)/);
  assert.doesNotMatch(html, /<style|https?:\/\//);
});

test('files are kept for good, and sent as the build compressed them', async () => {
  for (const path of addresses(html)) {
    const plain = await served.call<string>(`GET /admin/${path}`, {
      headers: { 'accept-encoding': 'identity' },
    });
    assert.equal(plain.status, 200, path);
    assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.equal(plain.headers.get('vary'), 'Accept-Encoding');
    // Compression saves no packet of a small one.
    for (const coding of plain.body.length < 1024 ? [] : ['br', 'gzip']) {
      const coded = await served.call<string>(`GET /admin/${path}`, {
        headers: { 'accept-encoding': coding },
      });
      assert.equal(coded.headers.get('content-encoding'), coding);
      assert.equal(coded.body, plain.body);
      assert.notEqual(coded.headers.get('etag'), plain.headers.get('etag'));
      const again = await served.call(`GET /admin/${path}`, {
        headers: { 'accept-encoding': coding, 'if-none-match': coded.headers.get('etag') ?? '' },
      });
      assert.equal(again.status, 304);
    }
  }
});

test('there is nothing but what was built', async () => {
  for (const path of [
    'assets/missing.js',

    'assets/%2e%2e/%2e%2e/package.json',
    'assets/',
  ]) {
    const { status } = await served.call(`GET /admin/${path}`);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
});

test('the script before the first screen is small', async () => {
  const scripts = await firstScripts(served, html);
  const bytes = [...scripts.values()].reduce((sum, text) => sum + gzipBytes(text), 0);
  assert.ok(scripts.size >= 2, [...scripts.keys()].join());
  assert.ok(bytes < MAX_SCRIPT_BYTES, `${bytes} bytes`);
});
