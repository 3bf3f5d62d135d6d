import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const HOME = import.meta.dirname;
const DIST = join(HOME, 'dist');

/** Below this a compressed file saves no packet. */
const MIN_COMPRESSED_LENGTH = 1024;

/**
 * The folder of the built admin UI. Builds it first where its sources have changed since, which takes about two seconds; in
 * the published package `trestle` it is always there.
 *
 * @throws where Vite is not installed, as after `npm ci --omit=dev`.
 */
export async function adminFolder(): Promise<string> {
  const folder = join(DIST, sourcesHash());
  if (existsSync(folder)) return folder;
  const { build } = await import('vite');
  const made = join(DIST, `.building-${process.pid}`);
  mkdirSync(made, { recursive: true });
  await build({
    root: HOME,
    base: './',
    configFile: false,
    logLevel: 'error',
    build: {
      outDir: made,
      emptyOutDir: true,
      target: 'es2023',
      // The oldest browsers with light-dark().
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  await compressFiles(made);
  try {
    renameSync(made, folder);
  } catch (error) {
    // Another process built the same meanwhile.
    if (!existsSync(folder)) throw error;
    rmSync(made, { recursive: true, force: true });
  }
  for (const old of readdirSync(DIST))
    if (!old.startsWith('.building-') && join(DIST, old) !== folder)
      rmSync(join(DIST, old), { recursive: true, force: true });
  return folder;
}

/** A name for the state of everything that is built in. */
function sourcesHash(): string {
  const files = [
    ...globSync(['src/**/*', 'index.html', 'build.ts', 'package.json'], { cwd: HOME, withFileTypes: true }),
    ...globSync(['client/src/*.ts', 'tokens/**/*.css'], {
      cwd: join(HOME, '..'),
      exclude: ['**/node_modules/**'],
      withFileTypes: true,
    }),
  ].filter((file) => file.isFile());
  const hash = createHash('sha256');
  for (const path of files.map(({ parentPath, name }) => join(parentPath, name)).sort())
    hash.update(path.slice(HOME.length)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

/** Puts a `.br` and a `.gz` beside each file, so that a server compresses nothing. */
async function compressFiles(folder: string): Promise<void> {
  const files = globSync('**/*.{js,css,svg}', { cwd: folder });
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  const brotli = (content: Buffer) => promisify(brotliCompress)(content, { params });
  const gzipped = (content: Buffer) => promisify(gzip)(content, { level: 9 });
  for (const path of files.map((file) => join(folder, file))) {
    const content = await readFile(path);
    if (content.length < MIN_COMPRESSED_LENGTH) continue;
    const [br, gz] = await Promise.all([brotli(content), gzipped(content)]);
    await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)]);
  }
}

if (import.meta.main) console.log(await adminFolder());
