import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { getAsset, getAssetKeys, isSea } from 'node:sea';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Problem } from '../../problems.ts';
import { codedTag, codingFor } from '../requests/negotiation.ts';
import { addVary } from '../routes/send-answer.ts';
import { noneMatches } from '../routes/uniform/etag.ts';
import { escapeHtml } from './page-shell.ts';
import { perPrefix } from './pages.ts';

/** An app as the admin UI offers it. */
interface AdminApp {
  name: string;
  description: string;
  base: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Scripts, styles and requests of its own server alone, and nothing inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Names of the files change with their content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/** Encodings that the build has put beside a file, and the endings of their names. */
const ENDINGS = { br: '.br', gzip: '.gz' } as const;

/**
 * Serves the admin UI at `/admin`, for all apps of the server: its built files, and one page for every other path below, which
 * finds its way by itself. Nothing is read before the first visit.
 */
export function serveAdmin(fastify: FastifyInstance, apps: () => readonly AdminApp[]): void {
  if (fastify.hasRoute({ method: 'GET', url: '/admin' })) return;
  let opened: Promise<AdminFiles> | undefined;
  const files = () => {
    opened ??= openFiles(apps()).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const config = { isServerRoute: true, produces: '*' } as const;
  for (const url of ['/admin', '/admin/*'])
    fastify.get<{ Params: { '*'?: string } }>(url, { config }, async (request, reply) => {
      const { file, page } = await files();
      const name = request.params['*'] ?? '';
      if (name.startsWith('assets/')) return file(name, reply);
      reply.header('content-security-policy', POLICY).header('referrer-policy', 'same-origin');
      return page(request.prefix).send(reply);
    });
}

interface AdminFiles {
  /** Sends a built file; throws `not_found` where there is none of that name. */
  file(name: string, reply: FastifyReply): Promise<FastifyReply>;
  page: ReturnType<typeof perPrefix>;
}

/** The built files, by paths below their folder. */
interface BuiltFiles {
  readonly names: readonly string[];
  read(name: string): Promise<Buffer>;
}

/** Before the names of the built files among the assets of an executable. */
export const ADMIN_ASSETS = 'admin/';

/** The folder of the built files. In the repository this builds what has changed. */
export async function adminFolder(): Promise<string> {
  // Its types are not those of this package.
  const built: { adminFolder(): Promise<string> } = await import(
    import.meta.resolve('#assets/admin/folder.js')
  );
  return built.adminFolder();
}

/** Names of the built files in their folder. */
export function adminFileNames(folder: string): string[] {
  return globSync(['index.html', 'assets/*'], { cwd: folder }).map((name) => name.replaceAll('\\', '/'));
}

async function builtFiles(): Promise<BuiltFiles> {
  if (isSea()) {
    const own = getAssetKeys().filter((key) => key.startsWith(ADMIN_ASSETS));
    return {
      names: own.map((key) => key.slice(ADMIN_ASSETS.length)),
      read: async (name) => Buffer.from(getAsset(ADMIN_ASSETS + name)),
    };
  }
  const folder = await adminFolder();
  return { names: adminFileNames(folder), read: (name) => readFile(join(folder, name)) };
}

async function openFiles(apps: readonly AdminApp[]): Promise<AdminFiles> {
  const { names: all, read } = await builtFiles();
  const names = new Set(all.filter((name) => name.startsWith('assets/')));
  const html = (await read('index.html')).toString();
  const tags = new Map<string, string>();
  return {
    page: perPrefix('text/html; charset=utf-8', (prefix) => {
      const served = apps.map((app) => ({ ...app, base: `${prefix}${app.base}` }));
      const meta = `<base href="${escapeHtml(prefix)}/admin/"><meta name="trestle-apps" content="${escapeHtml(JSON.stringify(served))}">`;
      return html.replace('<head>', () => `<head>${meta}`);
    }),
    async file(name, reply) {
      const type = TYPES[extname(name)];
      if (!type || !names.has(name)) throw new Problem('not_found');
      const wanted = codingFor(reply.request.headers['accept-encoding']);
      const coding = wanted && names.has(name + ENDINGS[wanted]) ? wanted : undefined;
      let plain = tags.get(name);
      let content: Buffer | undefined;
      if (plain === undefined) {
        content = await read(name);
        plain = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
        tags.set(name, plain);
      }
      addVary(reply, 'Accept-Encoding');
      reply.header('cache-control', IMMUTABLE).header('etag', coding ? codedTag(plain, coding) : plain);
      if (noneMatches(reply.request.headers['if-none-match'], plain) !== undefined)
        return reply.code(304).send();
      reply.type(type);
      if (!coding) return reply.send(content ?? (await read(name)));
      return reply.header('content-encoding', coding).send(await read(name + ENDINGS[coding]));
    },
  };
}
