import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { accounts, anyone, app, boolean, email, integerId, resource, signedIn, text } from 'trestle';
import changelog from '../../../../apps/changelog/app.ts';
import messages from '../../../../apps/messages/app.ts';
import { startApps } from '../harness.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const noBrowser = existsSync(EXECUTABLE)
  ? false
  : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const missing = ['bash', 'curl', 'sed'].find((program) => spawnSync(program, ['--version']).error);

const board = app({
  name: 'board',
  description: 'What is to do.',
  accounts: accounts({ fields: { email: email({ unique: true }) }, signInBy: ['email'] }),
  resources: {
    tasks: resource({
      id: integerId(),
      fields: { title: text({ min: 1 }), done: boolean({ default: false }) },
      can: { read: anyone, create: signedIn, update: signedIn },
    }),
  },
});

type Started = Awaited<ReturnType<typeof startApps>>;

describe('the first page', () => {
  let alone: Started;
  let several: Started;
  before(async () => {
    alone = await startApps(board);
    several = await startApps([messages, changelog]);
  });
  after(() => Promise.all([alone.close(), several.close()]));

  test('shows each app, what it does, its state, and pages that are there', async () => {
    const page = await several.call<string>('GET /', { headers: html });
    for (const { name, description } of [messages, changelog]) {
      assert.ok(page.body.includes(`<a href="/${name}/">${name}</a>`));
      assert.ok(page.body.includes(description));
    }
    assert.equal(page.body.split('>Ready<').length, 3);
    const links = [...page.body.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, link = '']) => link);
    assert.ok(links.length >= 12);
    for (const link of new Set(links.filter((each) => !each.startsWith('/admin'))))
      assert.equal((await several.call(`GET ${link}`, { headers: html })).status, 200, link);
  });

  test('says which app takes no requests', async () => {
    const [engine] = several.engines;
    assert.ok(engine);
    const { health } = engine.store;
    Object.assign(engine.store, { health: () => ({ ready: false }) });
    try {
      const { body } = await several.call<string>('GET /', { headers: html });
      assert.match(body, /2 apps, 1 not ready/);
    } finally {
      Object.assign(engine.store, { health });
    }
  });

  test('loads nothing but its own style and script', async () => {
    const { headers, body } = await alone.call<string>('GET /', { headers: html });
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'self'; img-src data:/);
    assert.doesNotMatch(body, /<script>|\son\w+=|https?:\/\/(?!127\.0\.0\.1|www\.w3\.org)/);
  });

  test('its first calls do what they say', { skip: missing && `there is no ${missing}` }, async () => {
    for (const [server, path] of [
      [alone, '/'],
      [several, '/'],
    ] as const) {
      const { body } = await server.call<string>(`GET ${path}`, { headers: html });
      for (const [, block = ''] of body.matchAll(/<pre[^>]*><code>(.*?)<\/code><\/pre>/gs)) {
        const text = block
          .replaceAll(/<[^>]*>/g, '')
          .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(code));
        const { stdout } = await promisify(execFile)('bash', ['-c', text.replaceAll('curl ', 'curl -sS ')]);
        assert.match(stdout, /\{"items":\[\{"id":/, text);
      }
    }
  });
});

describe('errors', () => {
  let server: Started;
  before(async () => {
    server = await startApps([messages, changelog]);
  });
  after(() => server.close());

  test('are a page for people, and a problem for programs', async () => {
    const page = await server.call<string>('GET /nowhere', { headers: html });
    assert.deepEqual([page.status, page.headers.get('content-type')], [404, 'text/html; charset=utf-8']);
    assert.match(page.headers.get('vary') ?? '', /Accept/);
    assert.match(page.body, /<h1>There is nothing here<\/h1>.*not_found/s);
    assert.ok(page.body.includes(page.headers.get('x-request-id') ?? '?'));
    for (const accept of ['application/json', '*/*', 'application/json, text/html;q=0.5']) {
      const { headers, body } = await server.call<{ code: string }>('GET /nowhere', { headers: { accept } });
      assert.deepEqual(
        [headers.get('content-type'), body.code],
        ['application/problem+json; charset=utf-8', 'not_found'],
      );
    }
    const closed = await server.call<string>('GET /changelog/v1/projects', { headers: html });
    assert.deepEqual([closed.status, closed.headers.get('www-authenticate')], [401, 'Bearer']);
    assert.match(closed.body, /^<!doctype html>/);
  });

  test('of a contract are its own for everybody', async () => {
    const { status, body } = await server.call('GET /changelog/nowhere', { headers: html });
    assert.deepEqual([status, body], [404, { detail: 'Not Found' }]);
  });
});

describe('the pages, in a browser', { skip: noBrowser }, () => {
  let browser: Browser;
  let alone: Started;
  let several: Started;
  before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
    alone = await startApps(board);
    several = await startApps([messages, changelog]);
  });
  after(() => Promise.all([browser.close(), alone.close(), several.close()]));

  test('are accessible and fit, in both themes and at two widths', async () => {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 390]) {
        const context = await browser.newContext({
          colorScheme,
          bypassCSP: true,
          viewport: { width, height: 800 },
        });
        for (const url of [`${several.url}/`, `${alone.url}/`, `${alone.url}/nowhere`]) {
          const page = await context.newPage();
          await page.goto(url);
          await page.evaluate(AXE);
          const found: { id: string; html: string[] }[] = await page.evaluate(
            `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, html: nodes.map((node) => node.html) })))`,
          );
          assert.deepEqual(found, [], `${url} ${colorScheme} ${width}`);
          const overflow = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
          assert.equal(overflow, false, `${url} ${width}`);
          await page.close();
        }
        await context.close();
      }
  });

  test('copy their first calls, and object to nothing', async () => {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(alone.url);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.match(await page.evaluate('navigator.clipboard.readText()'), /^# .*\ncurl http:/);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('Swagger UI and ReDoc follow the mode of the system', async () => {
    for (const [path, ready] of [
      ['/changelog/docs', '.opblock-summary-method'],
      ['/changelog/redoc', 'h1'],
    ] as const) {
      const grounds: unknown[] = [];
      const context = await browser.newContext({ colorScheme: 'light' });
      const page = await context.newPage();
      await page.goto(several.url + path);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator(ready).first().waitFor();
        grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      }
      assert.deepEqual(grounds, ['rgb(251, 251, 250)', 'rgb(15, 17, 18)'], path);
      await context.close();
    }
  });

  test('Swagger UI and ReDoc have the contrast and the sizes of the other pages', async () => {
    for (const [path, ready, parts] of [
      ['/docs', '.opblock-summary-method', ['#page .information-container', '.opblock-tag-section']],
      ['/redoc', 'h1', ['.menu-content', '.api-content > :nth-child(-n + 4)']],
    ] as const)
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await browser.newContext({ colorScheme, bypassCSP: true });
        const page = await context.newPage();
        await page.goto(alone.url + path);
        await page.locator(ready).first().waitFor();
        await page.evaluate(AXE);
        // Every operation looks as the first ones do.
        const found = (await page.evaluate(
          `axe.run(${JSON.stringify(parts)}.map((part) => document.querySelector(part)), { runOnly: ['color-contrast', 'target-size'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map((node) => id + ' ' + node.html + node.failureSummary)))`,
        )) as string[];
        // ReDoc's own word for a body without an example, in a class whose name changes with each version.
        const ours = found.filter((each) => !each.includes('>No sample<'));
        assert.deepEqual(ours, [], `${path} ${colorScheme}`);
        await context.close();
      }
  });
});
