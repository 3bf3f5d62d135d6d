// Every screen in both themes and two widths: no violation that axe finds, nothing wider than the window, and a picture for CI.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Admin, openAdmin, picture, setUp, skip } from './browser.ts';
import { library, seed } from './library.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Screens by name: their address, and text that is there when they are whole. */
const SCREENS: Readonly<Record<string, readonly [path: string, whole: string | RegExp]>> = {
  overview: ['', 'Data'],
  rows: ['rows/books', 'Book 001'],
  'rows-filtered': ['rows/books?filter=[["author.name","eq","Ada"]]&sort=-pages', 'Book 259'],
  'rows-none': ['rows/books?search=nothing-has-this', 'No row fits these conditions'],
  drawer: ['rows/books?open=3', 'History'],
  'new-row': ['rows/books?open=new', 'required'],
  'row-page': ['rows/books/3', 'History'],
  accounts: ['accounts', 'administrator'],
  jobs: ['jobs', 'No job has run yet'],
  declaration: ['declaration?tab=resources', 'transitions'],
  diagram: ['declaration', 'entered_by'],
  rules: ['declaration?tab=rules', 'signedIn'],
  migrations: ['declaration?tab=migrations', 'Nothing is pending.'],
  audit: ['audit', /createMany|POST/],
  log: ['log', 'request'],
  server: ['server', 'Requests'],
  settings: ['server?tab=settings', 'Setting'],
  processes: ['server?tab=processes', 'running'],
};

/** Themes and widths; every pair of them in CI, where there is time. */
const KINDS: readonly (readonly ['light' | 'dark', number])[] = [
  ['light', 1280],
  ['dark', 390],
  ...(process.env.TRESTLE_TEST_FILES === 'all'
    ? ([
        ['dark', 1280],
        ['light', 390],
      ] as const)
    : []),
];

let admin: Admin;
const pages = new Map<string, Page>();

before(async () => {
  if (skip) return;
  admin = await openAdmin(library);
  const first = await admin.newPage();
  await setUp(first, admin.served);
  await seed(admin.served);
  // Something for the audit.
  const storageState = await first.context().storageState();
  for (const [colorScheme, width] of KINDS) {
    const page = await admin.newPage({ colorScheme, viewport: { width, height: 844 }, storageState });
    pages.set(`${colorScheme}-${width}`, page);
  }
  const page = pages.get('light-1280');
  if (page) {
    await page.goto(`${admin.served.url}/admin/library/rows/books?open=3`);
    await page
      .getByRole('complementary')
      .getByLabel(/^title/)
      .fill('Book 003, read again');
    await page.getByRole('complementary').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').getByText('Saved 3').waitFor();
  }
});
after(() => admin?.close());

async function check(page: Page, name: string): Promise<void> {
  const width = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
  assert.ok(width <= 0, `${name}: ${width} px too wide`);
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`,
  )) as { violations: Violation[] };
  const found = violations.map(({ id, help, nodes }) => {
    const places = nodes
      .slice(0, 3)
      .map(({ html, failureSummary }) => `  ${html.slice(0, 200)}\n  ${failureSummary}`);
    return `${id}: ${help}\n${places.join('\n')}`;
  });
  assert.equal(found.length, 0, `${name}\n${found.join('\n')}`);
}

for (const [name, [path, whole]] of Object.entries(SCREENS))
  test(`${name} has no violation`, { skip }, async () => {
    for (const [kind, page] of pages) {
      await page.goto(`${admin.served.url}/admin/library/${path}`);
      await page.getByText(whole).locator('visible=true').first().waitFor();
      await picture(page, `${name}-${kind}`);
      await check(page, `${name} ${kind}`);
    }
  });

/** Overlays of a screen, and how each is opened. */
const OVERLAYS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  palette: (page) => page.keyboard.press('Control+k'),
  shortcuts: (page) => page.keyboard.press('?'),
  filter: (page) => page.keyboard.press('f'),
  columns: (page) => page.getByRole('button', { name: 'Columns' }).click(),
};

for (const [name, open] of Object.entries(OVERLAYS))
  test(`${name} has no violation`, { skip }, async () => {
    for (const [kind, page] of pages) {
      await page.goto(`${admin.served.url}/admin/library/rows/books`);
      await page.getByRole('table').waitFor();
      await open(page);
      await page.locator('dialog[open], [popover]:popover-open').first().waitFor();
      await picture(page, `${name}-${kind}`);
      await check(page, `${name} ${kind}`);
    }
  });

test('sign-in has no violation', { skip }, async () => {
  for (const [kind, page] of pages) {
    await page.context().clearCookies();
    await page.goto(`${admin.served.url}/admin/library`);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await picture(page, `sign-in-${kind}`);
    await check(page, `sign-in ${kind}`);
  }
});

test('nothing went wrong meanwhile', { skip }, () => {
  assert.deepEqual(admin.complaints, []);
});
