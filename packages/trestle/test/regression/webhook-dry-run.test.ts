// A webhook that is made in a dry run has no secret, as the document says, and one that is made with dry_run=false has it.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accounts, anyone, app, resource, signedIn, text } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace } from '../stores.ts';

const notes = resource({ fields: { title: text() }, can: { read: anyone, create: signedIn } });
const office = app({
  name: 'office',
  accounts: accounts(),
  resources: { notes },
  webhooks: { can: signedIn, allowPrivate: true },
});

eachPlace('a webhook of a dry run', (place) => {
  it('has no secret, and any other has', async (t) => {
    const served = await serveApp(office, await place());
    t.after(() => served.close());
    const body = { url: 'http://127.0.0.1:9/hook', events: ['notes.created'] };
    const secretOf = async (query: string) => {
      const token = served.administrator;
      const made = await served.call('POST', `/v1/webhooks${query}`, { body, token });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return Object(made.body).secret;
    };
    assert.equal(await secretOf('?dry_run=true'), undefined);
    assert.match(await secretOf('?dry_run=false'), /^whsec_/);
    const { body: document } = await served.call('GET', '/openapi.json');
    const { required, properties } = Object(document).components.schemas.NewWebhook;
    assert.ok(properties.secret && !required.includes('secret'));
  });
});
