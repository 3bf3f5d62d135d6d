import { readFile } from 'node:fs/promises';
import { getAsset, isSea } from 'node:sea';
import type { FastifyInstance } from 'fastify';
import { servePage, serveScript } from './pages.ts';
import { StaticContent } from './static-content.ts';

/** A file that a documentation page loads: `#assets/NAME` is in an installed package in the repository, in `assets/` of the published one, and part of an executable. */
interface PackageFile {
  name: string;
  type: string;
  /** Takes out of its text what would ask another server for something (default: nothing). */
  localize?: (text: string) => string;
}

/** Half a pixel, in place of the logo that ReDoc would fetch from its maker's server. */
const NO_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

export const PACKAGE_FILES: readonly PackageFile[] = [
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

/** Package files change with an upgrade alone; an hour saves 1.5 MB of Swagger UI on every visit. */
const FILES_CACHE_CONTROL = 'public, max-age=3600';

interface Documentation {
  title: string;
  /** '' alone, `/NAME` with others. */
  base: string;
  /** Paths of Swagger UI and ReDoc below the base. */
  swagger: string;
  redoc: string;
}

/** Serves Swagger UI and ReDoc over `/openapi.json`, from installed packages: neither asks any other server for anything. */
export function serveDocumentation(
  fastify: FastifyInstance,
  { title, base, swagger, redoc }: Documentation,
): void {
  const folder = `${base}/docs-files`;
  for (const { name, type, localize } of PACKAGE_FILES) {
    const file = new StaticContent(type, async () => {
      const text = isSea() ? getAsset(name, 'utf8') : await readFile(urlOfPackageFile(name), 'utf8');
      return localize ? localize(text) : text;
    });
    fastify.get(`${folder}/${name}`, { config: { produces: [type] } }, (_request, reply) =>
      file.send(reply, FILES_CACHE_CONTROL),
    );
  }
  serveScript(fastify, `${folder}/swagger-start.js`, (prefix) => {
    const url = `${prefix}${base}/openapi.json`;
    const options = {
      url,
      dom_id: '#page',
      deepLinking: true,
      validatorUrl: null,
      persistAuthorization: true,
      // Each of a dozen answers of an operation would be coloured when it is opened.
      syntaxHighlight: { activated: false },
    };
    return `SwaggerUIBundle({ ...${JSON.stringify(options)}, presets: [SwaggerUIBundle.presets.apis] });\n`;
  });
  serveScript(fastify, `${folder}/redoc-start.js`, (prefix) => {
    const url = JSON.stringify(`${prefix}${base}/openapi.json`);
    return `Redoc.init(${url}, { hideDownloadButton: false }, document.getElementById('page'));\n`;
  });
  // Who looks for it where every other app has it finds it too.
  for (const path of new Set([swagger, '/docs']))
    servePage(fastify, `${base}${path}`, {
      title: `${title} · API`,
      folder,
      styles: ['swagger-ui.css'],
      scripts: ['swagger-ui-bundle.js', 'swagger-start.js'],
    });
  servePage(fastify, `${base}${redoc}`, {
    title: `${title} · reference`,
    folder,
    styles: [],
    scripts: ['redoc.standalone.js', 'redoc-start.js'],
  });
}
