import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { OperationError } from '../../../src/index.ts';
import { isPublicAddress } from '../../../src/jobs/downloads/addresses.ts';
import { checkedLookup, checkedUrl, fetchOutbound } from '../../../src/jobs/downloads/outbound.ts';
import { type Sources, startSources } from './source-server.ts';

const PRIVATE = [
  '0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.255.255.254 169.254.169.254',
  '172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255',
  '198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255',
  ':: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::1',
  'fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1',
  '100::1 3fff::1 5f00::1 nonsense',
].flatMap((line) => line.split(' '));

const PUBLIC =
  '8.8.8.8 1.1.1.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.167.1.1 223.255.255.255 2606:4700::1111 2a00:1450::1';

/** Spellings that browsers and resolvers have taken for an address of this machine or its network. */
const SPELLINGS = [
  'http://127.0.0.1/ http://127.1/ http://127.0.1/ http://2130706433/ http://0x7f000001/ http://0x7f.0.0.1/',
  'http://0177.0.0.1/ http://017700000001/ http://0x7f.1/ http://127.0.0.1./ http://0/ http://0.0.0.0/ http://00000/',
  'http://0xa9fea9fe/ http://2852039166/ http://169.254.169.254/ http://0251.0376.0251.0376/ http://169.0xfea9fe/',
  'http://[::]/ http://[::1]/ http://[0:0:0:0:0:0:0:1]/ http://[::ffff:127.0.0.1]/ http://[::ffff:7f00:1]/',
  'http://[64:ff9b::127.0.0.1]/ http://[2002:7f00:1::]/ http://[fe80::1]/ http://[fd00::1]/ http://[ff02::1]/',
  'http://①②⑦.⓪.⓪.①/ http://127。0。0。1/ http://１２７.0.0.1/ https://10.0.0.1:8443/ http://192.168.0.1/ http://0xc0a80001/',
  'http://user@8.8.8.8/ http://user:password@8.8.8.8/ http://:password@8.8.8.8/',
  'ftp://8.8.8.8/ file:///etc/passwd gopher://8.8.8.8/ data:text/plain,x javascript:1 //8.8.8.8/ 8.8.8.8 http:// x',
].flatMap((line) => line.split(' '));

const refusal = (error: unknown) => error instanceof OperationError && !error.retry;

describe('outbound addresses', () => {
  it('tells public addresses from all others', () => {
    for (const address of PRIVATE) assert.equal(isPublicAddress(address), false, address);
    for (const address of PUBLIC.split(' ')) assert.equal(isPublicAddress(address), true, address);
  });

  it('refuses every spelling of a private address, user-info and other schemes', () => {
    assert.ok(SPELLINGS.length >= 40);
    for (const source of SPELLINGS) assert.throws(() => checkedUrl(source, false), refusal, source);
    assert.equal(checkedUrl('https://8.8.8.8/file', false).hostname, '8.8.8.8');
  });

  it('refuses names that resolve to a private address', async () => {
    for (const name of ['localhost', 'localhost.', 'ip6-localhost']) {
      const looked = new Promise<Error | null>((resolve) =>
        checkedLookup(false)(name, { all: true }, (error) => resolve(error)),
      );
      const error = await looked;
      assert.ok(error instanceof Error, name);
      assert.equal(error instanceof OperationError || 'code' in error, true);
    }
  });

  it('connects to the addresses that were checked, whatever the name says a moment later', async () => {
    const answers = [['8.8.8.8'], ['8.8.8.8', '127.0.0.1'], ['::ffff:10.0.0.1']];
    let asked = 0;
    const flipping = checkedLookup(false, (_name, _options, done) => {
      done(
        null,
        (answers[asked] ?? []).map((address) => ({ address, family: 4 })),
      );
      asked += 1;
    });
    const look = () =>
      new Promise((resolve, reject) =>
        flipping('rebinding.example', { all: true }, (error, found) =>
          error ? reject(error) : resolve(found),
        ),
      );
    assert.deepEqual(await look(), [{ address: '8.8.8.8', family: 4 }]);
    await assert.rejects(look(), refusal);
    await assert.rejects(look(), refusal);
    assert.equal(asked, 3);
  });
});

describe('outbound requests', () => {
  let sources: Sources;
  before(async () => {
    sources = await startSources();
  });
  after(() => sources.close());
  const signal = new AbortController().signal;

  it('goes nowhere private unless that is allowed', async () => {
    const { port } = new URL(sources.url);
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433'])
      await assert.rejects(fetchOutbound(`http://${host}:${port}/whole`, { signal }), refusal, host);
    assert.equal(sources.requests.length, 0);
    const { status, body } = await fetchOutbound(`${sources.url}/whole`, { signal, allowPrivate: true });
    assert.equal(status, 200);
    body.destroy();
  });

  it('follows no redirect unless allowed, and then checks each hop', async () => {
    const options = { signal, allowPrivate: true };
    await assert.rejects(fetchOutbound(`${sources.url}/redirect`, options), refusal);
    const followed = await fetchOutbound(`${sources.url}/redirect`, { ...options, redirects: 1 });
    assert.equal(followed.status, 200);
    followed.body.destroy();
    const asked = sources.requests.length;
    await assert.rejects(fetchOutbound(`${sources.url}/loop`, { ...options, redirects: 50 }), refusal);
    assert.equal(sources.requests.length - asked, 6);
  });

  it('sends nothing of its caller', async () => {
    const { body } = await fetchOutbound(`${sources.url}/missing`, { signal, allowPrivate: true });
    await text(body);
    const headers = sources.requests.at(-1)?.headers ?? {};
    assert.deepEqual(Object.keys(headers).sort(), [
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
  });
});
