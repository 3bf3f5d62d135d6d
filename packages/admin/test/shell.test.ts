// The shell: the first operator, sign-in, apps, keys, theme, language, a session that ends under one's hands.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import changelog from '../../../apps/changelog/app.ts';
import messages from '../../../apps/messages/app.ts';
import { type Admin, OPERATOR, openAdmin, picture, setUp, signIn, skip } from './browser.ts';

let admin: Admin;
let page: Page;

before(async () => {
  if (skip) return;
  admin = await openAdmin([messages, changelog]);
  page = await admin.newPage();
});
after(() => admin?.close());

test('a link makes the first operator of every app, once', { skip }, async () => {
  await setUp(page, admin.served);
  assert.equal(new URL(page.url()).hash, '');
  await page.getByRole('link', { name: 'messages' }).first().waitFor();
  await picture(page, 'overview');
  await page.getByRole('button', { name: 'messages' }).click();
  await page.getByRole('link', { name: 'changelog' }).click();
  await page.getByRole('link', { name: 'projects' }).first().waitFor();
  assert.match(page.url(), /\/admin\/changelog$/);
});

test('who is not signed in signs in, and nobody else gets in', { skip }, async () => {
  const own = await admin.newPage();
  await own.goto(`${admin.served.url}/admin/messages/rows/messages`);
  await signIn(own, { username: OPERATOR.username, password: 'not-the-password' });
  await own.getByRole('alert').waitFor();
  await signIn(own);
  await own.getByRole('heading', { name: 'messages' }).waitFor();
  assert.match(own.url(), /\/admin\/messages\/rows\/messages$/);
  await own.getByRole('button', { name: OPERATOR.username }).click();
  await own.getByRole('button', { name: 'Sign out' }).click();
  await own.getByRole('heading', { name: 'Sign in to messages' }).waitFor();
  await own.context().close();
});

test('everything is reached by keys', { skip }, async () => {
  await page.goto(`${admin.served.url}/admin/changelog`);
  await page.getByRole('navigation').waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('upd');
  await picture(page, 'palette');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'updates' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('theme and language are remembered', { skip }, async () => {
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.getByRole('button', { name: OPERATOR.username }).click();
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await page.getByRole('link', { name: 'Übersicht' }).waitFor();
  await page.locator('html[data-theme="dark"][lang="de"]').waitFor();
  await page.getByRole('button', { name: OPERATOR.username }).click();
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('link', { name: 'Overview' }).waitFor();
});

test('a phone has its navigation behind a button', { skip }, async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Open navigation' }).click();
  await page.getByRole('dialog').getByRole('link', { name: 'projects' }).click();
  await page.getByRole('heading', { name: 'projects' }).waitFor();
  const width = await page.evaluate('document.documentElement.scrollWidth');
  assert.equal(width, 390);
  await page.setViewportSize({ width: 1280, height: 800 });
});

test('a session that ends loses nothing that was typed', { skip }, async () => {
  await page.goto(`${admin.served.url}/admin/changelog/rows/projects?open=new`);
  await page.getByLabel('title').fill('Kept over the end of a session');
  await page.context().clearCookies();
  await page.getByRole('complementary').getByRole('button', { name: 'Create' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in to changelog' });
  await dialog.getByLabel('User name').fill(OPERATOR.username);
  await dialog.getByLabel('Password').fill(OPERATOR.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  // What was under way goes on by itself.
  await page.getByRole('table').getByText('Kept over the end of a session').waitFor();
});

test('nothing went wrong meanwhile', { skip }, () => {
  assert.deepEqual(admin.complaints, []);
});
