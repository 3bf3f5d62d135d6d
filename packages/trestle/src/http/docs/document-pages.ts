import type { FastifyInstance } from 'fastify';
import { type PackageFile, servePackageFiles } from './package-file.ts';
import { servePage, serveScript } from './page.ts';

const SWAGGER: readonly PackageFile[] = [
  { name: 'swagger-ui.css', module: '@fastify/swagger-ui/static/swagger-ui.css', type: 'text/css' },
  {
    name: 'swagger-ui-bundle.js',
    module: '@fastify/swagger-ui/static/swagger-ui-bundle.js',
    type: 'text/javascript',
  },
];

/** Half a pixel, in place of the logo that ReDoc would fetch from its maker's server. */
const NO_IMAGE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

const REDOC: readonly PackageFile[] = [
  {
    name: 'redoc.standalone.js',
    module: 'redoc/bundles/redoc.standalone.js',
    type: 'text/javascript',
    localize: (text) => text.replaceAll(/https:\/\/cdn\.redoc\.ly\/[\w./-]+/g, NO_IMAGE),
  },
];

export interface Documentation {
  title: string;
  /** '' alone, `/NAME` with others. */
  base: string;
  /** Where Swagger UI and ReDoc stand, below the base. */
  swagger: string;
  redoc: string;
}

/** Swagger UI and ReDoc over `/openapi.json`, from installed packages: neither asks any other server for anything. */
export function serveDocumentation(
  fastify: FastifyInstance,
  { title, base, swagger, redoc }: Documentation,
): void {
  const folder = `${base}/docs-files`;
  servePackageFiles(fastify, folder, [...SWAGGER, ...REDOC]);
  serveScript(fastify, `${folder}/swagger-start.js`, swaggerStart(base));
  serveScript(fastify, `${folder}/redoc-start.js`, redocStart(base));
  // Who looks for it where every other app has it finds it too.
  for (const path of new Set([swagger, '/docs']))
    servePage(fastify, `${base}${path}`, {
      title: `${title} · API`,
      folder,
      styles: ['swagger-ui.css'],
      scripts: ['swagger-ui-bundle.js', 'swagger-start.js'],
      body: '<div id="page"></div>',
    });
  servePage(fastify, `${base}${redoc}`, {
    title: `${title} · reference`,
    folder,
    styles: [],
    scripts: ['redoc.standalone.js', 'redoc-start.js'],
    body: '<div id="page"></div>',
  });
}

function swaggerStart(base: string): string {
  const options = {
    url: `${base}/openapi.json`,
    dom_id: '#page',
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: true,
  };
  return `SwaggerUIBundle({ ...${JSON.stringify(options)}, presets: [SwaggerUIBundle.presets.apis] });\n`;
}

function redocStart(base: string): string {
  const url = JSON.stringify(`${base}/openapi.json`);
  return `Redoc.init(${url}, { hideDownloadButton: false }, document.getElementById('page'));\n`;
}
