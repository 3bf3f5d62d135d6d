import type { FastifyInstance } from 'fastify';
import { PACKAGE_FILES, readPackageFile } from './package-files.ts';
import { servePage, serveScript } from './pages.ts';
import { StaticContent } from './static-content.ts';

/** Package files change with an upgrade alone; an hour saves 1.5 MB of Swagger UI on every visit. */
const FILES_CACHE_CONTROL = 'public, max-age=3600';

/** Runs in the browser: Swagger UI has a dark style of its own, by a class. */
const DARK_MODE = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
`;

/**
 * Runs in the browser: ReDoc computes colours from those of its theme, so that it is given the values that the tokens have in the
 * system's mode, and begins anew when that changes.
 */
const REDOC_START = `const color = (name) => {
  document.body.style.color = 'var(--color-' + name + ')';
  return getComputedStyle(document.body).color;
};
const start = () => {
  const [text, muted, accent, border] = ['text', 'text-muted', 'accent', 'border'].map(color);
  const [canvas, surface, sunken] = ['canvas', 'surface', 'sunken'].map(color);
  const [success, warning, danger, info, violet] = ['success', 'warning', 'danger', 'info', 'violet'].map(color);
  document.body.style.color = '';
  const style = getComputedStyle(document.documentElement);
  const [sans, mono] = ['--font-sans', '--font-mono'].map((name) => style.getPropertyValue(name));
  const http = { get: info, post: success, put: warning, patch: warning, delete: danger, options: violet, head: violet, basic: muted, link: info };
  const said = (main) => ({ main, light: main, dark: main, contrastText: canvas });
  const answer = (color) => ({ color, backgroundColor: sunken, tabTextColor: color });
  const theme = {
    colors: {
      primary: said(accent), success: said(success), warning: said(warning), error: said(danger), http,
      text: { primary: text, secondary: muted },
      border: { dark: border, light: border },
      gray: { 50: sunken, 100: border },
      responses: { success: answer(success), error: answer(danger), redirect: answer(warning), info: answer(info) },
    },
    schema: { linesColor: border, typeNameColor: muted, typeTitleColor: text, requireLabelColor: danger, nestedBackground: sunken, arrow: { color: muted } },
    typography: {
      fontSize: '14px', lineHeight: '1.5', fontFamily: sans, optimizeSpeed: false,
      headings: { fontFamily: sans, fontWeight: '600', lineHeight: '1.25' },
      code: { fontFamily: mono, fontSize: '12.5px', color: text, backgroundColor: sunken },
      links: { color: accent, visited: accent, hover: accent },
    },
    sidebar: { backgroundColor: surface, textColor: text, activeTextColor: accent, arrow: { color: muted } },
    rightPanel: { backgroundColor: sunken, textColor: text },
    codeBlock: { backgroundColor: surface },
    fab: { backgroundColor: surface, color: accent },
  };
  const page = document.createElement('div');
  document.getElementById('page').replaceChildren(page);
  Redoc.init(url, { hideDownloadButton: false, theme }, page);
};
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', start);
start();
`;

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
      const text = await readPackageFile(name);
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
    return `${DARK_MODE}SwaggerUIBundle({ ...${JSON.stringify(options)}, presets: [SwaggerUIBundle.presets.apis] });\n`;
  });
  serveScript(fastify, `${folder}/redoc-start.js`, (prefix) => {
    return `const url = ${JSON.stringify(`${prefix}${base}/openapi.json`)};\n${REDOC_START}`;
  });
  // Who looks for it where every other app has it finds it too.
  for (const path of new Set([swagger, '/docs']))
    servePage(fastify, `${base}${path}`, {
      title: `${title} · API`,
      folder,
      styles: ['swagger-ui.css', 'tokens.css', 'swagger.css'],
      scripts: ['swagger-ui-bundle.js', 'swagger-start.js'],
    });
  servePage(fastify, `${base}${redoc}`, {
    title: `${title} · reference`,
    folder,
    styles: ['tokens.css', 'redoc.css'],
    scripts: ['redoc.standalone.js', 'redoc-start.js'],
  });
}
