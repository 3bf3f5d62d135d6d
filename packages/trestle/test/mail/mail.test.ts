import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { answer, route, system } from '../../src/contract.ts';
import { openEngine } from '../../src/engine.ts';
import { anyone, app, type Mail, resource, text } from '../../src/index.ts';
import { startApps } from '../harness.ts';
import { freePort } from '../postgres-server.ts';
import { appFolder, NOTES, run, temporaryFolder } from '../processes.ts';
import { eachPlace } from '../stores.ts';
import { until } from '../until.ts';
import { startMailServer } from './mail-server.ts';

const orders = resource({
  fields: { to: text({ max: 100 }) },
  can: { read: anyone, create: anyone },
  within: {
    create: async (context, { row }) => {
      const mail = { to: row.to, subject: 'Ihre Bestellung, größer', text: `Order ${row.id}\n` };
      await context.mail.send(context, mail);
      if (row.to.startsWith('undone@')) throw new Error('undone');
    },
  },
});
const shop = app({
  name: 'shop',
  resources: { orders },
  mail: { from: 'The shop <desk@example.org>' },
  routes: ({ mail }) => [
    route(
      'POST',
      '/write',
      { summary: 'Writes a mail', can: anyone, answers: { 200: null } },
      async (request) => {
        await mail.send(request, {
          to: 'ann@example.org',
          subject: 'Hello',
          text: 'plain',
          html: '<b>bold</b>',
        });
        return answer(200);
      },
    ),
  ],
});

eachPlace('mail', (place) => {
  it('goes out by SMTP once its transaction is committed, and not where it is undone', async (t) => {
    const server = await startMailServer();
    const { url, ...at } = { ...(await place()), url: server.url };
    const served = await startApps(shop, { ...at, mail: { smtp: url } });
    t.after(() => Promise.all([served.close(), server.close()]));
    assert.equal((await served.call('POST /v1/orders', { body: { to: 'undone@example.org' } })).status, 500);
    const { body } = await served.call<{ id: string }>('POST /v1/orders', {
      body: { to: 'bob@example.org' },
    });
    const { from, user, message } = await server.next('bob@example.org');
    assert.deepEqual([from, user], ['desk@example.org', 'desk']);
    assert.match(message, /^From: The shop <desk@example\.org>\r\n/m);
    assert.match(message, /^Subject: =\?UTF-8\?/m);
    assert.match(message, new RegExp(`Order ${body.id}`));
    const [jobs] = served.engines;
    const { items } = await (jobs?.jobs ?? assert.fail()).list({ ...system() }, {});
    assert.deepEqual(
      items.map(({ name }) => name),
      ['mail.send'],
    );
    assert.match(message, new RegExp(`^Message-ID: <${items[0]?.id}@example\\.org>\r$`, 'mi'));
    await served.call('POST /write', {});
    assert.match((await server.next('ann@example.org')).message, /multipart\/alternative[\s\S]*<b>bold<\/b>/);
    assert.equal(server.received.length, 2);
  });
});

describe('mail', () => {
  it('waits for a server that is away; what the server refuses for good is a failed job', async (t) => {
    const port = await freePort();
    const smtp = `smtp://desk:p%40ss%20word@127.0.0.1:${port}`;
    const told: unknown[] = [];
    const tell = (one: unknown) => void told.push(one);
    const log = () => ({ events: new Map(), event: tell, failed: tell });
    const engine = await openEngine(shop, {
      data: temporaryFolder(),
      mail: { smtp },
      jobs: { pause: () => 0.05 },
      log,
    });
    t.after(() => engine.close());
    const write = (to: string) => engine.services.orders.create(system(), { to });
    const jobs = async (state: string) =>
      (await engine.jobs.list(system(), { filter: { state: { eq: state } } })).items;
    await write('bob@example.org');
    await until(() => told.some((each) => /ECONNREFUSED/.test(String(each))));
    const server = await startMailServer(port);
    t.after(() => server.close());
    assert.deepEqual((await server.next('bob@example.org')).to, ['bob@example.org']);
    await write('nobody@example.org');
    await until(async () => (await jobs('failed')).length > 0);
    const [job] = await jobs('failed');
    assert.deepEqual([job?.attempts, /550/.test(JSON.stringify(job))], [1, true]);
    assert.doesNotMatch(told.map(String).join() + JSON.stringify(told), /p@ss word|p%40ss/);
  });

  it('is a file of the data folder where no server is set', async (t) => {
    const served = await startApps(shop, {});
    t.after(() => served.close());
    await served.call('POST /v1/orders', { body: { to: 'bob@example.org' } });
    const folder = join(served.data, 'shop/mails');
    await until(() => existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith('.')));
    const [file = ''] = readdirSync(folder);
    assert.match(file, /^[\da-f-]{36}\.eml$/);
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
    assert.match(readFileSync(join(folder, file), 'utf8'), /^To: bob@example\.org\r\n/m);
  });

  it('refuses what is no address or subject, and apps that declare none', async (t) => {
    const quiet = app({
      name: 'quiet',
      resources: { orders: resource({ fields: { to: text() }, can: { read: anyone } }) },
    });
    const served = await startApps([shop, quiet], {});
    t.after(() => served.close());
    const [one, other] = served.engines;
    const mail: Mail = { to: 'ann@example.org', subject: 'A', text: 'a' };
    for (const [change, expected] of [
      [{ to: 'ann' }, /^to: expected one e-mail address, got 'ann'/],
      [{ to: 'ann@example.org, bob@example.org' }, /^to: expected one/],
      [{ to: 'ann@example.org\r\nBcc: bob@example.org' }, /^to: expected one/],
      [{ replyTo: 'no' }, /^replyTo: /],
      [{ subject: 'A\nBcc: bob@example.org' }, /^subject: expected one line/],
    ] as const)
      await assert.rejects(async () => one?.context.mail.send(system(), { ...mail, ...change }), {
        name: 'TypeError',
        message: expected,
      });
    await assert.rejects(async () => other?.context.mail.send(system(), mail), /app\(\{ mail: /);
  });

  it('a wrong setting is said without its password', async () => {
    const app = appFolder(NOTES.replace("name: 'notes',", "name: 'notes', mail: {},"));
    const { code, stderr } = await run(['serve', app, '--smtp', 'https://desk:secret@example.org']);
    assert.equal(code, 1);
    assert.match(stderr, /^trestle: --smtp: expected smtp:\/\//);
    assert.doesNotMatch(stderr, /secret/);
  });
});
