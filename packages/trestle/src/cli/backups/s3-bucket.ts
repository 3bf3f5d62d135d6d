import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from '../../node-http.ts';
import { StartError } from '../../start-error.ts';
import { type Credentials, escaped, signedHeaders } from './s3-signature.ts';

/** Bytes of a part of a large object; more where it would have over `MAX_PARTS`. A part is in memory while it is sent. */
const PART_SIZE = 16 * 1024 * 1024;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MAX_PARTS = 10_000;
const MAX_ATTEMPTS = 4;
/** Milliseconds for an answer to begin, or for a part to be sent. */
const TIMEOUT_MS = 120_000;

/** The bucket of `s3://BUCKET/KEY`, and the key; undefined for any other text. Throws `StartError` where it cannot be used. */
export function openS3(text: string): { readonly bucket: S3Bucket; readonly key: string } | undefined {
  if (!text.startsWith('s3://')) return undefined;
  const [, bucket, key = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(text) ?? [];
  if (!bucket) throw new StartError(`${text}: expected s3://BUCKET/PREFIX`);
  return { bucket: new S3Bucket(bucket), key };
}

/** An S3-compatible service's bucket, over its HTTP API. Errors are `StartError`s that name no secret. */
export class S3Bucket {
  readonly #bucket: string;
  readonly #endpoint: string;
  readonly #credentials: Credentials;
  readonly #partSize: number;

  /** Takes what it needs from the environment. Throws `StartError` with what is missing there. */
  constructor(bucket: string, environment = process.env, partSize = PART_SIZE) {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
    if (!accessKeyId || !secretAccessKey)
      throw new StartError(`s3://${bucket}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
    const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || 'us-east-1';
    const endpoint = environment.AWS_ENDPOINT_URL_S3 || environment.AWS_ENDPOINT_URL;
    if (endpoint && !URL.canParse(endpoint))
      throw new StartError(`s3://${bucket}: AWS_ENDPOINT_URL_S3 is no URL; expected https://HOST`);
    this.#bucket = bucket;
    this.#endpoint = (endpoint || `https://s3.${region}.amazonaws.com`).replace(/\/+$/, '');
    this.#credentials = {
      accessKeyId,
      secretAccessKey,
      sessionToken: environment.AWS_SESSION_TOKEN || undefined,
      region,
    };
    this.#partSize = partSize;
  }

  /** Stores a file, and reads it back to compare the two. Returns its URL. */
  async upload(file: string, key: string): Promise<string> {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const partSize = Math.max(this.#partSize, Math.ceil(size / MAX_PARTS));
      const part = async (at: number) => {
        const bytes = Buffer.alloc(Math.min(partSize, size - at));
        await handle.read(bytes, 0, bytes.length, at);
        return bytes;
      };
      if (size <= partSize) (await this.#request('PUT', key, {}, await part(0))).resume();
      else await this.#uploadParts(key, size, partSize, part);
    } finally {
      await handle.close();
    }
    if ((await hashOf(await this.#request('GET', key))) !== (await hashOf(createReadStream(file)))) {
      await this.remove(key);
      throw new StartError(`${this.#urlOf(key)} was not stored as it was sent, and was removed again`);
    }
    return this.#urlOf(key);
  }

  async #uploadParts(
    key: string,
    size: number,
    partSize: number,
    part: (at: number) => Promise<Buffer>,
  ): Promise<void> {
    const begun = await this.#request('POST', key, { uploads: '' });
    const uploadId = textOf(await text(begun), 'UploadId') ?? '';
    try {
      let parts = '';
      for (let at = 0, partNumber = 1; at < size; at += partSize, partNumber += 1) {
        const query = { partNumber: String(partNumber), uploadId };
        const sent = await this.#request('PUT', key, query, await part(at));
        const { headers } = sent.resume();
        parts += `<Part><PartNumber>${partNumber}</PartNumber><ETag>${headers.etag}</ETag></Part>`;
      }
      const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`;
      const ended = await this.#request('POST', key, { uploadId }, Buffer.from(body));
      // It may answer 200 before it is done, and then with an error.
      const said = await text(ended);
      if (said.includes('<Error>')) throw this.#failure('POST', key, 200, said);
    } catch (error) {
      // Parts of an upload that has no end are paid for, and seen in no list.
      await this.#request('DELETE', key, { uploadId }).catch(() => {});
      throw error;
    }
  }

  /** Writes an object into a file that is not there yet. */
  async download(key: string, file: string): Promise<void> {
    await pipeline(await this.#request('GET', key), createWriteStream(file, { flags: 'wx', mode: 0o600 }));
  }

  /** Names of the objects whose key begins so, without that beginning, in the order of their bytes. */
  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const answer = await this.#request('GET', '', {
        'list-type': '2',
        prefix,
        ...(token !== undefined && { 'continuation-token': token }),
      });
      const page = await text(answer);
      for (const [, key = ''] of page.matchAll(/<Key>([^<]*)<\/Key>/g)) keys.push(unescaped(key));
      token = textOf(page, 'NextContinuationToken');
    } while (token !== undefined);
    return keys.map((key) => key.slice(prefix.length)).toSorted();
  }

  async remove(key: string): Promise<void> {
    (await this.#request('DELETE', key)).resume();
  }

  /** Sends a request, again where the service was busy or away. */
  async #request(
    method: string,
    key: string,
    query: Readonly<Record<string, string>> = {},
    body: Uint8Array = new Uint8Array(),
  ): Promise<IncomingMessage> {
    const path = [this.#bucket, ...(key === '' ? [] : key.split('/'))].map(escaped).join('/');
    const url = new URL(`${this.#endpoint}/${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // The form that was signed: URLSearchParams writes a space as '+'.
    url.search = [...url.searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join('&');
    for (let attempt = 1; ; attempt += 1) {
      const headers = signedHeaders(this.#credentials, method, url, body);
      const answer = await send(url, method, headers, body).catch((error: Error) => error);
      const isLast = attempt === MAX_ATTEMPTS;
      if (answer instanceof Error) {
        if (isLast)
          throw new StartError(`${this.#urlOf(key)}: ${this.#endpoint} did not answer: ${answer.message}`);
      } else {
        const { statusCode = 0 } = answer;
        if (statusCode >= 200 && statusCode < 300) return answer;
        const body = await text(answer);
        if (isLast || (statusCode < 500 && statusCode !== 429))
          throw this.#failure(method, key, statusCode, body);
      }
      await pause(250 * 2 ** attempt);
    }
  }

  /** Code and message of an error alone: others of its members repeat what was signed. */
  #failure(method: string, key: string, status: number, body: string): StartError {
    const what = [textOf(body, 'Code'), textOf(body, 'Message')].filter(Boolean).join(': ');
    return new StartError(`${this.#urlOf(key)}: ${method} was answered ${status} ${what}`.trimEnd());
  }

  #urlOf(key: string): string {
    return `s3://${this.#bucket}/${key}`;
  }
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of bytes) hash.update(part);
  return hash.digest('hex');
}

/** Sends a request; resolves when its answer begins. By Node's own client: `fetch` breaks where a service ends its connections. */
function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const start = url.protocol === 'https:' ? httpsRequest : request;
  const options = { method, headers: { ...headers, 'content-length': body.length }, timeout: TIMEOUT_MS };
  const sending = start(url, options, resolve).on('error', reject);
  sending.on('timeout', () => sending.destroy(new Error(`silent for ${TIMEOUT_MS / 1000} s`)));
  sending.end(body);
  return promise;
}

function textOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : unescaped(text);
}

function unescaped(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10));
  });
}
