import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type BrowserContext, chromium } from 'playwright-core';
import { serveApp } from 'trestle/testing';
import plans from './page/plans.ts';

/** A browser of this machine; `CHROMIUM` names another. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

async function opened(t: TestContext, context: BrowserContext, url: string) {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => t.diagnostic(error.message));
  await page.goto(url);
  return { page, says: (words: string) => page.getByRole('status').filter({ hasText: words }).waitFor() };
}

test('a page written with the client and its documentation', { skip }, async (t) => {
  const served = await serveApp(plans);
  t.after(() => served.close());
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const { page, says } = await opened(t, context, served.url);

  await page.getByLabel('Project').fill('Roof');
  await page.getByLabel('First task').fill('Order tiles');
  await page.getByRole('button', { name: 'Add' }).click();
  await says('Credentials are required');
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('correct horse battery staple');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await says('Hello ada');
  await page.getByRole('button', { name: 'Add' }).click();
  await says('Roof begins with Order tiles');
  await page.getByLabel('Project').fill('No');
  await page.getByRole('button', { name: 'Add' }).click();
  await says('at least 3 characters');
  await page.getByRole('button', { name: 'Tasks' }).click();
  await says('To do: Order tiles');

  // Two tabs of one session edit one title: the second is told of the first.
  const other = await opened(t, context, served.url);
  const title = page.getByLabel('Title of Roof');
  const read = page.waitForResponse((response) => /\/v1\/projects\/[^/]+$/.test(response.url()));
  await title.focus();
  await read;
  await other.page.getByLabel('Title of Roof').fill('Green roof');
  await other.page.getByLabel('Title of Roof').blur();
  await other.says('Saved Green roof');
  await title.fill('Red roof');
  await title.blur();
  await says('Somebody else wrote Green roof');

  await page.getByLabel('Search').fill('cellar');
  await page.locator('#projects:empty').waitFor({ state: 'attached' });
  await page.getByLabel('Search').fill('green');
  await page.getByLabel('Title of Green roof').waitFor();
  assert.equal(await page.locator('#projects li').count(), 1);
});
