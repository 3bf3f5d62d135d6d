import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import changelog from '../../../../apps/changelog/app.ts';
import messages from '../../../../apps/messages/app.ts';
import { startApps } from '../harness.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const user = { username: 'anna', password: 'x' };

type Started = Awaited<ReturnType<typeof startApps>>;
let served: Started;
before(async () => {
  served = await startApps([messages, changelog]);
  await served.call('POST /changelog/users', { body: user });
  const { body } = await served.call<{ access_token: string }>('POST /changelog/login', { body: user });
  const token = body.access_token;
  for (const title of ['<b>Roof</b>', 'Cellar'])
    await served.call('POST /changelog/projects', { token, body: { title } });
  await served.call('PUT /changelog/projects/2', { token, body: { active: false } });
  const relevant_points = [{ title: 'Delivery', description: ['in May'] }];
  for (let made = 0; made < 25; made += 1)
    await served.call('POST /changelog/updates', {
      token,
      body: { title: `Tiles ${made}`, project_id: 1, relevant_points },
    });
  await served.call('POST /changelog/updates', {
    token,
    body: { title: 'Pump', project_id: 2, relevant_points },
  });
});
after(() => served.close());

test('its script is under 60 kB, and nothing of it comes from elsewhere', async () => {
  const page = await served.call<string>('GET /changelog/');
  assert.match(
    page.headers.get('content-security-policy') ?? '',
    /^default-src 'none'; script-src 'self'; style-src 'self'/,
  );
  assert.doesNotMatch(page.body, /<script>|<style>|\son\w+=|https?:/);
  let bytes = 0;
  const loaded = new Set<string>();
  const load = async (path: string): Promise<void> => {
    if (loaded.has(path)) return;
    loaded.add(path);
    const { status, headers, body } = await served.call<string>(`GET ${path}`);
    assert.deepEqual([status, headers.get('content-type')], [200, 'text/javascript; charset=utf-8'], path);
    bytes += gzipSync(body).length;
    for (const [, source = ''] of body.matchAll(/^(?:import|export)\b[^;]*? from '([^']+)'/gm))
      await load(new URL(source, `http://x${path}`).pathname);
  };
  await load('/changelog/page.js');
  assert.ok(loaded.size > 5 && bytes < 60_000, `${bytes} bytes in ${loaded.size} files`);
  for (const path of ['/changelog/page.css', '/changelog/docs-files/tokens.css'])
    assert.equal((await served.call(`GET ${path}`)).status, 200, path);
  assert.equal((await served.call('GET /changelog/page/nothing.js')).status, 404);
});

describe('in a browser', { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  });
  after(() => browser.close());

  async function opened(t: TestContext, options: object = {}, path = '/changelog/') {
    const context = await browser.newContext(options);
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(served.url + path);
    await page.getByLabel('User name').fill(user.username);
    await page.getByLabel('Password').fill(user.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Post update' }).waitFor();
    return { page, complaints, heading: (name: string) => page.getByRole('heading', { name, exact: true }) };
  }

  test('reads, searches, filters and goes on', async (t) => {
    const { page, complaints, heading } = await opened(t);
    await heading('Pump').waitFor();
    for (const text of ['Delivery', 'in May', 'by anna']) await page.getByText(text).first().waitFor();
    assert.equal(await page.locator('#list > li').count(), 20);
    await page.getByRole('button', { name: 'Show more' }).click();
    await heading('Tiles 0').waitFor();
    assert.equal(await page.locator('#list > li').count(), 26);

    // By the keyboard alone, and in the address.
    await page.keyboard.press('/');
    await page.keyboard.type('tiles 7');
    await page.waitForURL(/q=tiles/);
    await page.locator('#list > li:only-child').waitFor();
    await page.reload();
    await heading('Tiles 7').waitFor();
    await page.getByPlaceholder('Search updates and projects').fill('no such thing');
    await page.getByText('Nothing has “no such thing” in its title.').waitFor();
    await page.getByPlaceholder('Search updates and projects').fill('');
    await page.getByRole('button', { name: 'Cellar (not active)' }).click();
    await heading('Cellar').waitFor();
    assert.match(page.url(), /\?project=2$/);
    assert.equal(await page.locator('#list > li').count(), 1);
    await page.getByLabel('Active only').check();
    await page.getByRole('button', { name: 'Cellar' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: '<b>Roof</b>' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Signed out.').waitFor();
    assert.deepEqual(complaints, []);
  });

  test('posts an update, with a project that it makes', async (t) => {
    const { page, complaints, heading } = await opened(t);
    await heading('Pump').waitFor();
    await page.keyboard.press('n');
    const dialog = page.getByRole('dialog', { name: 'Post an update' });
    await dialog.getByRole('combobox').selectOption('A new project…');
    await dialog.getByLabel('Name of the new project').fill('Garden');
    await dialog.getByLabel('Title').fill('Planted');
    await dialog.getByLabel('Points').fill('Trees\n- two apples\n- a pear\nA hedge');
    await dialog.getByRole('button', { name: 'Post', exact: true }).click();
    await page.getByText('Posted “Planted”.').waitFor();
    await heading('Planted').waitFor();
    const points = page.locator('#list > li', { hasText: 'Planted' }).locator(':scope > ul > li');
    assert.deepEqual(await points.allInnerTexts(), ['Trees\ntwo apples\na pear', 'A hedge']);
    await page.getByRole('button', { name: 'Garden' }).waitFor();

    const feed = page.waitForResponse((response) => response.url().includes('/feed.json?ticket='));
    await page.getByRole('link', { name: 'JSON' }).click();
    const { items } = await (await feed).json();
    assert.equal(items[0].title, 'Planted');
    assert.deepEqual(complaints, []);
  });

  test('is accessible and fits, in both themes and at two widths', async (t) => {
    for (const width of [1280, 390]) {
      const { page, heading } = await opened(t, {
        bypassCSP: true,
        reducedMotion: 'reduce',
        viewport: { width, height: 800 },
      });
      await heading('Pump').waitFor();
      await page.evaluate(AXE);
      for (const theme of ['Theme: light', 'Theme: dark']) {
        await page.getByRole('button', { name: /^Theme/ }).click();
        await page.getByRole('button', { name: theme }).waitFor();
        for (const key of ['Escape', 'n']) {
          await page.keyboard.press(key);
          const found = await page.evaluate(
            'axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]))',
          );
          assert.deepEqual(found, [], `${theme} ${width}`);
        }
        await page.keyboard.press('Escape');
        assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
      }
    }
  });
});
