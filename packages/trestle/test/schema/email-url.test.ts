import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyone, app, email, integerId, resource, url } from 'trestle';
import { serveApp } from 'trestle/testing';
import { eachPlace, eachStore } from '../stores.ts';
import { exchangeOf } from './exchange.ts';

const members = resource({
  id: integerId(),
  fields: { address: email({ unique: true }), site: url({ nullable: true, index: true }) },
  can: { read: anyone, create: anyone, update: anyone },
});
const club = app({ name: 'club', resources: { members } });

const ADDRESSES = [
  ['ann@example.org', 'ann@example.org'],
  [' Bob@EXAMPLE.org\n', 'Bob@example.org'],
  ["o'neil+tag@sub.example.co.uk", "o'neil+tag@sub.example.co.uk"],
];
const NO_ADDRESSES = [
  '',
  'ann',
  'ann@',
  '@example.org',
  'a b@example.org',
  'ann@exa mple.org',
  'ann@example..org',
  'ann@-example.org',
  `${'a'.repeat(65)}@b.c`,
  'ann@example.org, bob@example.org',
  7,
];
const SITES = [
  'https://example.org',
  'http://localhost:8080/a?b=c#d',
  'https://[::1]/',
  ' HTTPS://Example.org/%20 ',
];
const NO_SITES = [
  '',
  'example.org',
  'ftp://example.org',
  'javascript:alert(1)',
  'https://',
  'https://user:secret@example.org',
  'https://example.org/a b',
  'https://exämple.org',
  `https://example.org/${'a'.repeat(500)}`,
];

eachPlace('e-mail addresses and URLs', (place) => {
  test('are checked, trimmed, kept as sent, and found by equal and part', async (t) => {
    const served = await serveApp(club, await place());
    t.after(() => served.close());
    for (const [sent, kept] of ADDRESSES) {
      const { body } = await served.call('POST', '/v1/members', { body: { address: sent } });
      assert.partialDeepStrictEqual(body, { address: kept, site: null });
    }
    for (const address of NO_ADDRESSES) {
      const { body } = await served.call('POST', '/v1/members', { body: { address } });
      assert.partialDeepStrictEqual(
        body,
        { status: 422, errors: [{ pointer: '/address' }] },
        String(address),
      );
    }
    assert.equal(
      (await served.call('POST', '/v1/members', { body: { address: 'ann@Example.ORG' } })).status,
      409,
    );
    for (const site of SITES) {
      const { body } = await served.call('PATCH', '/v1/members/1', { body: { site } });
      assert.partialDeepStrictEqual(body, { site: site.trim() });
    }
    for (const site of NO_SITES) {
      const { body } = await served.call('PATCH', '/v1/members/1', { body: { site } });
      assert.partialDeepStrictEqual(body, { status: 422, errors: [{ pointer: '/site' }] }, site);
    }
    const { body } = await served.call('GET', '/v1/members?filter[address][ends]=@example.org&sort=address');
    assert.partialDeepStrictEqual(body, { items: [{ id: 2 }, { id: 1 }] });
    const document = JSON.stringify((await served.call('GET', '/openapi.json')).body);
    assert.match(
      document,
      /"site":\{"anyOf":\[\{"type":"string","format":"uri"|"site":\{"type":\["string","null"\],"format":"uri"/,
    );
  });
});

eachStore('e-mail addresses and URLs', (open) => {
  test('are imported and exported', async () => {
    const { imported, exported } = await exchangeOf(club, 'members', await open());
    const row = { address: 'ann@EXAMPLE.org', site: 'https://example.org/a' };
    assert.equal((await imported('ndjson', JSON.stringify(row))).rows, 1);
    assert.match(await exported('csv'), /ann@example\.org,https:\/\/example\.org\/a/);
    assert.equal((await imported('csv', 'address\r\nann\r\n')).refusals, 1);
  });
});
