// How a slow connection is borne.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Admin, openAdmin, setUp, skip } from './browser.ts';
import { library, seed } from './library.ts';

let admin: Admin;

before(async () => {
  if (!skip) admin = await openAdmin(library);
});
after(() => admin?.close());

test('a slow connection shows that it loads, and sends nothing twice', { skip }, async () => {
  const page = await admin.newPage();
  await setUp(page, admin.served);
  await seed(admin.served);
  await page.reload();
  await page.getByRole('link', { name: 'books' }).first().click();
  await page.getByRole('table').getByText('Book 001').waitFor();

  // 400 ms there and back, and 50 kB a second.
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: 50_000,
    uploadThroughput: 50_000,
  });
  await page.getByRole('link', { name: 'authors' }).first().click();
  await page.getByText('Loading').first().waitFor();
  await page.getByRole('table').getByText('Ada').waitFor();
  await page.getByRole('table').getByText('Ada').click();
  const drawer = page.getByRole('complementary');
  await drawer.getByLabel(/^born/).fill('1816');
  const save = drawer.getByRole('button', { name: 'Save' });
  // A second click while the first is under way sends nothing.
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  await page.route('**/v1/authors/*', async (route) => {
    if (route.request().method() === 'PATCH') await held;
    await route.continue();
  });
  await save.click();
  await drawer.locator('button[type=submit]:disabled').waitFor();
  release();
  await page.getByRole('status').getByText('Saved 1').waitFor();
  assert.deepEqual(admin.complaints, []);
});
