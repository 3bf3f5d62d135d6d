import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { OperationError } from '../../schema/lifecycle.ts';
import type { OutboundAnswer } from './outbound.ts';

/**
 * A `file:` source under the folder that files may come from, answered as a server would: from `range` on, where it is
 * still the file of `if-range`. Throws `OperationError` for a path that leads out of the folder, by links too.
 */
export async function fetchLocal(
  source: string,
  folder: string | null,
  { headers, signal }: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<OutboundAnswer> {
  if (folder === null) throw refused('files are not taken here');
  const root = await realpath(folder).catch(missing);
  let path: string;
  try {
    path = fileURLToPath(source);
  } catch {
    throw refused('it is not a path on this machine');
  }
  path = await realpath(path).catch(missing);
  if (!path.startsWith(root.endsWith(sep) ? root : root + sep))
    throw refused('it is outside of the folder for sources');
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    missing,
  );
  const found = await file.stat();
  if (!found.isFile()) {
    await file.close();
    throw refused('it is not a file');
  }
  const { size, mtimeMs, ino } = found;
  const etag = `"${ino}-${size}-${mtimeMs}"`;
  const from =
    headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
  const start = from < size ? from : 0;
  const body: Readable = file.createReadStream({ start, signal });
  const length = { 'content-length': String(size - start), etag };
  if (start === 0) return { status: 200, headers: length, body };
  return { status: 206, headers: { ...length, 'content-range': `bytes ${start}-${size - 1}/${size}` }, body };
}

function missing(): never {
  throw refused('there is no such file');
}

function refused(why: string): OperationError {
  return new OperationError(`The source cannot be read: ${why}.`, { retry: false });
}
