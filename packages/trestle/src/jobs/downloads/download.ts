import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { OperationError, type RunContext } from '../../schema/lifecycle.ts';
import type { Artifacts, PartialFile } from './artifacts.ts';
import { fetchLocal } from './local-source.ts';
import { fetchOutbound, type OutboundAnswer } from './outbound.ts';

export interface DownloadLimits {
  /** Most bytes (default: 2 GiB). */
  readonly bytes: number;
  /** Most seconds in one attempt (default: 600). */
  readonly total: number;
  /** Most seconds without a byte (default: 30). */
  readonly idle: number;
  /** Redirects that are followed, each checked like the source (default: 0, at most 5). */
  readonly redirects: number;
}

export const DOWNLOAD_LIMITS: DownloadLimits = { bytes: 2 * 1024 ** 3, total: 600, idle: 30, redirects: 0 };

/** Times in a row that a cut connection is made anew without a byte in between. */
const MOST_CUTS = 3;

export interface Download {
  readonly source: string;
  /** The digest the content must have, in hex; null: any. */
  readonly sha256: string | null;
  readonly artifacts: Artifacts;
  readonly allowPrivate: boolean;
  /** The folder that `file:` sources may be in; null: there are none. */
  readonly folder: string | null;
  readonly limits: DownloadLimits;
}

type Context = Pick<RunContext<unknown>, 'operation' | 'fence' | 'signal' | 'progress'>;

/**
 * Downloads a URL into the artifact store: from where an earlier attempt or a cut connection left off, where the source is
 * still the same, and within the limits. It becomes an artifact only once its digest is right. Throws `OperationError`.
 */
export async function download(
  context: Context,
  wanted: Download,
): Promise<{ sha256: string; size: number }> {
  const { artifacts, sha256, limits } = wanted;
  const known = sha256 === null ? undefined : await artifacts.sizeOf(sha256);
  if (sha256 !== null && known !== undefined) return { sha256, size: known };
  const partial = await artifacts.openPartial(context.operation, context.fence);
  const late = AbortSignal.timeout(limits.total * 1000);
  const signal = AbortSignal.any([context.signal, late]);
  try {
    await transfer({ ...context, signal }, wanted, partial);
  } catch (error) {
    await partial.handle.close();
    context.signal.throwIfAborted();
    if (late.aborted)
      throw new OperationError(`The download took longer than ${limits.total} s.`, { retry: false });
    throw error;
  }
  context.progress(0.99, 'checking');
  try {
    return await artifacts.publish(partial, sha256);
  } finally {
    await artifacts.forget(context.operation);
  }
}

/** Connects until the whole content is there, as long as each connection brings something. */
async function transfer(context: Context, wanted: Download, partial: PartialFile): Promise<void> {
  for (let cuts = 0; ; ) {
    const before = partial.size;
    try {
      return await oneConnection(context, wanted, partial);
    } catch (error) {
      cuts = partial.size > before ? 0 : cuts + 1;
      const final = error instanceof OperationError && !error.retry;
      if (final || context.signal.aborted || cuts >= MOST_CUTS) throw error;
    }
  }
}

async function oneConnection(context: Context, wanted: Download, partial: PartialFile): Promise<void> {
  const { limits } = wanted;
  const answer = await connect(context, wanted, partial);
  try {
    const total = await begin(wanted, partial, answer);
    await receive(context, { limits, total }, partial, answer);
  } finally {
    answer.body.destroy();
  }
}

function connect({ signal }: Context, wanted: Download, partial: PartialFile): Promise<OutboundAnswer> {
  const { source, allowPrivate, limits } = wanted;
  const headers = resumeHeaders(wanted, partial);
  if (URL.canParse(source) && new URL(source).protocol === 'file:')
    return fetchLocal(source, wanted.folder, headers);
  return fetchOutbound(source, {
    signal,
    headers,
    allowPrivate,
    redirects: limits.redirects,
    idle: limits.idle,
  });
}

/** Asks for the rest, but only if the content is still what the beginning is of (RFC 9110, section 13.1.5). */
function resumeHeaders({ source }: Download, { note, size }: PartialFile): Record<string, string> {
  if (size === 0 || note?.source !== source || note.validator === null) return {};
  return { range: `bytes=${size}-`, 'if-range': note.validator };
}

/** Sets the partial file to where the answer's body begins; answers how many bytes there will be, if that is known. */
async function begin(
  { source, artifacts, limits }: Download,
  partial: PartialFile,
  { status, headers }: OutboundAnswer,
): Promise<number | undefined> {
  const range = status === 206 ? rangeOf(headers) : undefined;
  if (status === 206 && range?.start !== partial.size) {
    await restart(partial);
    throw new OperationError('The source answered with another range than was asked for.');
  }
  if (status === 416) await restart(partial);
  if (status !== 200 && status !== 206) throw refusedBy(status);
  if (status === 200) {
    await restart(partial);
    await artifacts.note(partial, { source, validator: validatorOf(headers) });
  }
  const length = Number(headers['content-length'] ?? Number.NaN);
  const total = range?.total ?? (Number.isFinite(length) ? partial.size + length : undefined);
  if (total !== undefined && total > limits.bytes) throw tooLarge(limits);
  return total;
}

async function receive(
  { progress }: Context,
  { limits, total }: { limits: DownloadLimits; total: number | undefined },
  partial: PartialFile,
  { body }: OutboundAnswer,
): Promise<void> {
  for await (const chunk of chunksOf(body)) {
    if (partial.size + chunk.length > limits.bytes) throw tooLarge(limits);
    await partial.handle.appendFile(chunk);
    partial.size += chunk.length;
    // Its last hundredth is left to the check of the digest.
    progress(total ? (0.99 * partial.size) / total : 0, `${partial.size} of ${total ?? 'unknown'} bytes`);
  }
  if (total !== undefined && partial.size !== total) throw new OperationError('The connection was cut.');
}

/** The bytes of a body; where the connection breaks, in words a client may read. */
async function* chunksOf(body: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError('The connection was cut.', { cause: error });
  }
}

async function restart(partial: PartialFile): Promise<void> {
  await partial.handle.truncate(0);
  partial.size = 0;
  partial.note = undefined;
}

/** `bytes 100-999/1000` */
function rangeOf(headers: IncomingHttpHeaders): { start: number; total: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  if (!match) return undefined;
  return { start: Number(match[1]), total: match[2] === '*' ? undefined : Number(match[2]) };
}

/** What tells whether the content is still the same: a strong ETag, or the time of its last change. */
function validatorOf(headers: IncomingHttpHeaders): string | null {
  const { etag } = headers;
  if (etag?.startsWith('"')) return etag;
  return headers['last-modified'] ?? null;
}

/** Later the source may answer otherwise to 408, 425, 429 and 5xx; to the rest it will not. */
function refusedBy(status: number): OperationError {
  const retry = status >= 500 || [408, 416, 425, 429].includes(status);
  return new OperationError(`The source answered ${status}.`, { retry });
}

function tooLarge({ bytes }: DownloadLimits): OperationError {
  return new OperationError(`The download is larger than ${bytes} bytes.`, { retry: false });
}
