import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { it, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { installPackages } from '../../packages/trestle/test/npm-folder.ts';
import { serve, temporaryFolder } from '../../packages/trestle/test/processes.ts';
import { eachPlace, type Place } from '../../packages/trestle/test/stores.ts';

/** A folder with the public collection, as `.hurl` files and as it was for Postman: `.ci/run` fetches them. */
const COLLECTION = process.env.CONDUIT_COLLECTION ?? '';
const hurl = COLLECTION ? globSync(join(COLLECTION, '*.hurl')).sort() : [];
const postman = COLLECTION ? globSync(join(COLLECTION, '*.postman_collection.json')).sort() : [];
const hasHurl = (process.env.PATH ?? '').split(delimiter).some((each) => existsSync(join(each, 'hurl')));
const missing = (files: readonly string[], what: string) =>
  files.length === 0 && `CONDUIT_COLLECTION names no folder with ${what} of the public collection`;
const missingHurl = hasHurl
  ? missing(hurl, 'the .hurl files')
  : 'hurl, the runner of the public collection, is not on the PATH (cargo install hurl)';
const NEWMAN = resolve(import.meta.dirname, '../../packages/trestle/test/newman');
const run = promisify(execFile);

/**
 * Assertions of the collections for Postman that contradict this example's contract, which rules: articles in lists have no
 * body (the older collection wants one), tags come in the order given, a name that is taken is 422, and titles need not differ.
 */
const CONTRADICTED = new Set([
  'All Articles: Article has "body" property',
  'All Articles with auth: Article has "body" property',
  'Articles by Author: Article has "body" property',
  'Articles by Author with auth: Article has "body" property',
  'Articles by Tag: Article has "body" property',
  'Articles by Tag: The first tag is dragons',
  'Articles by Tag: The second tag is training',
  'Articles Favorited by Username: Article has "body" property',
  'Articles Favorited by Username with auth: Article has "body" property',
  'Register - duplicate credentials: Response code is 409',
  'Create Article - duplicate title: Response code is 409',
  'Create Article - duplicate title: Response has errors object',
  "Create Article - duplicate title: Cannot read properties of undefined (reading 'title')",
]);

eachPlace('the public collection', (place) => {
  it('passes, also in three processes', { skip: missingHurl }, async (t) => {
    const url = await serveConduit(t, await place());
    // Its latest edition wants 409 for a name that is taken, where this example's contract says 422; all else is as it is.
    const folder = temporaryFolder();
    const collection = hurl.map((file) => {
      const copy = join(folder, basename(file));
      writeFileSync(copy, readFileSync(file, 'utf8').replaceAll('HTTP 409', 'HTTP 422'));
      return copy;
    });
    const variables = ['--variable', `host=${url}`, '--variable', `uid=${process.pid}`];
    const args = ['--test', '--jobs', '1', '--continue-on-error', '--no-color', ...variables, ...collection];
    const { stderr } = await run('hurl', args).catch(({ stderr: said, message }) =>
      assert.fail(String(said || message)),
    );
    assert.match(stderr, new RegExp(`Succeeded files: +${hurl.length} `));
  });

  it('for Postman passes, also in three processes', {
    skip: missing(postman, 'a .postman_collection.json'),
  }, async (t) => {
    const unreachable = await installPackages(NEWMAN);
    if (unreachable) return t.skip(unreachable);
    for (const file of postman) {
      const url = await serveConduit(t, await place());
      const results = join(temporaryFolder(), 'results.json');
      const globals = {
        APIURL: `${url}/api`,
        USERNAME: 'ann',
        EMAIL: 'ann@example.org',
        PASSWORD: 'secret12',
      };
      const variables = Object.entries(globals).flatMap(([name, value]) => [
        '--global-var',
        `${name}=${value}`,
      ]);
      const report = ['--reporters', 'json', '--reporter-json-export', results, '--suppress-exit-code'];
      await run(join(NEWMAN, 'node_modules/.bin/newman'), ['run', file, ...variables, ...report]);
      const { stats, failures } = JSON.parse(readFileSync(results, 'utf8')).run;
      assert.ok(stats.requests.total > 30 && stats.requests.failed === 0 && stats.assertions.total > 300);
      type Failure = { source: { name: string }; error: { test?: string; message: string } };
      const failed: string[] = failures.map(
        ({ source, error }: Failure) => `${source.name}: ${error.test ?? error.message}`,
      );
      assert.deepEqual(
        failed.filter((each) => !CONTRADICTED.has(each)),
        [],
        basename(file),
      );
    }
  });
});

/** Serves the example; in three processes where it is on PostgreSQL. */
async function serveConduit(t: TestContext, { data, database }: Place): Promise<string> {
  const options = ['--data', data, '--readiness-delay', '0'];
  if (database) options.push('--database', database, '--workers', '3');
  const server = await serve([import.meta.dirname, ...options]);
  t.after(() => server.stop());
  return server.url;
}
