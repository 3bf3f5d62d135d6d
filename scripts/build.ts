import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adminFolder } from '../packages/admin/build.ts';
import { APPS } from '../packages/create-trestle/src/project.ts';
import { bundleTypebox } from './bundle-typebox.ts';

const HELP = `npm run build -- [options]

Compiles packages/trestle, packages/client and packages/create-trestle into build/: the packages as they are published, with
JavaScript, declarations and their maps.

  --help   this text`;

/** The import of the admin UI's folder: a build in the repository, a file in the published package. */
const ADMIN = '#assets/admin/folder.js';
const ROOT = join(import.meta.dirname, '..');
const SOURCE = join(ROOT, 'packages/trestle');

interface Manifest {
  exports: Record<string, string>;
  imports: Record<string, string>;
  devDependencies?: Record<string, string>;
  [member: string]: unknown;
}

/**
 * Builds the published package. In the repository `trestle` is imported from its TypeScript sources; Node strips no types
 * below node_modules, so what is published is compiled.
 *
 * @returns the folder of the package, ready for `npm pack`.
 */
export async function buildPackage(target = join(ROOT, 'build/trestle')): Promise<string> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'bin'), { recursive: true });
  compile(join(target, 'dist'));
  await bundleTypebox(join(target, 'dist/typebox'));
  // Declaration maps lead an editor to the sources. Node never loads them: no export names them.
  cpSync(join(SOURCE, 'src'), join(target, 'src'), { recursive: true });
  for (const file of ['README.md', 'LICENSE'])
    cpSync(join(file === 'LICENSE' ? ROOT : SOURCE, file), join(target, file));
  copyAssets(join(target, 'assets'));
  await copyAdmin(join(target, 'assets/admin'));
  const bin = readFileSync(join(SOURCE, 'bin/trestle.js'), 'utf8');
  cpSync(join(SOURCE, 'bin/resolve-imports.js'), join(target, 'bin/resolve-imports.js'));
  writeFileSync(
    join(target, 'bin/trestle.js'),
    bin
      .replace('../src/cli/run.ts', '../dist/cli/run.js')
      .replace('../src/', '../dist/')
      .replace('../../../node_modules/.cache/typebox', '../dist/typebox')
      .replace('../../../node_modules/.cache', '../../.cache'),
    { mode: 0o755 },
  );
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(publishedManifest(), null, 2)}\n`);
  return target;
}

/** Builds the typed client against the package in `build/trestle`, whose types it names. Gives its folder. */
export function buildClient(target = join(ROOT, 'build/client')): string {
  const source = join(ROOT, 'packages/client');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  compile(join(target, 'dist'), join(source, 'tsconfig.build.json'));
  cpSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'));
  cpSync(join(source, 'README.md'), join(target, 'README.md'));
  const { devDependencies: _, ...manifest }: Manifest = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  );
  const published = { ...manifest, exports: compiledExports(manifest), files: ['dist'] };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  return target;
}

/** Builds create-trestle, with apps of the repository among its templates. Gives its folder. */
export function buildCreator(target = join(ROOT, 'build/create-trestle')): string {
  const source = join(ROOT, 'packages/create-trestle');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'bin'), { recursive: true });
  compile(join(target, 'src'), join(source, 'tsconfig.build.json'));
  cpSync(join(source, 'templates'), join(target, 'templates'), { recursive: true });
  for (const [name, folder] of Object.entries(APPS))
    cpSync(join(ROOT, folder), join(target, 'templates', name), {
      recursive: true,
      filter: (file) => !/\/(test|node_modules)$|\.test\.ts$|\/package\.json$/.test(file),
    });
  cpSync(join(ROOT, 'LICENSE'), join(target, 'LICENSE'));
  cpSync(join(source, 'README.md'), join(target, 'README.md'));
  const bin = readFileSync(join(source, 'bin/create-trestle.js'), 'utf8');
  writeFileSync(join(target, 'bin/create-trestle.js'), bin.replace('create.ts', 'create.js'), {
    mode: 0o755,
  });
  const { devDependencies: _, ...manifest }: Manifest = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  );
  writeFileSync(
    join(target, 'package.json'),
    `${JSON.stringify({ ...manifest, files: ['bin', 'src', 'templates'] }, null, 2)}\n`,
  );
  return target;
}

function compile(dist: string, project = join(SOURCE, 'tsconfig.build.json')): void {
  const options = ['-p', project, '--outDir', dist];
  const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the compiler failed:\n${stdout}`);
  // The entry that runs the command line from source.
  for (const file of globSync('cli/main.*', { cwd: dist })) rmSync(join(dist, file));
  // The compiler leaves the `.ts` of imports in declarations as they are.
  for (const file of globSync('**/*.d.ts', { cwd: dist })) {
    const path = join(dist, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
  }
}

/** Copies the files that pages load, with their licences: the packages they come from bring 150 others that a server never loads. */
function copyAssets(target: string): void {
  const { imports }: Manifest = JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8'));
  for (const [name, module] of Object.entries(imports)) {
    if (name === ADMIN) continue;
    const [, home = ''] = /^(@[^/]+\/[^/]+|[^/]+)\//.exec(module) ?? [];
    cpSync(join(ROOT, 'node_modules', module), join(target, name.replace('#assets/', '')));
    cpSync(join(ROOT, 'node_modules', home, 'LICENSE'), join(target, `${home.replace('/', '-')}.LICENSE`));
  }
}

/** Copies the built admin UI, beside a module that says where it is. */
async function copyAdmin(target: string): Promise<void> {
  cpSync(await adminFolder(), target, { recursive: true });
  writeFileSync(join(target, 'folder.js'), 'export const adminFolder = async () => import.meta.dirname;\n');
}

/** Exports that name the compiled files in place of their sources. */
function compiledExports({
  exports,
}: Manifest): Readonly<Record<string, { types: string; default: string }>> {
  const compiled = Object.entries(exports).map(([name, source]) => {
    const file = source.replace('./src/', './dist/').replace(/\.ts$/, '');
    return [name, { types: `${file}.d.ts`, default: `${file}.js` }] as const;
  });
  return Object.fromEntries(compiled);
}

/** The manifest with exports that name compiled files, and without what only the repository needs. */
function publishedManifest(): Manifest {
  const { devDependencies: _, ...manifest }: Manifest = JSON.parse(
    readFileSync(join(SOURCE, 'package.json'), 'utf8'),
  );
  return {
    ...manifest,
    exports: { ...compiledExports(manifest), './package.json': './package.json' } as never,
    imports: Object.fromEntries(Object.keys(manifest.imports).map((name) => [name, name.replace('#', './')])),
    files: ['assets', 'bin', 'dist', 'src'],
  };
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) console.log(HELP);
  else console.log(`${await buildPackage()}\n${buildClient()}\n${buildCreator()}`);
}
