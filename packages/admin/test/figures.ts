/** Prints the figures of docs/admin.md: `npx node packages/admin/test/figures.ts`. */
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import type { RunningApp } from '../../trestle/test/harness.ts';
import { openAdmin, setUp } from './browser.ts';
import { library, seed } from './library.ts';

const ROUNDS = 15;

/** Addresses of the files that a page of the admin UI names, below `/admin/`. */
export function addresses(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path = '']) => path);
}

/** The scripts that a browser loads before the first screen: what is imported at once, and that screen. */
export async function firstScripts(served: RunningApp, html: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const load = async (path: string): Promise<void> => {
    if (found.has(path)) return;
    const { body } = await served.call<string>(`GET /admin/${path}`);
    found.set(path, body);
    const imports = body.matchAll(/(?:\bfrom|\bimport)\s*["'`]\.\/([\w-]+\.js)["'`]/g);
    const screen = path.includes('index') ? body.matchAll(/["'`]\.\/(overview-[\w-]+\.js)["'`]/g) : [];
    for (const [, name] of [...imports, ...screen]) await load(`assets/${name}`);
  };
  for (const path of addresses(html).filter((path) => path.endsWith('.js'))) await load(path);
  return found;
}

export function gzipBytes(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

/** Notes when an element is there and the browser has nothing left to do, in milliseconds since the navigation began. */
const watch = (selector: string) => `
  new MutationObserver((_, observer) => {
    if (!document.querySelector(${JSON.stringify(selector)})) return;
    observer.disconnect();
    requestIdleCallback(() => { document.documentElement.dataset.usable = performance.now(); });
  }).observe(document, { childList: true, subtree: true });`;

async function usableAfter(page: Page, url: string): Promise<number> {
  await page.goto(url);
  return Number(await page.locator('html[data-usable]').getAttribute('data-usable'));
}

async function measure(): Promise<void> {
  const admin = await openAdmin(library);
  const first = await admin.newPage();
  await setUp(first, admin.served);
  await seed(admin.served);
  const { body: html } = await admin.served.call<string>('GET /admin', { headers: { accept: 'text/html' } });
  const scripts = await firstScripts(admin.served, html);
  const bytes = [...scripts.values()].reduce((sum, text) => sum + gzipBytes(text), 0);
  console.log(`script before the first screen: ${(bytes / 1000).toFixed(1)} kB gzip, ${scripts.size} files`);
  const storageState = await first.context().storageState();
  const screens = {
    'the first screen': ['', 'main .cards, main .page-body'],
    'a list of 100 rows': ['rows/books', '.row-line .row-link'],
  } as const;
  for (const [name, [path, selector]] of Object.entries(screens))
    for (const kept of [false, true]) {
      const times: number[] = [];
      let page: Page | undefined;
      for (let round = 0; round < ROUNDS; round += 1) {
        // A new profile has nothing in its cache.
        if (!page || !kept) {
          await page?.context().close();
          page = await admin.newPage({ storageState });
          await page.addInitScript(watch(selector));
          if (kept) await usableAfter(page, `${admin.served.url}/admin/library/${path}`);
        }
        times.push(await usableAfter(page, `${admin.served.url}/admin/library/${path}`));
      }
      await page?.context().close();
      times.sort((a, b) => a - b);
      const [least, median, most] = [times[0], times[ROUNDS >> 1], times.at(-1)].map((ms) => ms?.toFixed(0));
      const cache = kept ? 'kept files' : 'nothing kept';
      console.log(`${name}, ${cache}: usable after ${median} ms (${least} to ${most}, ${ROUNDS} times)`);
    }
  await admin.close();
}

if (import.meta.main) {
  await measure();
  process.exit();
}
