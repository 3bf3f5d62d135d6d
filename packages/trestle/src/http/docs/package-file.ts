import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** A file of an installed package that a documentation page loads. */
export interface PackageFile {
  /** The last part of its path on the server. */
  name: string;
  /** Package and path, as an import names it. */
  module: string;
  type: string;
  /** Takes out of its text what would ask another server for something (default: nothing). */
  localize?: (text: string) => string;
}

/** Serves files of installed packages under a folder. They are read when asked for, and kept by the browser. */
export function servePackageFiles(
  fastify: FastifyInstance,
  folder: string,
  files: readonly PackageFile[],
): void {
  for (const file of files) {
    const config = { produces: [file.type] };
    fastify.get(`${folder}/${file.name}`, { config }, (request, reply) =>
      send(reply, file, request.headers['if-none-match']),
    );
  }
}

async function send(
  reply: FastifyReply,
  file: PackageFile,
  known: string | undefined,
): Promise<FastifyReply> {
  const location = new URL(import.meta.resolve(file.module));
  const { size, mtimeMs } = await stat(location);
  const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  // Package files change with an upgrade alone; an hour saves the 1.5 MB of Swagger UI on every visit.
  reply.headers({ etag, 'cache-control': 'public, max-age=3600' });
  if (known === etag) return reply.code(304).send();
  reply.type(file.type);
  if (file.localize) return reply.send(file.localize(await readFile(location, 'utf8')));
  return reply.header('content-length', size).send(createReadStream(location));
}
