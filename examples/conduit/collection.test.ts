import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { serve, temporaryFolder } from '../../packages/trestle/test/processes.ts';
import { eachPlace } from '../../packages/trestle/test/stores.ts';

/** A folder with the `.hurl` files of the public collection: `.ci/run` fetches them, and builds their runner. */
const COLLECTION = process.env.CONDUIT_COLLECTION ?? '';
const files = COLLECTION ? globSync(join(COLLECTION, '*.hurl')).sort() : [];
const hasRunner = (process.env.PATH ?? '').split(delimiter).some((each) => existsSync(join(each, 'hurl')));
const missing =
  files.length > 0
    ? !hasRunner && 'hurl, the runner of the public collection, is not on the PATH (cargo install hurl)'
    : 'CONDUIT_COLLECTION names no folder with the .hurl files of the public collection';

eachPlace('the public collection', (place) => {
  it('passes, also in three processes', { skip: missing }, async (t) => {
    const { data, database } = await place();
    const options = ['--data', data, '--readiness-delay', '0'];
    if (database) options.push('--database', database, '--workers', '3');
    const server = await serve([import.meta.dirname, ...options]);
    t.after(() => server.stop());
    // Its latest edition wants 409 for a name that is taken, where this example's contract says 422; all else is as it is.
    const folder = temporaryFolder();
    const collection = files.map((file) => {
      const copy = join(folder, basename(file));
      writeFileSync(copy, readFileSync(file, 'utf8').replaceAll('HTTP 409', 'HTTP 422'));
      return copy;
    });
    const variables = ['--variable', `host=${server.url}`, '--variable', `uid=${process.pid}`];
    const args = ['--test', '--jobs', '1', '--continue-on-error', '--no-color', ...variables, ...collection];
    const { stderr } = await promisify(execFile)('hurl', args).catch(({ stderr: said, message }) =>
      assert.fail(String(said || message)),
    );
    assert.match(stderr, new RegExp(`Succeeded files: +${files.length} `));
  });
});
