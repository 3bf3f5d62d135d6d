import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import changelog from '../../../../apps/changelog/app.ts';
import messages from '../../../../apps/messages/app.ts';
import { startApps } from '../harness.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

test('the page of changelog shows projects and updates to who signs in', { skip }, async () => {
  await using served = await startApps([messages, changelog]);
  const user = { username: 'anna', password: 'x' };
  await served.call('POST /changelog/users', { body: user });
  const { body } = await served.call<{ access_token: string }>('POST /changelog/login', { body: user });
  const token = body.access_token;
  await served.call('POST /changelog/projects', { token, body: { title: '<b>Roof</b>' } });
  const relevant_points = [{ title: 'Delivery', description: ['in May'] }];
  await served.call('POST /changelog/updates', {
    token,
    body: { title: 'Tiles', project_id: 1, relevant_points },
  });

  const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`${served.url}/changelog`);
    await page.getByLabel('User name').fill('anna');
    await page.getByLabel('Password').fill('x');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: '<b>Roof</b>' }).waitFor();
    for (const text of ['Tiles', 'Delivery', 'in May']) await page.getByText(text).waitFor();
    await page.getByLabel('Search titles').fill('cellar');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('There are no projects.').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Signed out.').waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
