import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { LruMap } from '../../lru-map.ts';
import { preferred } from '../requests/negotiation.ts';
import { addVary } from '../routes/send-answer.ts';
import { StaticContent } from './static-content.ts';

/**
 * Sources a documentation page may load: its own server's files alone. Both viewers write style elements of their own, show
 * images from `data:`, and ReDoc searches in a worker made from a blob.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Prefixes that are remembered: a server stands behind few proxies. */
const MAX_PREFIXES = 8;

/** Content that names paths of this server, for each prefix that it is served under. */
export function perPrefix(type: string, make: (prefix: string) => string): (prefix: string) => StaticContent {
  const made = new LruMap<string, StaticContent>(MAX_PREFIXES);
  return (prefix) => {
    const known = made.get(prefix);
    if (known) return known;
    const content = new StaticContent(type, () => make(prefix));
    made.set(prefix, content);
    return content;
  };
}

/** A documentation page: a title, the files it loads and the script that starts it. */
interface Page {
  title: string;
  /** The folder of its files on the server. */
  folder: string;
  styles: readonly string[];
  scripts: readonly string[];
}

/** Serves a page at a path, with and without a trailing slash. */
export function servePage(fastify: FastifyInstance, path: string, page: Page): void {
  const contentOf = perPrefix('text/html; charset=utf-8', (prefix) => {
    const { title, folder, styles, scripts } = page;
    const links = styles.map((name) => `<link rel="stylesheet" href="${prefix}${folder}/${name}">`);
    const loads = scripts.map((name) => `<script src="${prefix}${folder}/${name}"></script>`);
    return (
      '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
      '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">' +
      `<title>${escapeHtml(title)}</title><style>body{margin:0}</style>${links.join('')}</head>` +
      `<body><div id="page"></div>${loads.join('')}</body></html>\n`
    );
  });
  for (const url of pathsOf(path))
    fastify.get(url, { config: { produces: ['text/html'] } }, (request, reply) =>
      contentOf(request.prefix).send(reply.header('content-security-policy', POLICY)),
    );
}

/** Serves a small script. */
export function serveScript(fastify: FastifyInstance, url: string, make: (prefix: string) => string): void {
  const contentOf = perPrefix('text/javascript; charset=utf-8', make);
  fastify.get(url, { config: { produces: ['text/javascript'] } }, (request, reply) =>
    contentOf(request.prefix).send(reply),
  );
}

/** A path with and without a trailing slash. */
function pathsOf(path: string): string[] {
  const plain = path.replace(/\/$/, '');
  return plain === '' ? ['/'] : [plain, `${plain}/`];
}

/** An app as the index shows it; paths without the prefix of a proxy. */
interface IndexEntry {
  name: string;
  description: string;
  path: string;
  docs: string;
  openapi: string;
}

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}' +
  'li{margin:1rem 0}ul{list-style:none;padding:0}:root{color-scheme:light dark}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const INDEX_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'`;

/** Serves the page that says which apps stand here, and where their documentation is; JSON for who asks for that. */
export function serveIndex(
  fastify: FastifyInstance,
  index: { path: string; title: string; entries: readonly IndexEntry[] },
): void {
  const { path, title, entries } = index;
  const under = (prefix: string) =>
    entries.map(({ name, description, path: own, docs, openapi }) => ({
      name,
      description,
      path: `${prefix}${own}`,
      docs: `${prefix}${docs}`,
      openapi: `${prefix}${openapi}`,
    }));
  const contentOf = perPrefix('text/html; charset=utf-8', (prefix) => {
    const entries = under(prefix);
    const items = entries.map(
      ({ name, description, path, docs, openapi }) =>
        `<li><strong>${escapeHtml(name)}</strong> at <code>${path === '' ? '/' : path}</code><br>${escapeHtml(description)}<br>` +
        `<a href="${docs}">Documentation</a> · <a href="${openapi}">OpenAPI</a></li>`,
    );
    return (
      `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
      '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">' +
      `<style>${STYLE}</style></head><body><h1>${escapeHtml(title)}</h1><ul>${items.join('')}</ul></body></html>`
    );
  });
  const produces = ['application/json', 'text/html'];
  for (const url of pathsOf(path))
    fastify.get(url, { config: { produces } }, (request, reply) => {
      addVary(reply, 'Accept');
      if (preferred(request.headers.accept, produces) !== 'text/html')
        return reply.send({ apps: under(request.prefix) });
      return contentOf(request.prefix).send(reply.header('content-security-policy', INDEX_POLICY));
    });
}

/** Text as the content of an element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
