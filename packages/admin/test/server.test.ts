// The server as operators see it: measures, log, settings, processes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eachPlace } from '../../trestle/test/stores.ts';
import { type Admin, openAdmin, picture, setUp, skip } from './browser.ts';
import { writeDayOfSamples } from './day-of-samples.ts';
import { library, seed } from './library.ts';

eachPlace('the server', (place) => {
  let admin: Admin;
  let page: Page;

  before(async () => {
    if (skip) return;
    admin = await openAdmin(library, {
      ...(await place()),
      administration: {
        settings: [
          { name: 'port', value: 4000, source: 'default' },
          { name: 'administrator secret', value: '***', source: 'TRESTLE_ADMIN_SECRET' },
        ],
      },
    });
    page = await admin.newPage();
    await setUp(page, admin.served);
    await seed(admin.served);
  });
  after(() => admin?.close());

  const go = (path: string) => page.goto(`${admin.served.url}/admin/library/${path}`);

  test('the log is filtered, followed, and found by the id of a request', { skip }, async () => {
    await go('log');
    await page.locator('ol.log > li').first().waitFor();
    const stream = page.waitForResponse((response) => response.url().includes('/logs/events'));
    await page.getByRole('button', { name: 'Follow' }).click();
    await stream;
    const lines = page.locator('ol.log > li').filter({ hasText: '/v1/authors/:id' });
    assert.equal(await lines.count(), 0);
    const { headers } = await admin.served.call('GET /v1/authors/999');
    // It comes by the stream: nothing reads the list again.
    await lines.first().waitFor();
    const id = headers.get('x-request-id') ?? '';
    await page.getByLabel('Request id').fill(id);
    await page.getByText('/v1/authors').first().waitFor();
    await picture(page, 'log');
    assert.match(page.url(), new RegExp(`request=${id}`));
  });

  test('a problem leads to its lines in the log', { skip }, async () => {
    await go('rows/books/99999');
    await page
      .getByRole('alert')
      .getByRole('link', { name: /^Request / })
      .click();
    await page.getByRole('heading', { name: 'Log' }).waitFor();
    await page.getByText('/v1/books').first().waitFor();
  });

  test('measures, settings and processes are shown', { skip }, async () => {
    await go('server');
    await page.getByRole('img', { name: /^Requests/ }).waitFor();
    await picture(page, 'charts');
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByText('TRESTLE_ADMIN_SECRET').waitFor();
    await page.getByRole('link', { name: 'Processes' }).click();
    await page.getByText('running').waitFor();
  });

  test('a day of samples is drawn with names, round axes, hours, and its gap', { skip }, async () => {
    await writeDayOfSamples(admin.served.data, 'library');
    await go('server');
    const chart = page.getByRole('figure').filter({ hasText: 'Event loop delay' });
    await chart.getByText('longest').waitFor();
    await chart.getByText('mean').waitFor();
    assert.doesNotMatch(await page.getByRole('main').innerText(), /[a-z]_[a-z]/);
    const requests = page.getByRole('figure').filter({ hasText: 'Requests' });
    // Nights and noon: up to some 120 a minute, on an axis to 200; the two hours without a server part the line.
    const [top] = await requests.locator('.level').allInnerTexts();
    assert.equal(top, '200');
    const path = (await requests.locator('path').first().getAttribute('d')) ?? '';
    assert.ok((path.match(/M/g) ?? []).length >= 2, path);
    const hours = await requests.locator('.hours span').allInnerTexts();
    assert.ok(hours.length >= 4 && hours.every((hour) => /^(?:00|06|12|18):00$/.test(hour)), hours.join());
    await requests.locator('.plot').hover();
    await requests
      .getByText(/^\d\d:\d\d$/)
      .first()
      .waitFor();
    await page.getByLabel('Span of time').selectOption('1');
    await page.waitForResponse((response) => response.url().includes('hours=1'));
    await picture(page, 'charts-day');
  });

  test('nothing went wrong meanwhile', { skip }, () => {
    assert.deepEqual(admin.complaints, []);
  });
});
