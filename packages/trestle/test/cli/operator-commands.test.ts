import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anonymous } from '../../src/contract.ts';
import { openEngine } from '../../src/engine.ts';
import { remindersApp } from '../jobs/reminders-app.ts';
import { appFolder, command, NOTES, temporaryFolder } from '../processes.ts';

const REMINDERS = JSON.stringify(join(import.meta.dirname, '../jobs/reminders-app.ts'));

test('routes: every route with its callers, also as JSON', async () => {
  const app = appFolder(NOTES);
  const { code, stdout } = await command(['routes', app]);
  assert.equal(code, 0);
  assert.match(stdout, /^GET +\/slow +everyone +Takes until it is released$/m);
  assert.match(stdout, /^DELETE +\/v1\/notes\/:id +everyone /m);
  const routes: { path: string; method: string; callers: string }[] = JSON.parse(
    (await command(['routes', app, '--json'])).stdout,
  );
  assert.ok(routes.some(({ method, path }) => method === 'GET' && path === '/v1/notes'));
});

test('jobs: schedules and jobs of a database, by state', async () => {
  const data = temporaryFolder();
  const app = appFolder(
    `import { remindersApp } from ${REMINDERS};\nexport default remindersApp(async () => {});`,
  );
  const missing = await command(['jobs', app, '--data', data]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /there is no database .*reminders\.db/);
  const engine = await openEngine(
    remindersApp(async () => {}),
    { data, roles: ['serve'] },
  );
  const { remind } = engine.context.jobs;
  const id = await remind.enqueue({ caller: anonymous }, { title: 'a secret of a user' });
  await engine.close();
  const { stdout } = await command(['jobs', app, '--data', data]);
  assert.match(stdout, new RegExp(`${id} +remind +queued +attempt 0`));
  assert.doesNotMatch(stdout, /secret/);
  const failed = await command(['jobs', app, '--data', data, '--state', 'failed', '--json']);
  assert.deepEqual(JSON.parse(failed.stdout), [{ app: 'reminders', schedules: [], jobs: [] }]);
  const wrong = await command(['jobs', app, '--limit', 'many']);
  assert.match(wrong.stderr, /Expected a number from 1 to 99999/);
});

test('config: the settings in effect, and where each comes from', async () => {
  const env = { TRESTLE_DRAIN: '2', DATABASE_URL: 'postgres://me:secret@host/db' };
  const { code, stdout } = await command(['config', '--json'], { env });
  assert.equal(code, 0);
  const settings: { name: string }[] = JSON.parse(stdout);
  const of = (name: string) => settings.find((each) => each.name === name);
  assert.deepEqual(of('drain'), { name: 'drain', value: 2000, source: 'TRESTLE_DRAIN' });
  assert.deepEqual(of('workers'), { name: 'workers', value: 1, source: 'default' });
  assert.doesNotMatch(stdout, /secret/);
});

test('trestle.config.ts: settings between the environment and the defaults; a mistake is named', async () => {
  const cwd = temporaryFolder();
  const write = (config: string) =>
    writeFileSync(join(cwd, 'trestle.config.ts'), `export default ${config};\n`);
  write("{ port: 4999, origins: ['https://a.example'], backupKeep: 3, shared: true }");
  const { stdout } = await command(['config', '--json'], { cwd, env: { PORT: '4998' } });
  const settings: { name: string; value: unknown; source: string }[] = JSON.parse(stdout);
  const of = (name: string) => settings.find((each) => each.name === name);
  assert.deepEqual(of('port'), { name: 'port', value: 4998, source: 'PORT' });
  assert.deepEqual(of('origins'), {
    name: 'origins',
    value: ['https://a.example'],
    source: 'trestle.config.ts',
  });
  assert.deepEqual(of('backupKeep'), { name: 'backupKeep', value: 3, source: 'trestle.config.ts' });
  assert.deepEqual(of('shared'), { name: 'shared', value: true, source: 'trestle.config.ts' });
  for (const [config, words] of [
    ['{ prot: 1 }', /there is no option 'prot'; .*did you mean 'port'/],
    ["{ port: 'x' }", /port: Expected a port from 0 to 65535\. Got "x"/],
    ['{ shared: 1 }', /shared: expected true or false, got 1/],
    ['1', /exports no configuration/],
  ] as const) {
    write(config);
    const wrong = await command(['serve'], { cwd });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, words);
  }
});

test('completion: commands and their options, in three shells', async () => {
  const bash = (await command(['completion', 'bash'])).stdout;
  const completed = (words: readonly string[]) => {
    const script = `${bash}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _trestle; echo "\${COMPREPLY[@]}"`;
    return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim();
  };
  assert.equal(completed(['trestle', 'ser']), 'serve');
  assert.equal(completed(['trestle', 'serve', '--backup']), '--backup-to --backup-at --backup-keep');
  assert.equal(completed(['trestle', 'accounts', 'set']), 'set-password');
  assert.match(
    (await command(['completion', 'fish'])).stdout,
    /^complete -c trestle .* -l readiness-delay -r -d '/m,
  );
  assert.match((await command(['completion', 'zsh'])).stdout, /^autoload -U \+X bashcompinit/);
  assert.equal((await command(['completion', 'tcsh'])).code, 1);
});

test('doctor: well, and what is wrong', async () => {
  const data = temporaryFolder();
  const app = appFolder(NOTES);
  const well = await command(['doctor', app, '--data', data]);
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout, /^ok +notes: migrations +\d+ pending/m);
  const secret = join(data, 'signing-secret');
  writeFileSync(secret, 'x'.repeat(64));
  chmodSync(secret, 0o644);
  const ill = await command(['doctor', app, '--data', data, '--json'], { env: { TRESTLE_PROT: '1' } });
  assert.equal(ill.code, 1);
  const { ok, findings }: { ok: boolean; findings: { check: string; ok: boolean; detail: string }[] } =
    JSON.parse(ill.stdout);
  assert.equal(ok, false);
  const wrong = findings.filter((each) => !each.ok).map(({ check, detail }) => `${check}: ${detail}`);
  assert.equal(wrong.length, 2);
  assert.match(wrong[0] ?? '', /^signing secret: others can read .*chmod 600$/);
  assert.match(wrong[1] ?? '', /^declarations: nothing reads the variable TRESTLE_PROT/);
});
