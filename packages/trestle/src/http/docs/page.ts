import type { FastifyInstance } from 'fastify';

/**
 * What a page may load: its own server's files alone. Both viewers write style elements of their own, show images from
 * `data:`, and ReDoc searches in a worker made from a blob.
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

/** A page: a title, the files it loads and the script that starts it. */
export interface Page {
  title: string;
  /** Where its files stand. */
  folder: string;
  styles: readonly string[];
  scripts: readonly string[];
  /** What stands in the body until the scripts have run. */
  body: string;
}

/** Serves a page at a path, with and without a trailing slash. */
export function servePage(fastify: FastifyInstance, path: string, page: Page): void {
  const html = htmlOf(page);
  const plain = path.replace(/\/$/, '');
  const urls = plain === '' ? ['/'] : [plain, `${plain}/`];
  for (const url of urls) {
    fastify.get(url, { config: { produces: ['text/html'] } }, (_request, reply) =>
      reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(html),
    );
  }
}

/** Serves a small script. */
export function serveScript(fastify: FastifyInstance, url: string, text: string): void {
  const type = 'text/javascript; charset=utf-8';
  fastify.get(url, { config: { produces: ['text/javascript'] } }, (_request, reply) =>
    reply.type(type).send(text),
  );
}

function htmlOf({ title, folder, styles, scripts, body }: Page): string {
  const links = styles.map((name) => `<link rel="stylesheet" href="${folder}/${name}">`);
  const loads = scripts.map((name) => `<script src="${folder}/${name}"></script>`);
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">' +
    `<title>${escapeHtml(title)}</title><style>body{margin:0}</style>${links.join('')}</head><body>${body}${loads.join('')}</body></html>\n`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
