// The clicks of docs/admin.md, counted along the way of each task and held against its table and PocketBase's column.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { eachPlace } from '../../trestle/test/stores.ts';
import { type Admin, OPERATOR, openAdmin, setupLink, skip } from './browser.ts';
import { library, seed } from './library.ts';
import { pretendedBackups } from './pretended-backups.ts';

const DOCS = readFileSync(join(import.meta.dirname, '../../../docs/admin.md'), 'utf8');

/** The table: what a task takes here, and in PocketBase where that can do it. */
const TABLE = new Map(
  [...DOCS.matchAll(/^\| ([^|]+) \| (\d+) \| ([^|]+) \|$/gm)].map(([, task = '', ours, theirs = '']) => [
    task,
    { ours: Number(ours), theirs: /^\d+/.test(theirs) ? Number.parseInt(theirs, 10) : undefined },
  ]),
);

eachPlace('clicks', (place) => {
  let admin: Admin;
  let page: Page;
  let clicks = 0;

  const press = (target: Locator) => target.click();
  const button = (name: string | RegExp, inside: Page | Locator = page) =>
    press(inside.getByRole('button', { name, exact: typeof name === 'string' }));
  /** One of a list of the browser's own: it is opened, and one is chosen. */
  const choose = async (list: Locator, value: string) => {
    await list.selectOption(value);
    clicks += 2;
  };
  const said = (text: string | RegExp) => page.getByRole('status').getByText(text).waitFor();
  const go = async (path: string) => {
    await page.goto(`${admin.served.url}/admin/library/${path}`);
    await page.getByRole('navigation', { name: 'Main' }).waitFor();
  };
  const nav = (name: string) => press(page.getByRole('navigation').getByRole('link', { name, exact: true }));
  const rows = () => page.getByRole('table');
  const dialog = () => page.getByRole('dialog');
  const drawer = () => page.getByRole('complementary');
  const bar = () => page.getByRole('region', { name: 'Selected rows' });

  before(async () => {
    if (skip) return;
    admin = await openAdmin(library, {
      ...(await place()),
      administration: {
        settings: [{ name: 'port', value: 4000, source: 'default' }],
        backups: pretendedBackups(),
      },
    });
    page = await admin.newPage();
    await page.exposeFunction('countClick', () => {
      clicks += 1;
    });
    await page.addInitScript(
      "addEventListener('pointerdown', (event) => event.isTrusted && countClick(), true)",
    );
  });
  after(() => admin?.close());

  /** Walks a task, and holds its clicks against the table. `ready` comes before they count. */
  const task = (name: string, ready: () => Promise<unknown>, way: () => Promise<unknown>) =>
    test(name, { skip }, async () => {
      const line = TABLE.get(name);
      assert.ok(line, `docs/admin.md has no line for ${name}`);
      await ready();
      clicks = 0;
      await way();
      assert.equal(clicks, line.ours);
      assert.ok(line.theirs === undefined || clicks <= line.theirs);
    });

  task(
    'First run: make the operator',
    async () => {
      await page.goto(await setupLink(admin.served));
    },
    async () => {
      // The link itself, which is opened in a terminal or a mail.
      clicks += 1;
      await page.getByLabel('User name').fill(OPERATOR.username);
      await page.getByLabel('Password').fill(OPERATOR.password);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Main' }).waitFor();
      await seed(admin.served);
    },
  );
  task(
    'Find a row by text',
    () => go('rows/books'),
    async () => {
      await press(page.getByRole('searchbox'));
      await page.keyboard.type('Book 017');
      await page.getByText('1 row').waitFor();
    },
  );
  task(
    'Edit and save: the row, the field, save',
    () => go('rows/books'),
    async () => {
      await press(rows().getByText('Book 003'));
      const title = drawer().getByLabel(/^title/);
      await press(title);
      await title.fill('Another title');
      await press(drawer().getByRole('button', { name: 'Save' }));
      await said('Saved 3');
    },
  );
  task(
    'Pick a related row: the field, the row',
    () => go('rows/books?open=4'),
    async () => {
      await press(drawer().getByLabel(/^author/));
      await page.keyboard.type('ada');
      await press(drawer().getByRole('option', { name: /Ada/ }));
      await drawer().getByText('changed').waitFor();
    },
  );
  task(
    'Add a filter on a field of a related row',
    () => go('rows/books'),
    async () => {
      await button('Filter');
      await choose(dialog().getByRole('combobox', { name: 'Field', exact: true }), 'author.name');
      await press(dialog().getByLabel('Value', { exact: true }));
      await page.keyboard.type('grace');
      await button('Apply', dialog());
      await page.getByRole('button', { name: 'author.name contains grace', exact: true }).waitFor();
    },
  );
  task(
    'Change a field of many rows at once, after selecting',
    async () => {
      await go('rows/books');
      for (const id of [5, 6])
        await page.getByRole('checkbox', { name: `Select row ${id}`, exact: true }).check();
    },
    async () => {
      await button('Edit', bar());
      await choose(dialog().getByLabel('Field'), 'pages');
      await press(dialog().getByLabel('Value'));
      await page.keyboard.type('0');
      await button('Change 2 rows', dialog());
      await said('2 rows done');
    },
  );
  task(
    'Change a field of all rows of a view',
    async () => {
      await go(`rows/books?filter=${encodeURIComponent('[["id","lte",150]]')}`);
      await rows().getByText('Book 007').waitFor();
    },
    async () => {
      await press(page.getByRole('checkbox', { name: 'Select all rows that are loaded' }));
      await button('Select all of this view', bar());
      await bar().getByText('All 150 rows').waitFor();
      await button('Edit', bar());
      await choose(dialog().getByLabel('Field'), 'pages');
      await press(dialog().getByLabel('Value'));
      await page.keyboard.type('7');
      await button('Change 150 rows', dialog());
      await said('150 rows done');
    },
  );
  task(
    'Delete many rows, after selecting',
    async () => {
      await go('rows/books');
      for (const id of [8, 9])
        await page.getByRole('checkbox', { name: `Select row ${id}`, exact: true }).check();
    },
    async () => {
      await button('Delete', bar());
      await button('Delete 2 rows', dialog());
      await said('2 rows done');
    },
  );
  task(
    'Restore a deleted row',
    () => go('rows/books'),
    async () => {
      await button('Views');
      await button('Deleted rows');
      await press(rows().getByText('Book 008'));
      await button('Restore', drawer());
      await said('Restored 8');
    },
  );
  task(
    'Open an account',
    () => go('accounts'),
    async () => {
      await press(rows().getByRole('button', { name: OPERATOR.username }));
      await drawer().getByRole('heading', { name: OPERATOR.username }).waitFor();
    },
  );
  task(
    'Set a password of an account that is open',
    async () => {
      await go('accounts');
      await button('Create');
      await dialog().getByLabel('User name').fill('charles');
      await dialog().getByLabel('Password').fill('A-difference-engine-1');
      await button('Create', dialog());
      await drawer().getByRole('heading', { name: 'charles' }).waitFor();
    },
    async () => {
      await button('Set password', drawer());
      await page.keyboard.type('Another-engine-22');
      await button('Set password', dialog());
      await said('Done: reset-password');
    },
  );
  task(
    'Log',
    () => go(''),
    async () => {
      await nav('Log');
      await page.locator('ol.log > li').first().waitFor();
    },
  );
  task(
    'Back up now',
    () => go(''),
    async () => {
      await nav('Server');
      await press(page.getByRole('link', { name: 'Backups' }));
      await button('Back up now');
      await said(/library-2026/);
    },
  );
  task(
    'Settings',
    () => go(''),
    async () => {
      await nav('Server');
      await press(page.getByRole('link', { name: 'Settings' }));
      await page.getByText('port', { exact: true }).waitFor();
    },
  );
  task(
    'Jobs: see, run now',
    () => go(''),
    async () => {
      await nav('Operations and jobs');
      await button(/^Run now/);
      await page
        .getByRole('listitem', { name: /^count/ })
        .first()
        .waitFor();
    },
  );
  task(
    'Code for the list that is shown',
    () => go('rows/books'),
    async () => {
      await button('API examples');
      await dialog().getByText('curl -g').waitFor();
    },
  );
  task(
    'Diagram of the resources',
    () => go(''),
    async () => {
      await nav('Declaration');
      await page.getByRole('img', { name: /books.author → authors/ }).waitFor();
    },
  );
  task(
    'Dark mode',
    () => go(''),
    async () => {
      await button('Dark theme');
      await page.locator('html[data-theme="dark"]').waitFor();
    },
  );

  test('every task of the table is walked', { skip }, () => {
    assert.equal(TABLE.size, 18);
    assert.deepEqual(admin.complaints, []);
  });
});
