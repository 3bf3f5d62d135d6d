import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../postgres-server.ts';

/** Why tests of S3 cannot run here; false where they can. */
export const withoutS3 =
  spawnSync('versitygw', ['--version']).status !== 0 &&
  'no S3-compatible server here: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0, and put it on the PATH';

/** A real S3-compatible server over a folder, which checks every signature. */
export interface S3Server {
  readonly url: string;
  /** The folder of the bucket `backups`: its objects are files. */
  readonly bucket: string;
  /** Variables of programs that use it. */
  readonly env: Record<string, string>;
  stop(): void;
}

export async function startS3(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'trestle-s3-'));
  const bucket = join(folder, 'backups');
  mkdirSync(bucket);
  const port = await freePort();
  const secret = 'a-secret-of-tests-that-no-output-may-hold';
  const child: ChildProcess = spawn('versitygw', ['--port', `127.0.0.1:${port}`, 'posix', folder], {
    env: { PATH: process.env.PATH, ROOT_ACCESS_KEY: 'tests', ROOT_SECRET_KEY: secret },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr?.on('data', (part) => (output += part));
  // Its output is read to the end: a pipe that nobody reads would end it.
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const listens = new Promise<void>((resolve) => {
    lines.on('line', (line) => line.includes(`http://127.0.0.1:${port}`) && resolve());
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`versitygw ended: ${output}`)));
  ended.catch(() => {});
  await Promise.race([listens, ended]);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    bucket,
    env: { AWS_ACCESS_KEY_ID: 'tests', AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL_S3: url },
    stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
