// The keyboard alone: the order of the focus, and every dialog and menu, which take it, keep it, and give it back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type Admin, openAdmin, setUp, skip } from './browser.ts';
import { library, seed } from './library.ts';

let admin: Admin;
let page: Page;

before(async () => {
  if (skip) return;
  admin = await openAdmin(library);
  page = await admin.newPage();
  await setUp(page, admin.served);
  await seed(admin.served);
});
after(() => admin?.close());

const OVERLAY = 'dialog[open], [popover]:popover-open';

const open = async (path: string) => {
  await page.goto(`${admin.served.url}/admin/library/${path}`);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
};

/** Waits until an element has the focus. */
const hasFocus = (target: Locator) => target.and(page.locator(':focus')).waitFor();

/** The name of what has the focus: its label, else its text. */
const focused = () =>
  page.evaluate(`(() => {
    const at = document.activeElement;
    if (!at || at === document.body) return 'nothing';
    return (at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.innerText).trim().split('\\n')[0];
  })()`) as Promise<string>;

const isInside = (selector: string) =>
  page.evaluate(
    `(() => { const at = document.activeElement; return at === document.body || [...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.contains(at)); })()`,
  ) as Promise<boolean>;

test('the focus begins at a way past the navigation, and goes in the order of the page', {
  skip,
}, async () => {
  await open('rows/books');
  await page.getByRole('table').getByText('Book 001').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  const names: string[] = [];
  const boxes: { x: number; y: number }[] = [];
  for (let at = 0; at < 12; at += 1) {
    await page.keyboard.press('Tab');
    names.push(await focused());
    boxes.push(
      (await page.evaluate('(({ x, y }) => ({ x, y }))(document.activeElement.getBoundingClientRect())')) as {
        x: number;
        y: number;
      },
    );
  }
  assert.deepEqual(names.slice(0, 8), [
    '100+ rows: count',
    'Search rows',
    'Create',
    'Filter',
    'Views',
    'Columns',
    'API examples',
    'More actions',
  ]);
  // From left to right in a line, and from line to line; a line is what is less than half a control apart.
  for (const [at, { x, y }] of boxes.entries()) {
    const before = boxes[at - 1];
    if (before) assert.ok(y > before.y + 12 || x > before.x, `${names[at - 1]} comes before ${names[at]}`);
  }
});

/** Overlays that open by a key on a button: its name, its screen, and an item in between. */
const OPENED: readonly (readonly [button: string, path: string, through?: string])[] = [
  ['Filter', 'rows/books'],
  ['API examples', 'rows/books'],
  ['Views', 'rows/books'],
  ['Columns', 'rows/books'],
  ['More actions', 'rows/authors'],
  ['More actions', 'rows/authors', 'Import'],
  ['More actions', 'rows/authors', 'Export'],
  ['Views', 'rows/books', 'Save this view'],
  ['Create', 'accounts'],
  ['Search', 'rows/books'],
];

for (const [button, path, through] of OPENED)
  test(`${through ?? button} of ${path} takes the focus, keeps it, and gives it back`, { skip }, async () => {
    await open(path);
    const opener = page
      .getByRole('button', { name: button, exact: !['Create', 'Search'].includes(button) })
      .first();
    await opener.waitFor();
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.locator(OVERLAY).first().waitFor();
    if (through) {
      await page.getByRole('button', { name: through }).focus();
      await page.keyboard.press('Enter');
      await page.locator('dialog[open]').waitFor();
    }
    // A menu shows itself first, and gives its first item the focus when it is told so.
    await page.locator(OVERLAY).locator(':focus').waitFor();
    const isModal = (await page.locator('dialog[open]').count()) > 0;
    // A menu may be left by Tab, as the platform's own are; a modal dialog may not.
    if (isModal)
      for (let at = 0; at < 12; at += 1) {
        await page.keyboard.press(at < 9 ? 'Tab' : 'Shift+Tab');
        assert.ok(await isInside(OVERLAY), `${await focused()} is outside`);
      }
    else
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) {
        await page.keyboard.press(key);
        assert.ok(await isInside(OVERLAY), `${await focused()} is outside`);
      }
    await page.keyboard.press('Escape');
    await page.locator(OVERLAY).first().waitFor({ state: 'detached' });
    await hasFocus(opener);
  });

test('dialogs of a selection and of a row give the focus back', { skip }, async () => {
  await open('rows/books');
  await page.getByRole('checkbox', { name: 'Select row 5', exact: true }).check();
  for (const name of ['Edit', 'Delete', 'Export']) {
    const opener = page.getByRole('region', { name: 'Selected rows' }).getByRole('button', { name });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let at = 0; at < 10; at += 1) {
      await page.keyboard.press('Tab');
      assert.ok(await isInside(OVERLAY), `${name}: ${await focused()}`);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hasFocus(opener);
  }
});

test('the focus stays in the screen where its dialog is gone with what opened it', { skip }, async () => {
  await open('rows/authors');
  await page.getByRole('checkbox', { name: 'Select row 1', exact: true }).check();
  await page.getByRole('region', { name: 'Selected rows' }).getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('dialog').getByLabel('Field').selectOption('born');
  await page.getByRole('dialog').getByLabel('Value').fill('1816');
  await page.getByRole('button', { name: 'Change 1 row' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText('1 row done').waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await hasFocus(page.getByRole('main'));
});

test('a row is opened, edited and closed by keys, and the list has the focus again', { skip }, async () => {
  await open('rows/books');
  const link = page.getByRole('link', { name: 'Book 007' });
  await link.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('complementary');
  await drawer.getByRole('heading', { name: 'Book 007' }).waitFor();
  await drawer.getByLabel(/^title/).focus();
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await hasFocus(link);
  const create = page.getByRole('button', { name: 'Create' });
  await create.focus();
  await page.keyboard.press('Enter');
  await drawer.getByRole('heading', { name: 'New in books' }).waitFor();
  assert.match(await focused(), /^title/);
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await hasFocus(create);
});

test('an account is opened and closed by keys', { skip }, async () => {
  await open('accounts');
  const opener = page.getByRole('table').getByRole('button', { name: 'adalovelace' });
  await opener.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('complementary');
  await drawer.getByRole('heading', { name: 'adalovelace' }).waitFor();
  await drawer.getByRole('button', { name: 'New key' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await focused(), 'New key');
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  await hasFocus(opener);
});

test('nothing went wrong meanwhile', { skip }, () => {
  assert.deepEqual(admin.complaints, []);
});
