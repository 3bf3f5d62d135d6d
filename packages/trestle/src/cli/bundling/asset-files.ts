import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { ASSET_SCHEME } from '../../http/contract/read-asset.ts';

/** `new URL('page.html', import.meta.url)`, and `import.meta.resolve('trestle-client')`. */
const NAMED =
  /new URL\(\s*(['"])(?<file>[^'"]+)\1,\s*import\.meta\.url,?\s*\)|import\.meta\.resolve\((['"])(?<module>[^'"]+)\3\)/g;

/**
 * The files that modules with `readAsset` name beside them, by the URLs under which it finds them in an executable. The plugin
 * writes those URLs into the modules; a file that is not there stays as it is named, and the bundle is refused for it.
 *
 * @param engine the folder of the engine, which has its own way.
 */
export function assetFiles(engine: string): { readonly plugin: Plugin; readonly files: Map<string, string> } {
  const files = new Map<string, string>();
  /** Takes in a file, of a module also what its folder holds beside it, which is found by its URL. Answers the URL. */
  const take = (file: string, isModule: boolean): string => {
    const folder = `${ASSET_SCHEME}///${files.size}/`;
    const names = isModule ? readdirSync(dirname(file)) : [basename(file)];
    for (const name of names)
      if (isFile(join(dirname(file), name))) files.set(folder + name, join(dirname(file), name));
    return JSON.stringify(folder + basename(file));
  };
  const plugin: Plugin = {
    name: 'assets',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]s$/ }, async ({ path }) => {
        if (path.startsWith(engine + sep)) return undefined;
        let contents = readFileSync(path, 'utf8');
        // Others read files in their own way, and are refused.
        if (!contents.includes('readAsset')) return undefined;
        for (const { 0: text, groups: { file, module = '' } = {} } of contents.matchAll(NAMED)) {
          const isModule = file === undefined;
          const found = isModule
            ? (await build.resolve(module, { kind: 'import-statement', resolveDir: dirname(path) })).path
            : fileURLToPath(new URL(file, pathToFileURL(path)));
          if (!isFile(found)) continue;
          const url = take(found, isModule);
          contents = contents.replace(text, () => (isModule ? url : `new URL(${url})`));
        }
        return { contents, loader: path.endsWith('ts') ? 'ts' : 'js' };
      });
    },
  };
  return { plugin, files };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
