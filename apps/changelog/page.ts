import { stripTypeScriptTypes } from 'node:module';
import { bytes, Problem, readAsset, route } from 'trestle/contract';
import { Type } from 'typebox';

/** Its own server's files alone, and nothing inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const Module = Type.Object({ name: Type.String({ pattern: '^[a-z-]+\\.js$' }) });

/** A page at `/` for people who sign in: projects and their updates, to read, search and post. */
export function pageRoutes() {
  const shared = { tag: 'page', answers: { 200: null } };
  return [
    route(
      'GET',
      '/',
      { ...shared, operationId: 'showPage', summary: 'Projects and updates, to read', produces: 'text/html' },
      async ({ base }) => {
        const html = await textOf(new URL('page/page.html', import.meta.url));
        const headers = { 'content-security-policy': POLICY, 'referrer-policy': 'same-origin' };
        return sent(html.replaceAll('{{base}}', base), 'text/html', headers);
      },
    ),
    route(
      'GET',
      '/page.css',
      { ...shared, operationId: 'getPageStyle', summary: 'The style of that page', produces: 'text/css' },
      async () => sent(await textOf(new URL('page/page.css', import.meta.url)), 'text/css'),
    ),
    route(
      'GET',
      '/page.js',
      {
        ...shared,
        operationId: 'getPageScript',
        summary: 'The code of that page',
        produces: 'text/javascript',
      },
      async ({ base }) => {
        const code = await textOf(new URL('page/page.js', import.meta.url));
        return sent(code.replace("'trestle-client'", `'${base}/page/index.js'`), 'text/javascript');
      },
    ),
    route(
      'GET',
      '/page/:name',
      {
        ...shared,
        operationId: 'getPageModule',
        summary: 'A module of the typed client, which that page is made with',
        params: Module,
        raises: ['not_found'],
        produces: 'text/javascript',
      },
      async ({ params: { name } }) => sent(await clientModule(name), 'text/javascript'),
    ),
  ];
}

function sent(text: string, type: string, headers: Readonly<Record<string, string>> = {}) {
  return bytes(
    { content: Buffer.from(text), type: `${type}; charset=utf-8` },
    { 'cache-control': 'no-cache', ...headers },
  );
}

/** In the repository the client is TypeScript, whose types are taken out here; an installed one is compiled. */
async function clientModule(name: string): Promise<string> {
  const entry = import.meta.resolve('trestle-client');
  const isCompiled = !entry.endsWith('.ts');
  const file = new URL(isCompiled ? name : name.replace('.js', '.ts'), entry);
  const text = await textOf(file).catch(() => {
    throw new Problem('not_found');
  });
  if (isCompiled) return text;
  return stripTypeScriptTypes(text).replaceAll(/(from '\.\/[a-z-]+)\.ts'/g, "$1.js'");
}

async function textOf(file: URL): Promise<string> {
  return new TextDecoder().decode(await readAsset(file));
}
