import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { anyone, app, resource, text } from 'trestle';
import { startApps } from '../harness.ts';
import { operatorOf, PASSWORD } from './operators.ts';

/** A browser of this machine; `CHROMIUM` names another. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

const notes = resource({ fields: { title: text() }, can: { read: anyone } });

test('a browser keeps the cookie from loopback addresses, and sends it for pages of this server alone', {
  skip,
}, async (t) => {
  await using server = await startApps(app({ name: 'paper', resources: { notes } }));
  await operatorOf(server);
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const { port } = new URL(server.url);
  for (const [host, foreign] of [
    ['localhost', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
  ]) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const here = `http://${host}:${port}`;
    await page.goto(`${here}/docs`);
    const own = await page.evaluate(async (password) => {
      const body = JSON.stringify({ username: 'administrator', password });
      const headers = { 'content-type': 'application/json' };
      const signedIn = await fetch('/v1/admin/session', { method: 'POST', headers, body });
      const { csrf } = (await signedIn.json()) as { csrf: string };
      const create = (token: Record<string, string>) =>
        fetch('/v1/keys', { method: 'POST', headers: { ...headers, ...token }, body: '{}' });
      return {
        statuses: [
          signedIn.status,
          (await fetch('/v1/admin/session')).status,
          (await create({})).status,
          (await create({ 'x-csrf-token': csrf })).status,
        ],
      };
    }, PASSWORD);
    assert.deepEqual(own, { statuses: [200, 200, 401, 201] }, host);
    assert.deepEqual(
      (await context.cookies(here)).map(({ name, httpOnly, secure, sameSite }) => [
        name,
        httpOnly,
        secure,
        sameSite,
      ]),
      [['__Host-trestle-paper', true, true, 'Strict']],
    );
    // A link on a page of another site leads there, but not as the operator.
    const [other, asked] = [`http://${foreign}:${port}/foreign`, `${here}/v1/admin/session`];
    assert.equal((await page.goto(asked))?.status(), 200);
    const body = `<a href="${asked}">there</a>`;
    await page.route(other, (route) => route.fulfill({ contentType: 'text/html', body }));
    await page.goto(other);
    const answered = page.waitForResponse(asked);
    await page.click('a');
    assert.equal((await answered).status(), 401, foreign);
    await context.close();
  }
});
