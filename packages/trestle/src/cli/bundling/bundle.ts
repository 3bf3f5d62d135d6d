import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { BuildOptions, Message } from 'esbuild';
import { ADMIN_ASSETS, adminFileNames, adminFolder } from '../../http/docs/admin-pages.ts';
import { PACKAGE_FILES, urlOfPackageFile } from '../../http/docs/package-files.ts';
import { StartError } from '../../start-error.ts';
import { configFile } from '../config-file.ts';
import { filesOfApps, findApps } from '../find-apps.ts';
import { assetFiles } from './asset-files.ts';

/** The engine's modules: sources in the repository, compiled files in the published package. */
const ENGINE = join(import.meta.dirname, '../..');
const EXTENSION = extname(import.meta.filename);
/** The one module that is started as a thread: `scan-threads.ts` asks for it by this name. */
const SCAN_THREAD = 'scan-thread';
/** Where Node.js looks for a part of its own file: `postject` sets it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const OPTIONS: BuildOptions = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node24',
  write: true,
  logLevel: 'silent',
  legalComments: 'inline',
  // What `pg` takes where it is installed; commands that an executable does not have.
  external: ['pg-native', `*/bundling/bundle${EXTENSION}`, `*/commands/dev${EXTENSION}`],
};

interface BundleOptions {
  to?: string;
  node?: string;
}

/** `trestle bundle [apps...]` */
export function define(command: Command): void {
  command
    .argument('[apps...]', 'folders of apps, or their names in apps/ (default: all of apps/)')
    .option('--to <file>', 'the executable (default: the name of the first app, in this folder)')
    .option(
      '--node <file>',
      'the Node.js to build on, of this version, such as one for another processor (default: the one that runs)',
    )
    .action(bundle);
}

/** Writes one executable file with Node.js, the engine, the apps and the files of its pages. */
async function bundle(names: string[], { to, node }: BundleOptions): Promise<void> {
  if (process.platform !== 'linux')
    throw new StartError(`executables are made on Linux alone; this is ${process.platform}`);
  const apps = await findApps(names);
  const target = resolve(to ?? apps[0]?.name ?? 'trestle');
  if (statSync(target, { throwIfNoEntry: false })?.isDirectory())
    throw new StartError(`${target} is a folder; name a file with --to`);
  if (node !== undefined && !statSync(node, { throwIfNoEntry: false })?.isFile())
    throw new StartError(`--node: there is no file ${node}`);
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(dirname(target), '.bundle-'));
  try {
    const main = join(folder, 'main.cjs');
    const stdin = { contents: entryOf(filesOfApps(names)), resolveDir: ENGINE };
    const { plugin, files } = assetFiles(ENGINE);
    await compile({ stdin, outfile: main, plugins: [plugin] });
    const thread = join(folder, 'thread.cjs');
    await compile({
      entryPoints: [join(ENGINE, `database/sqlite/scans/${SCAN_THREAD}${EXTENSION}`)],
      outfile: thread,
    });
    const pages = PACKAGE_FILES.map(({ name }) => [name, fileURLToPath(urlOfPackageFile(name))]);
    const admin = await adminFolder();
    const screens = adminFileNames(admin).map((name) => [ADMIN_ASSETS + name, join(admin, name)]);
    const blob = join(folder, 'blob');
    const config = {
      main,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Compiled code is of one processor and version; it makes a start faster.
      useCodeCache: node === undefined,
      execArgv: ['--max-semi-space-size=4'],
      assets: { [SCAN_THREAD]: thread, ...Object.fromEntries([...pages, ...screens, ...files]) },
    };
    writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
    runNode(['--experimental-sea-config', join(folder, 'sea.json')]);
    const executable = join(folder, 'executable');
    copyFileSync(node ?? process.execPath, executable);
    chmodSync(executable, 0o755);
    runNode([postject(), executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
    renameSync(executable, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const size = (statSync(target).size / 1e6).toFixed(0);
  process.stdout.write(`${target}: ${apps.map(({ name }) => name).join(', ')}; ${size} MB\n`);
}

/** The module that an executable begins with. */
function entryOf(apps: readonly string[]): string {
  const config = configFile();
  return [
    `import { run } from ${JSON.stringify(join(ENGINE, `cli/run${EXTENSION}`))};`,
    ...apps.map((file, at) => `import app${at} from ${JSON.stringify(file)};`),
    config ? `import config from ${JSON.stringify(config)};` : 'const config = undefined;',
    `run(process.argv.slice(2), { apps: [${apps.map((_, at) => `app${at}`).join(', ')}], config });`,
  ].join('\n');
}

/** Compiles modules and all that they import into one file. Throws `StartError` with the places that cannot be. */
async function compile(options: BuildOptions): Promise<void> {
  const { build } = await import('esbuild').catch(() => missing('esbuild'));
  const { errors, warnings } = await build({ ...OPTIONS, ...options }).catch(
    (failed: BuildFailure) => failed,
  );
  // An executable has no files beside a module. The engine looks for that; what else asks for them would find nothing.
  const files = warnings.filter(
    ({ id, location }) =>
      id === 'empty-import-meta' && !resolve(location?.file ?? '').startsWith(`${ENGINE}${sep}`),
  );
  const found = [
    ...errors.map(words),
    ...files.map((each) => `${words(each)}; an executable has no files beside its code`),
  ];
  if (found.length > 0) throw new StartError(found.join('\n'));
}

interface BuildFailure {
  readonly errors: readonly Message[];
  readonly warnings: readonly Message[];
}

function words({ text, location }: Message): string {
  return location ? `${location.file}:${location.line}: ${text}` : text;
}

function postject(): string {
  try {
    return fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
  } catch {
    return missing('postject');
  }
}

function missing(name: string): never {
  throw new StartError(
    `trestle bundle needs ${name}: npm install --save-dev esbuild@0.28.2 postject@1.0.0-alpha.6`,
  );
}

/** Runs a program of Node.js's, whose output is shown where it fails. */
function runNode(args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new StartError(`${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
