import { readFile } from 'node:fs/promises';
import { getAsset } from 'node:sea';

/** The scheme of files inside an executable. `trestle bundle` puts such URLs in the place of those of files. */
export const ASSET_SCHEME = 'asset:';

/**
 * Reads a file that an app has beside its modules, such as a page that a route answers. In an executable it is read from there:
 * `trestle bundle` takes in what is named by `new URL('...', import.meta.url)`, and the folder of the module that
 * `import.meta.resolve('...')` names, where the text in quotes is written out.
 *
 * @throws what `readFile` throws, and in an executable an `Error` for a file that it does not hold.
 * @example
 * const page = () => readAsset(new URL('page.html', import.meta.url));
 */
export async function readAsset(url: URL): Promise<Uint8Array> {
  return url.protocol === ASSET_SCHEME ? new Uint8Array(getAsset(url.href)) : readFile(url);
}
