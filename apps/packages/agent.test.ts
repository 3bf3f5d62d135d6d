import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Served, serveApp } from 'trestle/testing';
import app, { type resources } from './app.ts';

describe('the agent', () => {
  let served: Served<typeof resources>;
  let key: string;
  before(async () => {
    served = await serveApp(app);
    const headers = { 'secret-key': served.administrator };
    key = String((await served.call('GET', '/auth/new?name=agent', { headers })).body);
  });
  after(() => served.close());

  /** Runs the agent; `saw` is told what it has written so far. */
  const run = async (rest: readonly string[], saw?: (output: string, pid: number) => void) => {
    const script = join(import.meta.dirname, 'agent.ts');
    const child = spawn(process.execPath, [script, '--url', served.url, '--key', key, ...rest]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
        saw?.(output, child.pid ?? 0);
      });
    const [code] = await once(child, 'close');
    return { code, output };
  };

  it('creates, downloads and activates a package, with progress on the way', async () => {
    process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '0.3';
    const { code, output } = await run(['--name', 'hammer', '--version', '2.0']);
    assert.equal(code, 0, output);
    assert.match(output, /hammer 2\.0, Created/);
    assert.match(output, /download +█+░* +\d+ % +downloading/);
    assert.match(output, /activate .*100 % +succeeded/);
    assert.match(output, /'Active'/);
  });

  it('says by its exit code that the work failed or was refused', async () => {
    const failed = await run(['--source', 'http://127.0.0.1:1/x']);
    assert.equal(failed.code, 1, failed.output);
    assert.match(failed.output, /not public/);
    const refused = await run(['--name', 'x']);
    assert.equal(refused.code, 2);
    assert.match(refused.output, /Invalid name/);
    assert.equal((await run(['--nonsense'])).code, 2);
  });

  it('cancels the operation on Ctrl-C', async () => {
    process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS = '60';
    let sent = false;
    const { code, output } = await run(['--name', 'saw'], (so, pid) => {
      if (sent || !so.includes('░')) return;
      sent = true;
      process.kill(pid, 'SIGINT');
    });
    delete process.env.TRESTLE_PACKAGES_SIMULATED_SECONDS;
    assert.equal(code, 130, output);
    assert.match(output, /The download cancelled/);
    const { items } = await served.engine.services.packages.list(
      { caller: { kind: 'administrator' } },
      { sort: ['-id'] },
    );
    assert.equal(items[0]?.status_id, 1);
  });
});
