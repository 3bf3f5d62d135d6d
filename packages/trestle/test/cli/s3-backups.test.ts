import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { S3Bucket } from '../../src/cli/backups/s3-bucket.ts';
import { callOver } from '../harness.ts';
import { appFolder, command, NOTES, serve, temporaryFolder } from '../processes.ts';
import { type S3Server, startS3, withoutS3 } from './s3-server.ts';

describe('backups in S3-compatible storage', { skip: withoutS3 }, () => {
  let s3: S3Server;
  before(async () => {
    s3 = await startS3();
  });
  after(() => s3.stop());

  it('are made, verified, thinned out and restored by the commands', async () => {
    const app = appFolder(NOTES);
    const data = temporaryFolder();
    const server = await serve([app, '--data', data, '--readiness-delay', '0'], {
      env: { ...s3.env, TRESTLE_BACKUP_TO: 's3://backups/nightly' },
    });
    await callOver(server.url, 'POST /v1/notes', { body: { content: 'kept in a bucket' } });
    const words = ['backup', app, '--data', data, '--to', 's3://backups/nightly/'];
    const first = await command(words, { env: s3.env });
    assert.equal(first.code, 0, first.stderr);
    const [, key = ''] =
      /^notes: s3:\/\/backups\/(nightly\/notes-\S+\.db)\n.* read back and whole/m.exec(first.stdout) ?? [];
    assert.ok(existsSync(join(s3.bucket, key)), first.stdout);
    const second = await command([...words, '--keep', '1'], { env: s3.env });
    assert.match(second.stdout, new RegExp(`removed: ${key.slice('nightly/'.length)}`));
    const left = readdirSync(join(s3.bucket, 'nightly'));
    assert.equal(left.length, 1);
    assert.equal((await server.stop()).code, 0);
    assert.deepEqual(
      readdirSync(data).filter((name) => name.startsWith('.')),
      [],
    );

    for (const named of [`nightly/${left[0]}`, 'nightly/notes']) {
      const fresh = temporaryFolder();
      const restored = await command(['restore', `s3://backups/${named}`, '--data', fresh, '--app', app], {
        env: s3.env,
      });
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual(readdirSync(fresh), ['notes.db']);
      const rows = await command(['export', 'notes', '--app', app, '--data', fresh]);
      assert.match(rows.stdout, /kept in a bucket/, rows.stderr);
    }
  });

  it('a mistake is said in one line that has no secret, with exit code 1', async () => {
    const app = appFolder(NOTES);
    const data = temporaryFolder();
    const server = await serve([app, '--data', data, '--readiness-delay', '0']);
    await server.stop();
    const backup = (to: string, env: Record<string, string>) =>
      command(['backup', app, '--data', data, '--to', to], { env });
    const wrong = 'another-secret-that-no-output-may-hold';
    for (const [to, env, expected] of [
      ['s3://backups/x', { ...s3.env, AWS_SECRET_ACCESS_KEY: wrong }, /answered 403 SignatureDoesNotMatch/],
      ['s3://backups/x', { ...s3.env, AWS_ACCESS_KEY_ID: 'nobody' }, /answered 40[34] \w+: .*access key/i],
      ['s3://no-such-bucket/x', s3.env, /answered 404 NoSuchBucket/],
      ['s3://backups/x', {}, /set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/],
      ['s3://backups/x', { ...s3.env, AWS_ENDPOINT_URL_S3: 'storage' }, /AWS_ENDPOINT_URL_S3 is no URL/],
      ['s3://', s3.env, /expected s3:\/\/BUCKET\/PREFIX/],
    ] as const) {
      const { code, stderr } = await backup(to, env);
      assert.equal(code, 1, to);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /may-hold|\n./);
    }
    assert.deepEqual(
      readdirSync(data).filter((name) => name.startsWith('.')),
      [],
    );
    const none = await command(['restore', 's3://backups/none/notes', '--data', data, '--app', app], {
      env: s3.env,
    });
    assert.match(none.stderr, /there is no backup s3:\/\/backups\/none\/notes-\.{3}/);
    const early = await command(['serve', app, '--backup-to', 's3://backups/x']);
    assert.match(early.stderr, /^trestle: s3:\/\/backups: set AWS_ACCESS_KEY_ID/);
  });

  it('large files go in parts; names may hold any characters; long lists are read on', async () => {
    const folder = temporaryFolder();
    const bucket = new S3Bucket('backups', s3.env, 5 * 1024 * 1024);
    const bytes = randomBytes(11 * 1024 * 1024);
    writeFileSync(join(folder, 'large'), bytes);
    const key = "parts/a b+c(1)'é&=?.db";
    await bucket.upload(join(folder, 'large'), key);
    assert.deepEqual(await bucket.list('parts/'), [key.slice('parts/'.length)]);
    await bucket.download(key, join(folder, 'again'));
    assert.deepEqual(readFileSync(join(folder, 'again')), bytes);
    await bucket.remove(key);
    assert.deepEqual(await bucket.list('parts/'), []);
    for (let at = 0; at < 1003; at += 1) writeFileSync(join(s3.bucket, `many-${at}`), '');
    assert.equal((await bucket.list('many-')).length, 1003);
  });

  it('what is not stored as it was sent is no backup', async (t) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'the bytes of a backup');
    // Between the two, as a broken disk would: everything is passed on, and what is read is changed.
    const between = createServer((incoming, answer) => {
      const { method, url, headers } = incoming;
      const onward = request(`${s3.url}${url}`, { method, headers }, (answered) => {
        answer.writeHead(answered.statusCode ?? 500, answered.headers);
        answered.on('data', (part: Buffer) =>
          answer.write(method === 'GET' ? part.map((byte) => byte ^ 1) : part),
        );
        answered.on('end', () => answer.end());
      });
      incoming.pipe(onward);
    }).listen(0, '127.0.0.1');
    t.after(() => between.close());
    await new Promise((resolve) => between.once('listening', resolve));
    const { port } = between.address() as AddressInfo;
    const bucket = new S3Bucket('backups', { ...s3.env, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` });
    await assert.rejects(bucket.upload(join(folder, 'file'), 'broken'), /was not stored as it was sent/);
    assert.ok(!existsSync(join(s3.bucket, 'broken')));
  });
});
