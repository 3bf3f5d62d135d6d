import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { type Coding, codedTag, codingFor, compress, isCompressible } from '../requests/negotiation.ts';
import { addVary, REVALIDATED } from '../routes/send-answer.ts';
import { noneMatches } from '../routes/uniform/etag.ts';

/** Better and slower than for an answer that is made once. */
const QUALITY = 9;

/** Content that is the same for all: a page, a script, a document. It is tagged by its hash and compressed when first asked for. */
export class StaticContent {
  readonly #type: string;
  readonly #load: () => string | Promise<string>;
  readonly #compressed = new Map<Coding, Promise<Buffer>>();
  #etag: string | undefined;

  /** @param load gives the text; it is not kept, since nearly every client takes it compressed. */
  constructor(type: string, load: () => string | Promise<string>) {
    this.#type = type;
    this.#load = load;
  }

  async send(reply: FastifyReply, cacheControl = REVALIDATED): Promise<FastifyReply> {
    const { headers } = reply.request;
    addVary(reply, 'Accept-Encoding');
    reply.header('cache-control', cacheControl);
    const coding = isCompressible(this.#type) ? codingFor(headers['accept-encoding']) : undefined;
    let text: string | undefined;
    if (this.#etag === undefined) {
      text = await this.#load();
      this.#etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    }
    const etag = coding ? codedTag(this.#etag, coding) : this.#etag;
    if (noneMatches(headers['if-none-match'], this.#etag) !== undefined)
      return reply.code(304).header('etag', etag).send();
    reply.header('etag', etag).type(this.#type);
    if (!coding) return reply.send(text ?? (await this.#load()));
    let compressed = this.#compressed.get(coding);
    if (!compressed) {
      compressed = (async () => compress(coding, text ?? (await this.#load()), QUALITY))();
      this.#compressed.set(coding, compressed);
      compressed.catch(() => this.#compressed.delete(coding));
    }
    return reply.header('content-encoding', coding).send(await compressed);
  }
}
