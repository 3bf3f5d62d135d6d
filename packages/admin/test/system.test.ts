// Accounts, sessions and keys, operations and jobs, the declaration, the audit, and the view of another account.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eachPlace } from '../../trestle/test/stores.ts';
import { type Admin, OPERATOR, openAdmin, picture, setUp, signIn, skip } from './browser.ts';
import { ENDLESS, library, seed } from './library.ts';

eachPlace('the system', (place) => {
  let admin: Admin;
  let page: Page;

  before(async () => {
    if (skip) return;
    admin = await openAdmin(library, await place());
    page = await admin.newPage();
    await setUp(page, admin.served);
    await seed(admin.served);
  });
  after(() => admin?.close());

  const drawer = () => page.getByRole('complementary');
  const dialog = () => page.getByRole('dialog');
  const said = (text: string | RegExp) => page.getByRole('status').getByText(text);
  const go = (path: string) => page.goto(`${admin.served.url}/admin/library/${path}`);
  const USER = { username: 'charles', password: 'A-difference-engine-1' };

  test('an account is made, given a role, disabled, enabled, and given a password', { skip }, async () => {
    await go('accounts');
    await page.getByRole('button', { name: 'Create' }).click();
    await dialog().getByLabel('User name').fill(USER.username);
    await dialog().getByLabel('Password').fill(USER.password);
    await dialog().getByRole('checkbox', { name: 'librarian' }).check();
    await dialog().getByRole('button', { name: 'Create' }).click();
    await drawer().getByRole('heading', { name: 'charles' }).waitFor();
    assert.ok(await drawer().getByRole('checkbox', { name: 'librarian' }).isChecked());
    await picture(page, 'account');
    await drawer().getByRole('checkbox', { name: 'librarian' }).click();
    await said('Done: set-roles').waitFor();
    await drawer().getByRole('button', { name: 'Disable' }).click();
    await said('Done: disable').waitFor();
    const { status } = await admin.served.call('POST /v1/sessions', { body: USER });
    assert.equal(status, 401);
    await drawer().getByRole('button', { name: 'Enable' }).click();
    await said('Done: enable').waitFor();
    await drawer().getByRole('button', { name: 'Set password' }).click();
    await dialog().getByLabel('Password').fill('Another-engine-22');
    await dialog().getByRole('button', { name: 'Set password' }).click();
    await said('Done: reset-password').waitFor();
    const again = await admin.served.call('POST /v1/sessions', {
      body: { ...USER, password: 'Another-engine-22' },
    });
    assert.equal(again.status, 200);
  });

  test('sessions of an account are seen and ended', { skip }, async () => {
    await go('accounts');
    await page.getByRole('button', { name: 'charles' }).click();
    await drawer().getByRole('button', { name: 'End', exact: true }).click();
    await drawer().getByRole('button', { name: 'End', exact: true }).waitFor({ state: 'detached' });
  });

  test('a key has scopes, is shown once, its uses are seen, and it is switched off', { skip }, async () => {
    await go('accounts');
    await page.getByRole('table').getByRole('button', { name: OPERATOR.username }).click();
    await drawer().getByRole('button', { name: 'New key' }).click();
    await dialog().getByLabel('Name').fill('reader');
    await dialog().getByRole('checkbox', { name: 'books:read' }).check();
    await picture(page, 'key');
    await dialog().getByRole('button', { name: 'Create' }).click();
    const key = await dialog().getByTestId('key').innerText();
    await page.keyboard.press('Escape');
    assert.equal((await admin.served.call('GET /v1/books', { token: key })).status, 200);
    assert.equal((await admin.served.call('POST /v1/tags', { token: key, body: { name: 'x' } })).status, 403);
    await drawer().getByRole('button', { name: 'More actions reader' }).click();
    await page.getByRole('button', { name: 'Uses' }).click();
    await dialog()
      .getByText(/GET .*books/)
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    await drawer().getByRole('button', { name: 'More actions reader' }).click();
    await page.getByRole('button', { name: 'Switch off' }).click();
    await drawer().getByText('off', { exact: true }).waitFor();
    assert.equal((await admin.served.call('GET /v1/books', { token: key })).status, 401);
  });

  test('operations show their progress, are cancelled, and tried again', { skip }, async () => {
    await go('rows/volumes?open=new');
    await drawer()
      .getByLabel(/^label/)
      .fill(ENDLESS);
    await drawer().getByRole('button', { name: 'Create' }).click();
    await drawer().getByRole('button', { name: 'bind' }).click();
    await said('Started: bind').waitFor();
    await drawer().getByText('half bound').waitFor();
    await go('jobs');
    await page.getByRole('listitem', { name: 'bind running' }).getByText('half bound').waitFor();
    await picture(page, 'jobs');
    await page.getByRole('button', { name: 'Cancel' }).click();
    const cancelled = page.getByRole('listitem', { name: 'bind cancelled' });
    await cancelled.getByText('attempts: 1').click();
    await cancelled.getByRole('row', { name: /^1 cancelled/ }).waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('listitem', { name: 'bind running' }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('listitem', { name: 'bind running' }).waitFor({ state: 'detached' });
  });

  test('the declaration is shown: resources, diagram, rules, migrations', { skip }, async () => {
    await go('declaration');
    await page.getByRole('link', { name: 'Resources' }).click();
    await page
      .getByRole('region', { name: 'books', exact: true })
      .first()
      .getByText('reference')
      .first()
      .waitFor();
    await picture(page, 'declaration');
    await page.getByRole('link', { name: 'Diagram' }).click();
    await page.getByRole('img', { name: /books.author → authors/ }).waitFor();
    await picture(page, 'diagram');
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByRole('columnheader', { name: 'anonymous' }).waitFor();
    await picture(page, 'rules');
    await page.getByRole('link', { name: 'Migrations' }).click();
    await page.getByText('Nothing is pending.').waitFor();
  });

  test('an operator sees what an account may read, and which rule decides', { skip }, async () => {
    await go('accounts');
    await page.getByRole('button', { name: 'charles' }).click();
    await drawer().getByRole('button', { name: 'View as this account' }).click();
    await page.getByText('You see what charles may read.').waitFor();
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'books' }).click();
    await page.getByRole('table').getByText('Book 001').click();
    await drawer().getByRole('heading', { name: 'What charles may do, and the rule that decides' }).waitFor();
    await picture(page, 'view-as');
    assert.ok(
      await drawer()
        .getByLabel(/^title/)
        .isDisabled(),
    );
    assert.equal(await page.getByRole('button', { name: 'Create' }).count(), 0);
    await page.getByRole('button', { name: 'Back to your own view' }).click();
    await page.getByRole('button', { name: 'Create' }).waitFor();
  });

  test('what operators did is recorded', { skip }, async () => {
    await go('audit');
    await page
      .getByRole('table')
      .getByText('/v1/accounts/{id}:disable')
      .or(page.getByText(/:disable/))
      .first()
      .waitFor();
    await page.getByText('as charles').or(page.getByText(/^as /)).first().waitFor();
    await picture(page, 'audit');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    assert.equal(file.suggestedFilename(), 'audit.csv');
  });

  test('a viewer reads everything and is offered nothing else', { skip }, async () => {
    const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;
    const viewer = { username: 'reader', password: 'Only-reads-what-is-there-3' };
    await admin.served.engines[0]?.operators.create(HERE, viewer, 'viewer');
    const own = await admin.newPage();
    await own.goto(`${admin.served.url}/admin/library/rows/books?open=1`);
    await signIn(own, viewer);
    const theirs = own.getByRole('complementary');
    await theirs.getByRole('definition').getByText('Book 001').first().waitFor();
    assert.equal(await theirs.getByRole('textbox').count(), 0);
    for (const name of ['Create', 'Save', 'shelve'])
      assert.equal(await own.getByRole('button', { name }).count(), 0);
    await own.goto(`${admin.served.url}/admin/library/audit`);
    await own.getByRole('table').getByText('adalovelace').first().waitFor();
    await own.context().close();
  });

  test('an account is deleted after a look at what goes with it', { skip }, async () => {
    await go('accounts');
    await page.getByRole('button', { name: 'charles' }).click();
    await drawer().getByRole('button', { name: 'Delete' }).click();
    await dialog().getByText('This cannot be undone.').waitFor();
    await dialog().getByRole('button', { name: 'Delete' }).click();
    await said('Deleted charles').waitFor();
  });

  test('nothing went wrong meanwhile', { skip }, () => {
    assert.deepEqual(admin.complaints, []);
  });
});
