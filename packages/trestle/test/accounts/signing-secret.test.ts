import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { deriveKeys, openSigningSecret } from '../../src/accounts/sessions/signing-secret.ts';
import { StartError } from '../../src/start-error.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'trestle-secret-'));
  folders.push(made);
  return made;
}

test('the first start makes a secret of 32 random bytes that only its owner reads', () => {
  const data = join(folder(), 'new');
  const first = openSigningSecret(data);
  const file = join(data, 'signing-secret');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url').length, 32);
  assert.deepEqual(readdirSync(data), ['signing-secret']);
  assert.deepEqual(openSigningSecret(data), first);
  assert.notDeepEqual(openSigningSecret(join(folder(), 'other')), first);
});

test('processes that start together agree on one secret', async () => {
  const data = folder();
  const module = new URL('../../src/accounts/sessions/signing-secret.ts', import.meta.url).href;
  const code = `import { openSigningSecret } from ${JSON.stringify(module)};
    console.log(openSigningSecret(${JSON.stringify(data)}).secrets[0].toString());`;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  const printed = await Promise.all([run(), run(), run(), run()]);
  const secrets = new Set(printed.map(({ stdout }) => stdout.trim()));
  assert.equal(secrets.size, 1);
  assert.equal([...secrets][0], readFileSync(join(data, 'signing-secret'), 'utf8').trim());
  assert.deepEqual(readdirSync(data), ['signing-secret']);
});

test('the environment comes before the file, and too short a secret stops the start', () => {
  const data = folder();
  const current = 'x'.repeat(32);
  assert.deepEqual(openSigningSecret(data, { current }).secrets, [Buffer.from(current)]);
  assert.deepEqual(readdirSync(data), []);
  const two = openSigningSecret(data, { current, previous: 'y'.repeat(40) });
  assert.deepEqual(two.secrets, [Buffer.from(current), Buffer.from('y'.repeat(40))]);
  const short = (options: object, words: RegExp) =>
    assert.throws(
      () => openSigningSecret(data, options),
      (error) => error instanceof StartError && words.test(error.message),
    );
  short({ current: 'x'.repeat(31) }, /^TRESTLE_SIGNING_SECRET holds 31 bytes.*at least 32/);
  short({ current, previous: 'short' }, /^TRESTLE_SIGNING_SECRET_PREVIOUS holds 5 bytes/);
  writeFileSync(join(data, 'signing-secret'), 'torn');
  chmodSync(join(data, 'signing-secret'), 0o600);
  short({}, /signing-secret holds 4 bytes/);
});

test('every app and purpose has keys of its own, and the same ones each time', () => {
  const secret = openSigningSecret(folder(), { current: 'x'.repeat(32), previous: 'y'.repeat(32) });
  const one = deriveKeys(secret, 'forum', 'access-token');
  assert.equal(one.length, 2);
  assert.deepEqual(deriveKeys(secret, 'forum', 'access-token'), one);
  const all = [
    one,
    deriveKeys(secret, 'forum', 'cursor'),
    deriveKeys(secret, 'records', 'access-token'),
  ].flat();
  assert.equal(new Set(all.map(({ key }) => key.toString('hex'))).size, 6);
  assert.equal(new Set(all.map(({ kid }) => kid)).size, 6);
  assert.ok(all.every(({ key }) => key.length === 32));
});
