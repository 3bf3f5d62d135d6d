// Every screen in both themes and two widths: no violation that axe finds, nothing wider than the window, and a picture for CI.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Admin, openAdmin, picture, setUp, skip } from './browser.ts';
import { library, operatorToken, seed } from './library.ts';
import { pretendedBackups } from './pretended-backups.ts';

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
  log: ['log', /\/v1\/admin/],
  server: ['server', 'Requests'],
  backups: ['server?tab=backups', 'Back up now'],
  settings: ['server?tab=settings', 'Setting'],
  processes: ['server?tab=processes', 'running'],
};

/** Themes and widths; every pair of them in CI, where there is time. */
const KINDS: readonly (readonly ['light' | 'dark', number])[] = [
  ['light', 1440],
  ['dark', 390],
  ...(process.env.TRESTLE_TEST_FILES === 'all'
    ? ([
        ['dark', 1440],
        ['light', 390],
      ] as const)
    : []),
];

let admin: Admin;
let token: string;
const pages = new Map<string, Page>();

before(async () => {
  if (skip) return;
  const backups = pretendedBackups();
  await backups.make('library');
  admin = await openAdmin(library, {
    administration: { settings: [{ name: 'port', value: 4000, source: 'default' }], backups },
  });
  const first = await admin.newPage();
  await setUp(first, admin.served);
  await seed(admin.served);
  token = await operatorToken(admin.served);
  await admin.served.call('DELETE /v1/books/260', { token });
  await admin.served.call('POST /v1/books/5:discard', { token });
  const storageState = await first.context().storageState();
  for (const [colorScheme, width] of KINDS) {
    const page = await admin.newPage({
      colorScheme,
      viewport: { width, height: width > 390 ? 900 : 844 },
      storageState,
    });
    pages.set(`${colorScheme}-${width}`, page);
  }
  const page = pages.get('light-1440');
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

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const more = async (page: Page, name: string) => {
  await button(page, 'More actions');
  await button(page, name);
};
const select = async (page: Page, name?: string) => {
  await page.getByRole('checkbox', { name: 'Select row 5', exact: true }).check();
  if (name) await page.getByRole('region', { name: 'Selected rows' }).getByRole('button', { name }).click();
};

/** Dialogs, menus, drawers and states: their screen, and how each is opened. */
const OVERLAYS: Readonly<Record<string, readonly [path: string, open: (page: Page) => Promise<void>]>> = {
  palette: ['rows/books', (page) => page.keyboard.press('Control+k')],
  shortcuts: ['rows/books', (page) => page.keyboard.press('?')],
  filter: ['rows/books', (page) => page.keyboard.press('f')],
  'filter-nested': [
    `rows/books?filter=${encodeURIComponent(
      JSON.stringify([
        ['author.name', 'eq', 'Ada'],
        {
          any: [
            ['pages', 'between', [1, 90]],
            ['format', 'in', ['paper']],
            {
              all: [
                ['tags', 'has', 1],
                ['printed', 'null', true],
              ],
            },
          ],
        },
      ]),
    )}`,
    (page) => page.getByRole('button', { name: /^author.name/ }).click(),
  ],
  columns: ['rows/books', (page) => button(page, 'Columns')],
  views: ['rows/books', (page) => button(page, 'Views')],
  'save-view': [
    'rows/books',
    async (page) => {
      await button(page, 'Views');
      await button(page, 'Save this view');
    },
  ],
  'api-examples': ['rows/books', (page) => button(page, 'API examples')],
  export: ['rows/authors', (page) => more(page, 'Export')],
  import: [
    'rows/authors',
    async (page) => {
      await more(page, 'Import');
      const buffer = Buffer.from('name,born\r\nHypatia,370\r\nNobody,9999\r\n');
      await page
        .getByLabel('File', { exact: true })
        .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer });
      await button(page, 'Try');
      await page.getByText(/^Line 3: born/).waitFor();
    },
  ],
  'bulk-bar': ['rows/books', (page) => select(page)],
  'bulk-edit': ['rows/books', (page) => select(page, 'Edit')],
  'bulk-delete': ['rows/books', (page) => select(page, 'Delete')],
  'bulk-step': [
    'rows/books',
    async (page) => {
      await select(page, 'Step');
      await button(page, 'shelve');
    },
  ],
  'bulk-refused': [
    'rows/books',
    async (page) => {
      await select(page, 'Step');
      await button(page, 'discard');
      await page.getByRole('dialog').getByRole('button', { name: 'discard' }).click();
      await page.getByText('0 done, 1 refused').waitFor();
    },
  ],
  deleted: ['rows/books?deleted=true&open=260', (page) => page.getByText('This row is deleted.').waitFor()],
  'delete-row': [
    'rows/authors?open=3',
    async (page) => {
      await page.getByRole('complementary').getByRole('button', { name: 'More actions' }).click();
      await button(page, 'Delete');
      await page.getByText('2 loans.author').waitFor();
    },
  ],
  conflict: [
    'rows/books?open=7',
    async (page) => {
      const drawer = page.getByRole('complementary');
      const title = drawer.getByLabel(/^title/);
      await title.fill(`Mine, not ${await title.inputValue()}`);
      const body = { title: `Theirs ${Math.random()}` };
      await admin.served.call('PATCH /v1/books/7', { token, body });
      await drawer.getByRole('button', { name: 'Save' }).click();
      await drawer.getByRole('region', { name: /changed this row meanwhile/ }).waitFor();
    },
  ],
  'row-problems': [
    'rows/books?open=8',
    async (page) => {
      const drawer = page.getByRole('complementary');
      await drawer.getByLabel(/^pages/).fill('0');
      await drawer.getByRole('button', { name: 'Save' }).click();
      await drawer.getByRole('alert').waitFor();
    },
  ],
  'pick-row': [
    'rows/books?open=9',
    async (page) => {
      await page
        .getByRole('complementary')
        .getByLabel(/^author/)
        .click();
      await page.getByRole('option', { name: /Ada/ }).waitFor();
    },
  ],
  account: [
    'accounts',
    async (page) => {
      await page.getByRole('table').getByRole('button', { name: 'adalovelace' }).click();
      await page.getByRole('complementary').getByText('API keys').waitFor();
    },
  ],
  'new-account': ['accounts', (page) => button(page, 'Create')],
  'new-key': [
    'accounts',
    async (page) => {
      await page.getByRole('table').getByRole('button', { name: 'adalovelace' }).click();
      await button(page, 'New key');
    },
  ],
  'backup-schedule': ['server?tab=backups', (page) => button(page, 'Change')],
  restore: ['server?tab=backups', (page) => button(page, 'Restore')],
  'job-run': [
    'jobs',
    async (page) => {
      await page.getByRole('button', { name: /^Run now/ }).click();
      await page
        .getByText(/^attempts: /)
        .first()
        .click();
      await page.getByRole('region', { name: /^attempts/ }).waitFor();
    },
  ],
};

