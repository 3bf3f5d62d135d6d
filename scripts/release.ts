import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildClient, buildCreator, buildPackage } from './build.ts';
import { provenanceOf } from './provenance.ts';

const HELP = `npm run release -- [options]

Makes a release of the version in packages/trestle/package.json: checks that it may be released, runs every check and test,
builds the packages, and writes them as build/*.tgz beside a bill of materials (CycloneDX) and their provenance (in-toto,
SLSA). Without --publish nothing leaves this machine.

  --publish      publish the packages to npm, with provenance (in a CI job that npm trusts), and tag the commit
  --skip-tests   leave npm test out, where CI has just run it on this commit
  --help         this text

Exit codes: 0 where all is done, 1 where something is in the way; nothing is published then.`;

const ROOT = join(import.meta.dirname, '..');
const PACKAGES = ['packages/trestle', 'packages/create-trestle'] as const;

/** Everything that keeps a repository from being released, each with its remedy; empty where nothing does. */
export function releaseProblems(root: string): string[] {
  const version = versionOf(root, PACKAGES[0]);
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const headings = [...changelog.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => heading);
  const changed = git(root, 'status', '--porcelain');
  return [
    changed && `the tree has changes that are not committed; commit them:\n${changed}`,
    git(root, 'tag', '--list', `v${version}`) && `v${version} is released already; raise the version`,
    ...PACKAGES.map((name) => {
      const own = versionOf(root, name);
      return own !== version && `${name} has version ${own}; expected ${version}`;
    }),
    headings.some((heading) => /unreleased/i.test(heading)) &&
      `CHANGELOG.md has a heading 'Unreleased'; name it '${version} - YYYY-MM-DD'`,
    !headings.some((heading) =>
      new RegExp(`^${RegExp.escape(version)} - \\d{4}-\\d\\d-\\d\\d$`).test(heading),
    ) && `CHANGELOG.md has no heading '${version} - YYYY-MM-DD'`,
  ]
    .filter((problem) => typeof problem === 'string')
    .filter((problem) => problem !== '');
}

function versionOf(root: string, folder: string): string {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version;
}

function git(root: string, ...args: readonly string[]): string {
  return run('git', args, root);
}

/** Runs a program and gives what it printed. Ends the release where it fails. */
function run(program: string, args: readonly string[], cwd = ROOT): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0) return stdout.trim();
  throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}

interface BillOfMaterials {
  readonly metadata: { readonly component: { readonly 'bom-ref': string } };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly 'bom-ref': string;
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * The packages that an installation of trestle brings, in CycloneDX's form: those that its dependencies lead to. `npm sbom
 * --omit dev` leaves out each that some development dependency of a workspace needs too.
 */
export function billOfMaterials(): BillOfMaterials {
  const text = run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--workspace', 'trestle']);
  const all: BillOfMaterials = JSON.parse(text);
  const manifest = JSON.parse(readFileSync(join(ROOT, PACKAGES[0], 'package.json'), 'utf8'));
  const component = all.components.find(({ name }) => name === manifest.name);
  if (!component) throw new Error('npm sbom does not name trestle');
  const direct: string[] = Object.entries(manifest.dependencies).map(
    ([name, version]) => `${name}@${version}`,
  );
  const edges = new Map(all.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set(direct);
  for (const ref of reached) for (const next of edges.get(ref) ?? []) reached.add(next);
  return {
    ...all,
    metadata: { ...all.metadata, component },
    components: all.components.filter((each) => reached.has(each['bom-ref'])),
    dependencies: [
      { ref: component['bom-ref'], dependsOn: direct },
      ...all.dependencies.filter(({ ref }) => reached.has(ref)),
    ],
  };
}

async function release(options: {
  publish?: boolean | undefined;
  'skip-tests'?: boolean | undefined;
}): Promise<void> {
  const problems = releaseProblems(ROOT);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  if (!options['skip-tests']) {
    console.log('npm test');
    run('npm', ['test']);
  }
  const folder = join(ROOT, 'build');
  mkdirSync(folder, { recursive: true });
  const startedOn = new Date();
  const files: string[] = [];
  for (const built of [await buildPackage(), buildClient(), buildCreator()]) {
    const file = run('npm', ['pack', built, '--silent', '--pack-destination', folder]);
    console.log(file);
    files.push(join(folder, file));
    if (options.publish) run('npm', ['publish', built, '--provenance', '--access', 'public']);
  }
  writeFileSync(join(folder, 'trestle.cdx.json'), `${JSON.stringify(billOfMaterials(), undefined, 2)}\n`);
  const provenance = provenanceOf({
    files,
    commit: git(ROOT, 'rev-parse', 'HEAD'),
    repository: git(ROOT, 'config', '--default', '', '--get', 'remote.origin.url') || undefined,
    lockfile: join(ROOT, 'package-lock.json'),
    version: versionOf(ROOT, PACKAGES[0]),
    startedOn,
    finishedOn: new Date(),
  });
  writeFileSync(join(folder, 'provenance.intoto.json'), `${JSON.stringify(provenance, undefined, 2)}\n`);
  if (options.publish) git(ROOT, 'tag', `v${versionOf(ROOT, PACKAGES[0])}`);
  console.log(
    options.publish ? 'published and tagged; push the tag' : 'built; nothing is published without --publish',
  );
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      publish: { type: 'boolean' },
      'skip-tests': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) console.log(HELP);
  else
    try {
      await release(values);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
}
