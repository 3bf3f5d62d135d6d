import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import type { App, Resources } from 'trestle';
import { setupHash } from '../../trestle/src/accounts/operators/operators.ts';
import { type RunningApp, type StartOptions, startApps } from '../../trestle/test/harness.ts';

export const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why tests in a browser are skipped; false where there is one. */
export const skip = existsSync(EXECUTABLE)
  ? false
  : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

/** The first operator of every app that tests open. */
export const OPERATOR = { username: 'adalovelace', password: 'Correct-horse-battery-9' };

export interface Admin {
  served: RunningApp;
  /** A page of an own browser profile. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
  /** Scripts that failed, requests to other servers, answers of 500 and more. */
  complaints: string[];
  close(): Promise<void>;
}

/** The one browser of a test file; each page has a profile of its own. */
let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

export function sharedBrowser(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  return browser;
}

/** Serves apps, and opens a browser. */
export async function openAdmin(
  apps: App<Resources> | readonly App<Resources>[],
  options: StartOptions = {},
): Promise<Admin> {
  const served = await startApps(apps, options);
  const complaints: string[] = [];
  const contexts: BrowserContext[] = [];
  return {
    served,
    complaints,
    async newPage(own = {}) {
      const context = await (await sharedBrowser()).newContext({
        viewport: { width: 1280, height: 800 },
        locale: 'en-GB',
        timezoneId: 'Europe/Berlin',
        reducedMotion: 'reduce',
        ...own,
      });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        // A refusal that the UI shows is an error of the console too.
        if (message.type() === 'error' && !/status of (?:4\d\d|501)|ERR_/.test(message.text()))
          complaints.push(message.text());
      });
      page.on('request', (request) => {
        if (!/^(?:data|blob):/.test(request.url()) && !request.url().startsWith(served.url))
          complaints.push(`another server: ${request.url()}`);
      });
      page.on('response', (response) => {
        // A process that makes no backups says so.
        if (response.status() >= 500 && response.status() !== 501)
          complaints.push(`${response.status()} ${response.url()}`);
      });
      return page;
    },
    async close() {
      await Promise.all(contexts.map((context) => context.close()));
      await served.close();
    },
  };
}

/** The link that makes the first operator of each app. */
export async function setupLink({ engines, url }: RunningApp): Promise<string> {
  const token = 'token-of-tests-and-nothing-else-0123456789abcdef';
  for (const { operators } of engines) await operators.offerSetup(setupHash(token));
  return `${url}/admin/#setup=${token}`;
}

/** Makes the operator of each app by the link, as the first visit does, and leaves the page signed in. */
export async function setUp(
  page: Page,
  served: RunningApp,
  others: Readonly<Record<string, string>> = {},
): Promise<void> {
  await page.goto(await setupLink(served));
  await page.getByLabel('User name').fill(OPERATOR.username);
  await page.getByLabel('Password').fill(OPERATOR.password);
  await page.getByRole('button', { name: 'Create administrator' }).click();
  for (const [name, value] of Object.entries(others)) await page.getByLabel(name).fill(value);
  if (Object.keys(others).length > 0)
    await page.getByRole('button', { name: 'Create administrator' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** Signs in on a page that asks for it. */
export async function signIn(page: Page, { username, password } = OPERATOR): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Keeps a picture where CI asks for one (`TRESTLE_TEST_SCREENSHOTS=FOLDER`). */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.TRESTLE_TEST_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
