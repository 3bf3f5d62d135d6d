import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OperationError } from '../../schema/lifecycle.ts';

/** Milliseconds that a partial file nobody writes is kept: longer than any operation is tried again. */
const PARTIALS_KEPT = 24 * 3600_000;

/** Source and version of a partial file: without it, its bytes are of no use. */
export interface PartialNote {
  /** The URL of the content. */
  readonly source: string;
  /** A strong ETag or a Last-Modified of the source (RFC 9110, section 13.1.5); null where it cannot be resumed. */
  readonly validator: string | null;
  /** Bytes of the whole content; null where the source did not say. */
  readonly total: number | null;
}

/** A file that is being written. Its name carries the fence, so that a holder that was given up writes into another one. */
export interface PartialFile {
  /** Where it is. */
  readonly path: string;
  /** The file, open for writing at its end. */
  readonly handle: FileHandle;
  /** Bytes so far. */
  size: number;
  /** Where its bytes come from; undefined of a new one. */
  note: PartialNote | undefined;
}

/**
 * Content in files named by their SHA-256: a file never changes, and exists completely or not at all.
 *
 * @example
 * const artifacts = new Artifacts('data/artifacts');
 */
export class Artifacts {
  /** The folder they are in. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Where content with this digest is, or would be. */
  pathOf(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }

  /** The bytes of an artifact; undefined where it is not here. */
  async sizeOf(sha256: string): Promise<number | undefined> {
    return (await stat(this.pathOf(sha256)).catch(() => undefined))?.size;
  }

  /** Opens the partial file of an operation, with what an earlier attempt has brought. */
  async openPartial(operation: string, fence: number): Promise<PartialFile> {
    const path = join(this.#partials, `${operation}.${fence}`);
    await mkdir(this.#partials, { recursive: true });
    const names = (await this.#partialsOf(operation)).filter((name) => !name.endsWith('.json'));
    const newest = names.sort((a, b) => fenceOf(b) - fenceOf(a))[0];
    if (newest !== undefined && join(this.#partials, newest) !== path) {
      // A copy of what an earlier attempt has brought: its writer may still be alive and must not write into ours.
      const old = join(this.#partials, newest);
      const note = await readNote(old);
      if (note) {
        await copyFile(old, path, constants.COPYFILE_FICLONE);
        await writeFile(`${path}.json`, JSON.stringify(note), { flush: true });
      }
      for (const name of names)
        for (const file of [name, `${name}.json`]) await rm(join(this.#partials, file), { force: true });
    }
    // What operations have left that were cancelled or failed.
    for (const name of await readdir(this.#partials)) {
      const file = join(this.#partials, name);
      const written = await stat(file).catch(() => undefined);
      if (written && Date.now() - written.mtimeMs > PARTIALS_KEPT) await rm(file, { force: true });
    }
    const handle = await open(path, 'a');
    const { size } = await handle.stat();
    return { path, handle, size, note: await readNote(path) };
  }

  /** Written down before the bytes it speaks of. */
  async note(partial: PartialFile, note: PartialNote): Promise<void> {
    await writeFile(`${partial.path}.json`, JSON.stringify(note), { flush: true });
    partial.note = note;
  }

  /**
   * Makes a partial file an artifact: on disk first, then its digest taken of what is on disk, then its name. Throws
   * `OperationError`, for good, where the digest is another one than was wanted.
   */
  async publish(partial: PartialFile, wanted: string | null): Promise<{ sha256: string; size: number }> {
    await partial.handle.sync();
    await partial.handle.close();
    const sha256 = await digestOf(partial.path);
    if (wanted !== null && sha256 !== wanted) {
      await rm(partial.path, { force: true });
      throw new OperationError(`The SHA-256 of the download is ${sha256}, not ${wanted}.`, { retry: false });
    }
    const path = this.pathOf(sha256);
    await mkdir(dirname(path), { recursive: true });
    await rename(partial.path, path);
    // A rename is on disk when its folder is.
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    return { sha256, size: partial.size };
  }

  /** Removes what an operation has left behind. */
  async forget(operation: string): Promise<void> {
    for (const name of await this.#partialsOf(operation))
      await rm(join(this.#partials, name), { force: true });
  }

  get #partials(): string {
    return join(this.folder, 'partial');
  }

  async #partialsOf(operation: string): Promise<string[]> {
    const names = await readdir(this.#partials).catch(() => []);
    return names.filter((name) => name.startsWith(`${operation}.`));
  }
}

/**
 * The SHA-256 of a file, in hexadecimal.
 *
 * @example
 * const digest = await digestOf('a.zip');
 */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

async function readNote(path: string): Promise<PartialNote | undefined> {
  try {
    const note: unknown = JSON.parse(await readFile(`${path}.json`, 'utf8'));
    if (typeof note !== 'object' || note === null || !('source' in note) || !('validator' in note))
      return undefined;
    const { source, validator } = note;
    const total = 'total' in note && typeof note.total === 'number' ? note.total : null;
    return typeof source === 'string'
      ? { source, validator: typeof validator === 'string' ? validator : null, total }
      : undefined;
  } catch {
    // None, or one that a crash cut short: then the download starts anew.
    return undefined;
  }
}

function fenceOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('.') + 1));
}
