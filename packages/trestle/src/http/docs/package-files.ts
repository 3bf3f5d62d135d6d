import { readFileSync } from 'node:fs';
import { getAsset, isSea } from 'node:sea';

/** A file that pages load: `#assets/NAME` is in an installed package in the repository, in `assets/` of the published one, and part of an executable. */
interface PackageFile {
  name: string;
  type: string;
  /** Takes out of its text what would ask another server for something (default: nothing). */
  localize?: (text: string) => string;
}

/** Half a pixel, in place of the logo that ReDoc would fetch from its maker's server. */
const NO_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

export const PACKAGE_FILES: readonly PackageFile[] = [
  { name: 'tokens.css', type: 'text/css' },
  { name: 'base.css', type: 'text/css' },
  { name: 'swagger.css', type: 'text/css' },
  { name: 'redoc.css', type: 'text/css' },
  { name: 'wordmark.svg', type: 'image/svg+xml' },
  { name: 'swagger-ui.css', type: 'text/css' },
  { name: 'swagger-ui-bundle.js', type: 'text/javascript' },
  {
    name: 'redoc.standalone.js',
    type: 'text/javascript',
    localize: (text) => text.replaceAll(/https:\/\/cdn\.redoc\.ly\/[\w./-]+/g, NO_IMAGE),
  },
];

export function urlOfPackageFile(name: string): URL {
  return new URL(import.meta.resolve(`#assets/${name}`));
}

/** The text of such a file. */
export function readPackageFile(name: string): string {
  return isSea() ? getAsset(name, 'utf8') : readFileSync(urlOfPackageFile(name), 'utf8');
}