for (const [name, [path, open]] of Object.entries(OVERLAYS))
  test(`${name} has no violation`, { skip }, async () => {
    // Each theme and each width once: a dialog is made of what the screens below it are made of.
    for (const [kind, page] of [...pages].slice(0, 2)) {
      await page.goto(`${admin.served.url}/admin/library/${path}`);
      await page.getByRole('main').getByRole('heading').first().waitFor();
      await open(page);
      await picture(page, `${name}-${kind}`);
      await check(page, `${name} ${kind}`);
    }
  });

test('the navigation of a phone has no violation', { skip }, async () => {
  for (const [kind, page] of pages) {
    if (!kind.endsWith('390')) continue;
    await page.goto(`${admin.served.url}/admin/library`);
    await button(page, 'Open navigation');
    await page.getByRole('dialog').waitFor();
    await picture(page, `navigation-${kind}`);
    await check(page, `navigation ${kind}`);
  }
});

test('a session that has ended asks for sign-in without a violation', { skip }, async () => {
  for (const [kind, page] of pages) {
    await page.goto(`${admin.served.url}/admin/library/rows/tags?open=new`);
    const cookies = await page.context().cookies();
    const drawer = page.getByRole('complementary');
    await drawer.getByLabel(/^name/).fill('Typed before');
    await page.context().clearCookies();
    await drawer.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('dialog', { name: 'Sign in to library' }).waitFor();
    await picture(page, `expired-${kind}`);
    await check(page, `expired ${kind}`);
    await page.context().addCookies(cookies);
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
