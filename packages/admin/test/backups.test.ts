// Backups of a server of its own: made, read back, scheduled, restored, on both databases.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { callOver } from '../../trestle/test/harness.ts';
import { appFolder, NOTES, serve } from '../../trestle/test/processes.ts';
import { eachPlace } from '../../trestle/test/stores.ts';
import { EXECUTABLE, OPERATOR, picture, signIn, skip } from './browser.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Ids of the rules of WCAG 2.2 AA that a page breaks. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const run = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`;
  const { violations } = await page.evaluate<{ violations: { id: string }[] }>(run);
  return violations.map(({ id }) => id);
}

const folder = appFolder(NOTES);
let browser: Browser | undefined;
after(() => browser?.close());

eachPlace('backups', (place) => {
  test('are made, read back, scheduled, and restored by typing the name of the app', { skip }, async (t) => {
    const { data, database } = await place();
    const options = ['--data', data, ...(database ? ['--database', database] : [])];
    const served = await serve([folder, ...options, '--readiness-delay', '0']);
    t.after(() => served.kill());
    browser ??= await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30_000);
    const [link = ''] = /http:\S+#setup=\S+/.exec(served.output.stdout) ?? [];
    await page.goto(link);
    await page.getByLabel('User name').fill(OPERATOR.username);
    await page.getByLabel('Password').fill(OPERATOR.password);
    await page.getByRole('button', { name: 'Create administrator' }).click();
    await page.getByRole('navigation', { name: 'Main' }).waitFor();

    const write = (content: string) => callOver(served.url, 'POST /v1/notes', { body: { content } });
    await write('before');
    await page.goto(`${served.url}/admin/notes/server?tab=backups`);
    await page.getByRole('button', { name: 'Change' }).click();
    await page.getByLabel('When').fill('every night');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').filter({ hasText: 'expected five fields' }).first().waitFor();
    await page.getByLabel('When').fill('30 2 * * *');
    await page.getByRole('button', { name: 'Save' }).click();
    const when = page.getByRole('region', { name: 'Schedule' });
    await when.getByText('30 2 * * *').waitFor();
    await when.getByText('operators').waitFor();

    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.getByRole('status').getByText('Made and read back').waitFor();
    const backup = page.getByRole('row', { name: /notes-2/ }).first();
    await backup.getByRole('button', { name: 'Verify' }).click();
    await backup.getByText(/whole/).waitFor();
    await picture(page, `backups-${database ? 'postgres' : 'sqlite'}`);
    assert.deepEqual(await violations(page), []);
    await write('after');
    await backup.getByRole('button', { name: 'Restore' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore a backup' });
    await dialog.waitFor();
    assert.deepEqual(await violations(page), []);
    const go = dialog.getByRole('button', { name: 'Restore' });
    assert.equal(await go.isDisabled(), true);
    await dialog.getByLabel('Type notes to go on').fill('notes');
    await go.click();
    const outcome = page.getByRole('status').filter({ hasText: 'What was there before is notes-' });
    const askedAgain = page.getByRole('dialog').getByLabel('User name');
    // The session is newer than some backups: then one signs in anew, without leaving the screen.
    await outcome.or(askedAgain).first().waitFor();
    if (await askedAgain.isVisible()) await signIn(page);
    await outcome.getByText('restored', { exact: true }).waitFor();
    const { body } = await callOver<{ items: { content: string }[] }>(served.url, 'GET /v1/notes');
    assert.deepEqual(
      body.items.map(({ content }) => content),
      ['before'],
    );
    await page
      .getByRole('row', { name: /notes-2/ })
      .nth(1)
      .waitFor();
    assert.equal((await served.stop()).code, 0);
  });
});
