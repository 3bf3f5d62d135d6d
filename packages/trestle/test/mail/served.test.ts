import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accounts, app, email, job, reference, resource, text } from 'trestle';
import { system } from 'trestle/contract';
import { serveApp } from 'trestle/testing';
import { startMailServer } from './mail-server.ts';

const members = accounts({ fields: { address: email() } });
const books = resource({ fields: { title: text() } });
const remind = job({
  input: { member: reference('accounts') },
  run: async (context, { member }) => {
    const { address } = await context.service(members).read(context, member);
    await context.mail.send(context, { to: address, subject: 'Overdue', text: 'Momo' });
  },
});

test('a test of an app enqueues its jobs, and has its mails sent to a server of its own', async (t) => {
  const library = app({
    name: 'library',
    accounts: members,
    resources: { books },
    jobs: { remind },
    mail: {},
  });
  const server = await startMailServer();
  t.after(() => server.close());
  const served = await serveApp(library, { smtp: server.url });
  t.after(() => served.close());
  const body = { username: 'ann', password: 'seventeen green umbrellas', address: 'ann@example.org' };
  const { id } = Object((await served.call('POST', '/v1/accounts', { body })).body);
  await served.context.jobs.remind.enqueue(system(), { member: id });
  assert.match((await server.next('ann@example.org')).message, /^Subject: Overdue/m);
});
