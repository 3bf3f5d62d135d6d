import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { preferred } from '../requests/accept.ts';

/** An app as the index shows it. */
export interface IndexEntry {
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
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'`;

/** The page at `/` where several apps are served: which ones, and where their documentation stands. */
export function indexPage(fastify: FastifyInstance, entries: readonly IndexEntry[]): void {
  const page = html(entries);
  const produces = ['application/json', 'text/html'];
  fastify.get('/', { config: { produces } }, (request, reply) => {
    reply.header('vary', 'Accept');
    if (preferred(request.headers.accept, produces) !== 'text/html') return reply.send({ apps: entries });
    return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page);
  });
}

function html(entries: readonly IndexEntry[]): string {
  const items = entries.map(
    ({ name, description, path, docs, openapi }) =>
      `<li><strong>${escapeHtml(name)}</strong> at <code>${path}</code><br>${escapeHtml(description)}<br>` +
      `<a href="${docs}">Documentation</a> · <a href="${openapi}">OpenAPI</a></li>`,
  );
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Trestle</title>' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<style>${STYLE}</style></head><body><h1>Trestle</h1><ul>${items.join('')}</ul></body></html>`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
