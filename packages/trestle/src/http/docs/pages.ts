import type { FastifyInstance } from 'fastify';
import { FifoMap } from '../../fifo-map.ts';
import { escapeHtml } from './page-shell.ts';
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
export function perPrefix(
  type: string,
  make: (prefix: string) => string | Promise<string>,
): (prefix: string) => StaticContent {
  const made = new FifoMap<string, StaticContent>(MAX_PREFIXES);
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
export function pathsOf(path: string): string[] {
  const plain = path.replace(/\/$/, '');
  return plain === '' ? ['/'] : [plain, `${plain}/`];
}
