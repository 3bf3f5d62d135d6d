import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import messages from '../../../../apps/messages/app.ts';
import { startApps } from '../harness.ts';
import { probe } from './probe.ts';

/** A browser of this machine; `CHROMIUM` names another. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

let browser: Browser | undefined;

before(async () => {
  if (skip === false) browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
});

after(() => browser?.close());

/** Opens a page, noting what it asks other servers for, and what it or its policy objects to. */
async function open(url: string): Promise<{ page: Page; complaints: string[] }> {
  assert.ok(browser);
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on('request', (request) => {
    const target = request.url();
    if (!target.startsWith(origin) && !/^(data|blob):/.test(target)) complaints.push(`asks ${target}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** Signs anna in by the Authorize button of Swagger UI. */
async function signIn(page: Page): Promise<void> {
  await page.locator('.auth-wrapper .authorize').click();
  const form = page.locator('.auth-container', { hasText: 'OAuth2, password' });
  await form.locator('#oauth_username').fill('anna');
  await form.locator('#oauth_password').fill('x');
  await form.locator('button.authorize').click();
  await form.getByRole('button', { name: 'Remove authorization' }).waitFor();
  await page.locator('.auth-btn-wrapper .btn-done').first().click();
}

describe('the pages of changelog', () => {
  let served: Served<typeof changelog.resources>;
  before(async () => {
    served = await serveApp(changelog);
    await served.call('POST', '/users', { body: { username: 'anna', password: 'x' } });
  });
  after(() => served.close());

  test('allow nothing from elsewhere', async () => {
    for (const path of ['/docs', '/docs/', '/redoc']) {
      const { status, headers } = await served.call('GET', path, { headers: { Accept: 'text/html' } });
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^text\/html/);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /https?:|\*/);
    }
  });

  test('the files they load are there, and name no other server to load from', async () => {
    for (const page of ['/docs', '/redoc']) {
      const { body } = await served.call('GET', page);
      const files = [...String(body).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '');
      assert.ok(files.length >= 2);
      for (const path of files) {
        const { status, headers, body: text } = await served.call('GET', path);
        assert.equal(status, 200, path);
        assert.doesNotMatch(String(text), /cdn\.redoc\.ly|fonts\.googleapis/);
        const again = await served.call('GET', path, {
          headers: { 'If-None-Match': headers.get('etag') ?? '"none"' },
        });
        assert.equal(again.status, headers.get('etag') ? 304 : 200);
      }
    }
  });

  test('Swagger UI signs in and sends the token', { skip }, async () => {
    const { page, complaints } = await open(`${served.url}/docs`);
    await signIn(page);
    const operation = page.locator('#operations-changelog-listProjectsWithUpdates');
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === '/projects');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const response = await answered;
    assert.deepEqual([response.status(), await response.json()], [200, []]);
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('ReDoc shows the operations', { skip }, async () => {
    const { page, complaints } = await open(`${served.url}/redoc`);
    await page.getByRole('heading', { name: 'Post an update' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });
});

describe('Swagger UI at the root', () => {
  test('stands there with the contract’s own routes', { skip }, async () => {
    const served = await serveApp(probe);
    try {
      const { page, complaints } = await open(`${served.url}/`);
      await page.locator('#operations-echo-getEchoId').waitFor();
      assert.deepEqual(complaints, []);
      await page.close();
    } finally {
      await served.close();
    }
  });

  test('signs in below a base, where the token has another name than in OAuth2', { skip }, async () => {
    await using served = await startApps([messages, changelog]);
    await served.call('POST /messages/api/auth/register', { body: { username: 'anna', password: 'x' } });
    const { page, complaints } = await open(`${served.url}/messages/`);
    await signIn(page);
    const operation = page.locator('.opblock', { hasText: 'Read your own account' });
    await operation.locator('.opblock-summary-control').click();
    await operation.getByRole('button', { name: 'Try it out' }).click();
    const answered = page.waitForResponse((response) => response.url() === `${served.url}/messages/v1/me`);
    await operation.getByRole('button', { name: 'Execute' }).click();
    assert.equal((await answered).status(), 200);
    assert.deepEqual(complaints, []);
    await page.close();
  });
});

test('below a base every address of the uniform API and of the pages has it', async () => {
  await using served = await startApps([messages, changelog]);
  await served.call('POST /changelog/users', { body: { username: 'anna', password: 'x' } });
  const { body } = await served.call<{ access_token: string }>('POST /changelog/login', {
    body: { username: 'anna', password: 'x' },
  });
  const token = body.access_token;
  const created = await served.call('POST /changelog/v1/projects', { token, body: { title: 'x' } });
  assert.equal(created.headers.get('location'), '/changelog/v1/projects/1');
  const list = await served.call('GET /changelog/v1/projects?limit=1', { token });
  assert.equal(list.headers.get('link'), '</changelog/v1/projects?limit=1>; rel="first"');
  const document = await served.call<{ servers: unknown }>('GET /changelog/openapi.json');
  assert.deepEqual(document.body.servers, [{ url: '/changelog' }]);
  const foreign = await served.call('GET /messages/v1/me', { token });
  assert.equal(foreign.status, 401);
  const page = await served.call<string>('GET /changelog/redoc');
  assert.match(page.body, /src="\/changelog\/docs-files\/redoc\.standalone\.js"/);
  const unknown = await served.call('GET /changelog/nowhere');
  assert.deepEqual([unknown.status, unknown.body], [404, { detail: 'Not Found' }]);
});
