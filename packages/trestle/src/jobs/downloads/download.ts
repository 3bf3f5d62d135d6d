import type { IncomingHttpHeaders } from 'node:http';
import { OperationError, type RunContext } from '../../schema/lifecycle.ts';
import type { Artifacts, PartialFile } from './artifacts.ts';
import { fetchLocal } from './local-source.ts';
import { fetchOutbound, type OutboundAnswer } from './outbound.ts';

/** Limits of a download. */
export interface DownloadLimits {
  /** Maximum bytes (default: 2 GiB). */
  readonly bytes: number;
  /** Maximum seconds of one attempt (default: 600). */
  readonly total: number;
  /** Maximum seconds without a byte, and until the answer begins (default: 30). */
  readonly idle: number;
  /** Redirects that are followed, each checked like the source (default: 0, at most 5). */
  readonly redirects: number;
}

/**
 * Default limits of a download: 2 GiB, 600 seconds in all, 30 without data, no redirects.
 *
 * @example
 * const limits = { ...DOWNLOAD_LIMITS, bytes: 10 * 1024 ** 2 };
 */
export const DOWNLOAD_LIMITS: DownloadLimits = { bytes: 2 * 1024 ** 3, total: 600, idle: 30, redirects: 0 };

/** Maximum consecutive connections that bring no byte beyond the furthest one so far. */
const MAX_FRUITLESS_CONNECTIONS = 3;

/** A source, and where its content is kept. */
export interface Download {
  /** The URL: `https:`, `http:`, or `file:` within `folder`. */
  readonly source: string;
  /** The digest the content must have, in hex; null: any. */
  readonly sha256: string | null;
  /** Where the content is kept. */
  readonly artifacts: Artifacts;
  /** Whether private and loopback addresses may be asked: only for hosts that you trust. */
  readonly allowPrivate: boolean;
  /** The folder that `file:` sources may be in; null: there are none. */
  readonly folder: string | null;
  /** The limits, such as `DOWNLOAD_LIMITS`. */
  readonly limits: DownloadLimits;
}

type Context = Pick<RunContext<unknown>, 'operation' | 'fence' | 'signal' | 'progress'>;

/**
 * Downloads a URL into the artifact store, within the limits. It resumes where an earlier attempt or a broken connection ended
 * while the source is unchanged. The file becomes an artifact only when its digest is right.
 *
 * @throws {OperationError} where the source is not allowed, fails, exceeds a limit or has another digest.
 * @example
 * async function run(context: RunContext<object>): Promise<Outcome> {
 *   const options = { source: 'https://example.com/a.zip', sha256: null, allowPrivate: false, folder: null };
 *   const artifacts = new Artifacts(`${context.data}/artifacts`);
 *   return { result: await download(context, { ...options, artifacts, limits: DOWNLOAD_LIMITS }) };
 * }
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

/** Connects until the whole content is there, for as long as connections bring bytes that no connection before has brought. */
async function transfer(context: Context, wanted: Download, partial: PartialFile): Promise<void> {
  let furthest = partial.size;
  for (let fruitless = 0; ; ) {
    try {
      return await receiveRest(context, wanted, partial);
    } catch (error) {
      // A source that always begins anew makes no progress, however much it sends.
      fruitless = partial.size > furthest ? 0 : fruitless + 1;
      furthest = Math.max(furthest, partial.size);
      const final = error instanceof OperationError && !error.retry;
      if (final || context.signal.aborted || fruitless >= MAX_FRUITLESS_CONNECTIONS) throw error;
    }
  }
}

/** Asks for what the partial file does not have yet, and appends it. Throws where that is not all of the rest. */
async function receiveRest(
  { signal, progress }: Context,
  wanted: Download,
  partial: PartialFile,
): Promise<void> {
  const { source, limits } = wanted;
  const validator = partial.size > 0 && partial.note?.source === source ? partial.note.validator : null;
  if (validator !== null && partial.note?.total === partial.size) return;
  // The rest, but only if the content is still what the beginning is of (RFC 9110, section 13.1.5).
  const headers: Record<string, string> =
    validator === null ? {} : { range: `bytes=${partial.size}-`, 'if-range': validator };
  const answer = await fetchSource(wanted, headers, signal);
  try {
    const total = await begin(wanted, partial, answer, validator !== null);
    for await (const chunk of answer.body) {
      if (!Buffer.isBuffer(chunk)) continue;
      if (partial.size + chunk.length > limits.bytes) throw tooLarge(limits);
      await partial.handle.appendFile(chunk);
      partial.size += chunk.length;
      // The last hundredth is left to the check of the digest.
      progress(total ? (0.99 * partial.size) / total : 0, `${partial.size} of ${total ?? 'unknown'} bytes`);
    }
    if (total !== null && partial.size !== total) throw new OperationError('The connection was cut.');
  } catch (error) {
    // An error that is not the body's is this machine's: of the disk, or of this code.
    if (error instanceof OperationError || signal.aborted || !answer.body.errored) throw error;
    throw new OperationError('The connection was cut.', { cause: error });
  } finally {
    answer.body.destroy();
  }
}

function fetchSource(
  { source, folder, allowPrivate, limits }: Download,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  if (URL.canParse(source) && new URL(source).protocol === 'file:')
    return fetchLocal(source, folder, { headers, signal });
  const { redirects, idle } = limits;
  return fetchOutbound(source, { signal, headers, allowPrivate, redirects, idle });
}

/** Sets the partial file to where the answer's body begins. Answers the total of bytes, null where it is not known. */
async function begin(
  { source, artifacts, limits }: Download,
  partial: PartialFile,
  answer: OutboundAnswer,
  resumes: boolean,
): Promise<number | null> {
  const { status, headers } = answer;
  const range = status === 206 ? rangeOf(headers) : undefined;
  if (status === 200 || range?.start === 0) {
    await restart(partial);
    const length = Number(headers['content-length'] ?? Number.NaN);
    const total = (range ? range.total : length) ?? Number.NaN;
    const { etag, 'last-modified': modified = null } = headers;
    const validator = etag?.startsWith('"') ? etag : modified;
    await artifacts.note(partial, { source, validator, total: Number.isFinite(total) ? total : null });
  } else if (!resumes || (status !== 206 && status !== 416)) {
    // Another attempt may help after 408, 425, 429 and 5xx.
    const retry = status >= 500 || [408, 425, 429].includes(status);
    throw new OperationError(`The source answered ${status}.`, { retry });
  } else if (!continues(answer, partial)) {
    await restart(partial);
    throw new OperationError('The source has changed, or answered with another range than was asked for.');
  }
  const total = partial.note?.total ?? range?.total ?? null;
  if (total !== null && total > limits.bytes) throw tooLarge(limits);
  return total;
}

/** Whether a 206 is the rest of the very content whose beginning is there: where it begins, its total and its validator. */
function continues({ status, headers }: OutboundAnswer, { size, note }: PartialFile): boolean {
  const range = status === 206 ? rangeOf(headers) : undefined;
  if (range?.start !== size || !note) return false;
  if (note.total !== null && range.total !== undefined && range.total !== note.total) return false;
  // A 206 has the ETag that a 200 would have; Last-Modified it may leave out (RFC 9110, section 15.3.7).
  if (note.validator?.startsWith('"')) return headers.etag === note.validator;
  return (headers['last-modified'] ?? note.validator) === note.validator;
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

function tooLarge({ bytes }: DownloadLimits): OperationError {
  return new OperationError(`The download is larger than ${bytes} bytes.`, { retry: false });
}
