import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import type { App, Resources } from 'trestle';
import { type Served, serveApp } from 'trestle/testing';
import changelog from '../../../../apps/changelog/app.ts';
import forum from '../../../../apps/forum/app.ts';
import messages from '../../../../apps/messages/app.ts';
import packages from '../../../../apps/packages/app.ts';
import records from '../../../../apps/records/app.ts';

/** A browser of this machine; `CHROMIUM` names another. */
const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = existsSync(EXECUTABLE) ? false : `there is no browser at ${EXECUTABLE} (set CHROMIUM to one)`;

/** The tours of five systems take a minute and more of a browser: `.ci/run` takes all of them, `npm test` one. */
const isWhole = process.env.TRESTLE_TEST_FILES === 'all';
const QUICK = 'messages';
const ELSEWHERE = 'a minute of a browser; .ci/run runs it (TRESTLE_TEST_FILES=all)';

/** An operation, and the status its sample is answered with. Empty parameters of its path are filled in with 1. */
type Step = readonly [operation: string, status: number];

interface Tour<Rs extends Resources> {
  readonly app: App<Rs>;
  /** Prepares the app, and says what the Authorize dialog is given: a name and a password, or a secret by scheme. */
  readonly authorize: (served: Served<Rs>) => Promise<Readonly<Record<string, string>>>;
  readonly steps: readonly Step[];
}

const password = { username: 'tester', password: 'Passw0rd!' };

/** Every operation of a contract that has a sample body, and the reads of what was made by them. */
const TOURS = [
  tour(changelog, signUp('/users'), [
    ['POST /users', 201],
    ['POST /projects', 201],
    ['PUT /projects/{id}', 200],
    ['POST /updates', 201],
    ['PUT /updates/{id}', 200],
    ['GET /projects', 200],
    ['GET /projects/{id}', 200],
    ['GET /users/{id}', 200],
    ['DELETE /updates/{id}', 204],
    ['DELETE /projects/{id}', 204],
  ]),
  tour(messages, signUp('/api/auth/register/'), [
    ['POST /api/auth/register', 200],
    ['POST /api/messages', 201],
    ['PUT /api/messages/{id}', 200],
    ['PATCH /api/messages/{id}', 200],
    ['GET /api/messages', 200],
    ['GET /api/messages/{id}', 200],
    ['DELETE /api/messages/{id}', 204],
  ]),
  tour(forum, signUp('/register'), [
    ['POST /register', 200],
    ['POST /login', 200],
    ['POST /verify-token', 200],
    ['POST /articles/new', 200],
    ['PUT /articles/{id}/edit', 200],
    ['GET /articles', 200],
    ['GET /articles/{id}', 200],
    ['GET /users/{id}', 200],
    ['GET /users/{id}/articles', 200],
    ['DELETE /articles/{id}/delete', 200],
  ]),
  tour(
    records,
    async (served) => {
      const { body } = await served.call('GET', '/api/generate_key/tester');
      return { 'api-key-header': String(Reflect.get(Object(body), 'api_key')) };
    },
    [
      ['POST /api/create', 201],
      ['PATCH /api/modify/{record_id}', 200],
      ['GET /api/list', 200],
      ['GET /api/read/{record_id}', 200],
      ['GET /api/generate_key/{username}', 200],
      ['DELETE /api/remove/{record_id}', 200],
    ],
  ),
  tour(
    packages,
    async (served) => {
      const secret = { 'secret-key': served.administrator };
      const { body } = await served.call('GET', '/auth/new', { headers: secret });
      return { 'api-key-header': String(body), 'secret-key-header': served.administrator };
    },
    [
      ['GET /secure', 200],
      ['POST /packages', 201],
      ['PUT /packages/{id}', 200],
      ['POST /statuses', 201],
      ['GET /packages', 200],
      ['GET /statuses', 200],
      ['PUT /packages/downloaded/{id}', 200],
      ['PUT /packages/activated/{id}', 200],
      ['GET /auth/new', 200],
      ['GET /auth/logs', 200],
      ['DELETE /packages/{id}', 200],
    ],
  ),
];

