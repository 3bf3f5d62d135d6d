import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { startS3, withoutS3 } from '../cli/s3-server.ts';
import { callOver } from '../harness.ts';
import { appFolder, NOTES, run, serve, temporaryFolder } from '../processes.ts';
import { until } from '../until.ts';

const CONFIG = join(import.meta.dirname, '../../../../deploy/litestream.yml');
const missing =
  spawnSync('litestream', ['version']).error !== undefined && 'litestream is not installed here';

it('Litestream, as it is configured, brings back what was written last', {
  skip: missing || withoutS3,
}, async (t) => {
  const bucket = await startS3();
  t.after(() => bucket.stop());
  const app = appFolder(NOTES);
  const database = join(app, 'data/notes.db');
  const config = join(app, 'litestream.yml');
  writeFileSync(config, readFileSync(CONFIG, 'utf8').replace('/data/changelog.db', database));
  const env = {
    PATH: process.env.PATH,
    S3_ENDPOINT: bucket.url,
    S3_BUCKET: 'backups',
    S3_ACCESS_KEY_ID: bucket.env.AWS_ACCESS_KEY_ID,
    S3_SECRET_ACCESS_KEY: bucket.env.AWS_SECRET_ACCESS_KEY,
  };
  const server = await serve(['--data', join(app, 'data'), '--readiness-delay', '0'], { cwd: app });
  t.after(() => server.kill());
  const replication = spawn('litestream', ['replicate', '-config', config], { env, stdio: 'ignore' });
  t.after(() => replication.kill('SIGKILL'));
  // It has begun once its first copy is there.
  await until(() => existsSync(join(bucket.bucket, 'changelog')));
  for (const content of ['first', 'last'])
    assert.equal((await callOver(server.url, 'POST /v1/notes', { body: { content } })).status, 201);
  const ended = once(replication, 'exit');
  replication.kill('SIGTERM');
  await ended;

  const folder = temporaryFolder();
  const copy = join(folder, 'notes.db');
  const restored = spawnSync('litestream', ['restore', '-config', config, '-o', copy, database], {
    env,
    encoding: 'utf8',
  });
  assert.equal(restored.status, 0, restored.stderr);
  const checked = await run(['check', '--deep', app, '--data', folder]);
  assert.equal(checked.code, 0, checked.stderr);
  const { stdout } = await run(['export', 'notes', '--data', folder], { cwd: app });
  assert.match(stdout, /"first".*\n.*"last"/);
});
