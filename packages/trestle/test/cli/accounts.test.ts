import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { appFolder, command, ENGINE, temporaryFolder } from '../processes.ts';

const CLUB = `
import { accounts, anyText, app, email, reference, resource, role, text } from ${ENGINE};
const notes = resource({ fields: { title: text(), about: reference('accounts', { nullable: true }) }, can: { read: role('editor'), create: role('editor') } });
export default app({
  name: 'club',
  accounts: accounts({ password: anyText, roles: ['editor'], fields: { email: email({ unique: true }) } }),
  resources: { notes },
});
`;

/** Runs `trestle` on a club of its own. */
function onClub() {
  const [club, data] = [appFolder(CLUB), temporaryFolder()];
  return (words: string, input?: string) =>
    command([...words.split(' '), '--app', club, '--data', data], input === undefined ? {} : { input });
}

test('accounts: made, listed, changed and deleted, the password from standard input alone', async () => {
  const trestle = onClub();
  const missing = await trestle('accounts list');
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
  assert.match(missing.stderr, /there is no database .*club\.db/);
  const create = 'accounts create ann --field email=ann@example.org --roles editor,administrator --json';
  assert.match((await trestle(create, '')).stderr, /Password: nothing came on standard input/);
  const made = await trestle(create, 'a secret\n');
  assert.equal(made.code, 0, made.stderr);
  const account = JSON.parse(made.stdout);
  assert.deepEqual([account.username, account.roles], ['ann', ['editor', 'administrator']]);
  // What is wrong with one part leaves none.
  const wrong = await trestle('accounts create bob --field email=bob@example.org --roles boss', 'p');
  assert.deepEqual([wrong.code, wrong.stdout], [1, '']);
  assert.match(wrong.stderr, /roles/);
  // As a row it comes and goes without its password; rows that name it come in after it.
  const file = join(temporaryFolder(), 'accounts.ndjson');
  assert.equal((await trestle(`export accounts --to ${file}`)).code, 0);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /password|\$argon/);
  const other = onClub();
  const imported = await other(`import accounts ${file} --keep`);
  assert.equal(imported.code, 0, imported.stderr);
  writeFileSync(
    file,
    [account.id, randomUUID()].map((about) => JSON.stringify({ title: 'a', about })).join('\n'),
  );
  assert.match((await other(`import notes ${file}`)).stderr, /:2: \/about: there is no account with the id/);
  assert.match(
    (await other('accounts set-password ann', 'A long phrase of theirs 1')).stdout,
    /ann .* has a new password/,
  );

  assert.equal((await trestle('accounts disable ann')).code, 0);
  assert.equal((await trestle('accounts set-password ann', 'Another long phrase 2')).code, 0);
  assert.match((await trestle('accounts list')).stdout, /^\S+ +ann +editor,administrator +\S+ +\d{4}-/m);
  assert.equal((await trestle(`accounts roles ${account.id} editor`)).code, 0);
  assert.equal((await trestle('accounts roles ann')).stdout, 'editor\n');
  assert.match((await trestle('accounts delete ann')).stderr, /say so with --yes/);
  assert.equal((await trestle('accounts delete ann --yes')).code, 0);
  assert.equal((await trestle('accounts list --json')).stdout, '[]\n');
  const unknown = await trestle('accounts enable ann');
  assert.deepEqual([unknown.code, unknown.stderr], [1, "trestle: club has no account 'ann'\n"]);
});

test('keys: made, imported, listed and deactivated; no whole key is shown twice', async () => {
  const trestle = onClub();
  const foreign = 'fbd1d865-9ae8-491f-98b8-1f522c52eb02';
  const imported = await trestle('keys import --name original --lifetime 30d --json', `${foreign}\n`);
  assert.equal(imported.code, 0, imported.stderr);
  assert.doesNotMatch(imported.stdout, /fbd1d865/);
  const twice = await trestle('keys import', foreign);
  assert.deepEqual([twice.code, twice.stdout], [1, '']);
  assert.doesNotMatch(twice.stderr, /fbd1d865|unexpected/);
  const made = await trestle('keys create --name robot --scopes notes:read');
  assert.match(made.stdout, /^trs_live_\w{61}\n$/);
  assert.match((await trestle('keys create --lifetime soon')).stderr, /Expected a duration/);
  const listed = await trestle('keys list --json');
  const keys: { id: string; name: string; masked: string }[] = JSON.parse(listed.stdout);
  assert.deepEqual(
    keys.map(({ name }) => name),
    ['robot', 'original'],
  );
  assert.equal((await trestle(`keys deactivate ${keys[0]?.masked}`)).code, 0);
  assert.equal((await trestle(`keys deactivate ${keys[1]?.id}`)).code, 0);
  assert.match((await trestle('keys deactivate 000000000000')).stderr, /club has no key/);
  const off: { active: boolean }[] = JSON.parse((await trestle('keys list --json')).stdout);
  assert.deepEqual(
    off.map(({ active }) => active),
    [false, false],
  );
});

test('what commands change is in the audit, under the name of the user of the system, and without values', async () => {
  const [club, data] = [appFolder(CLUB), temporaryFolder()];
  const trestle = (words: string, input = '') =>
    command([...words.split(' '), '--app', club, '--data', data], { input });
  const made = await trestle('accounts create ann --field email=ann@example.org --json', 'a secret\n');
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await trestle('accounts create ann --field email=b@example.org', 'p')).code, 1);
  const key = await trestle('keys create --name nightly --json');
  assert.equal(key.code, 0, key.stderr);
  assert.equal((await trestle(`keys deactivate ${JSON.parse(key.stdout).id}`)).code, 0);
  for (const words of ['accounts roles ann editor', 'accounts disable ann', 'accounts delete ann --yes'])
    assert.equal((await trestle(words)).code, 0, words);
  const database = new DatabaseSync(join(data, 'club.db'), { readOnly: true });
  const entries = database.prepare('select * from _trestle_audit order by id').all();
  database.close();
  const { id } = JSON.parse(made.stdout);
  const ofKey = JSON.parse(key.stdout).id;
  assert.deepEqual(
    entries.map(({ route, row, credential, method }) => [route, row, credential, method]),
    [
      ['trestle accounts create', id, 'cli', 'CLI'],
      ['trestle keys create', ofKey, 'cli', 'CLI'],
      ['trestle keys deactivate', ofKey, 'cli', 'CLI'],
      ['trestle accounts roles', id, 'cli', 'CLI'],
      ['trestle accounts disable', id, 'cli', 'CLI'],
      ['trestle accounts delete', id, 'cli', 'CLI'],
    ],
  );
  assert.ok(entries.every(({ username, address }) => username && address));
  const text = JSON.stringify(entries);
  for (const value of ['a secret', 'ann@example.org', JSON.parse(key.stdout).key])
    assert.ok(!text.includes(value));
});