describe('Swagger UI: authorize, reload, then execute each sample as it is offered', { skip }, () => {
  let browser: Browser;
  before(async () => {
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] });
  });
  after(() => browser.close());

  for (const { name, run } of TOURS)
    test(name, { skip: name === QUICK || isWhole ? false : ELSEWHERE }, () => run(browser));

  test('a list under filters that were filled in', async (t) => {
    const served = await serveApp(messages);
    t.after(() => served.close());
    await signUp('/v1/accounts')(served);
    const { body } = await served.call('POST', '/v1/sessions', { body: password });
    const token = String(Reflect.get(Object(body), 'access_token'));
    for (const content of ['one, two', 'two', 'three'])
      await served.call('POST', '/v1/messages', { token, body: { content } });
    const page = await browser.newPage();
    t.after(() => page.close());
    page.setDefaultTimeout(20_000);
    await page.goto(`${served.url}/docs`);
    const block = blockOf(page, 'GET /v1/messages');
    await block.locator('.opblock-summary-control').click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    const listed = async (values: Readonly<Record<string, string>>) => {
      for (const [name, value] of Object.entries(values)) {
        const row = block.locator(`tr[data-param-name="${name}"]`);
        if ((await row.locator('select').count()) > 0) await row.locator('select').selectOption(value);
        else await row.locator('input, textarea').first().fill(value);
      }
      const answered = page.waitForResponse((response) => response.url().includes('/v1/messages?'));
      await block.getByRole('button', { name: 'Execute' }).click();
      const { items } = await (await answered).json();
      return items.map(({ content }: { content: string }) => content);
    };
    assert.deepEqual(await listed({ sort: 'id', 'filter[content][eq]': 'one, two' }), ['one, two']);
    assert.deepEqual(await listed({ 'filter[content][eq]': '', 'filter[id][gt]': '1' }), ['two', 'three']);
    assert.deepEqual(await listed({ 'filter[author][null]': 'true' }), []);
    const or = { 'filter[author][null]': 'false', 'filter[or]': '[{"content":{"starts":"th"}}]' };
    assert.deepEqual(await listed(or), ['three']);
  });
});

function tour<Rs extends Resources>(
  app: Tour<Rs>['app'],
  authorize: Tour<Rs>['authorize'],
  steps: readonly Step[],
) {
  const run = async (browser: Browser) => {
    const served = await serveApp(app);
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    try {
      const secrets = await authorize(served);
      await showContractAlone(page);
      await page.goto(`${served.url}/docs`);
      await giveCredentials(page, secrets);
      await page.reload();
      for (const [operation, status] of steps)
        assert.deepEqual(await executed(page, operation), [operation, status]);
    } finally {
      await page.close();
      await served.close();
    }
  };
  return { name: app.name, run };
}

/** Leaves the uniform operations out of the document, with which the page is three times as slow. */
async function showContractAlone(page: Page): Promise<void> {
  await page.route('**/openapi.json', async (route) => {
    const response = await route.fetch();
    const document: { paths: Record<string, unknown> } = await response.json();
    const own = Object.entries(document.paths).filter(([path]) => !path.startsWith('/v1/'));
    await route.fulfill({ response, json: { ...document, paths: Object.fromEntries(own) } });
  });
}

function signUp(path: string) {
  return async (served: { call: Served['call'] }) => {
    const { status } = await served.call('POST', path, { body: password });
    assert.ok(status < 300);
    return password;
  };
}

async function giveCredentials(page: Page, secrets: Readonly<Record<string, string>>): Promise<void> {
  await page.locator('.auth-wrapper .authorize').click();
  const { username, ...rest } = secrets;
  const scheme = (text: string | RegExp) => page.locator('.auth-container', { hasText: text });
  if (username !== undefined) {
    const form = scheme('OAuth2, password');
    await form.locator('#oauth_username').fill(username);
    await form.locator('#oauth_password').fill(rest.password ?? '');
    await form.locator('button.authorize').click();
    await form.getByRole('button', { name: 'Remove authorization' }).waitFor();
  } else {
    for (const [name, secret] of Object.entries(rest)) {
      const form = scheme(new RegExp(`^\\s*${name}\\s*\\(apiKey\\)`));
      await form.locator('input').fill(secret);
      await form.locator('button.authorize').click();
      await form.getByRole('button', { name: 'Remove authorization' }).waitFor();
    }
  }
  await page.locator('.auth-btn-wrapper .btn-done').first().click();
}

function blockOf(page: Page, operation: string): Locator {
  const [method = '', path = ''] = operation.split(' ');
  return page.locator(`.opblock-${method.toLowerCase()}`, {
    has: page.locator(`.opblock-summary-path[data-path="${path}"]`),
  });
}

/** Executes an operation as it is offered, and answers the status that came. */
async function executed(page: Page, operation: string): Promise<[string, number]> {
  const [method = '', path = ''] = operation.split(' ');
  const block = blockOf(page, operation);
  await block.locator('.opblock-summary-control').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  for (const input of await block.locator('tr[data-param-in="path"] input').all())
    if ((await input.inputValue()) === '') await input.fill('1');
  const pattern = new RegExp(`${path.replace(/\{\w+\}/g, '1')}$`);
  const answered = page.waitForResponse(
    (response) => response.request().method() === method && pattern.test(new URL(response.url()).pathname),
  );
  await block.getByRole('button', { name: 'Execute' }).click();
  const response = await answered;
  return [operation, response.status()];
}
