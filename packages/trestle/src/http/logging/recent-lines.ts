/** Lines that are kept, and how many of them make a block. */
const MAX_LINES = 10_000;
const BLOCK_SIZE = 250;

/**
 * The last lines of the log of this process, for its operators. They are kept as bytes, by the block: strings of their own would be
 * work for the garbage collector with every request.
 */
export class RecentLines {
  readonly #blocks: Buffer[] = [];
  readonly #followers = new Set<(line: string) => void>();
  #block = '';
  #size = 0;

  /** Takes a line, its line break included. */
  add(line: string): void {
    this.#block += line;
    this.#size += 1;
    if (this.#followers.size > 0) for (const follow of this.#followers) follow(line);
    if (this.#size < BLOCK_SIZE) return;
    this.#blocks.push(Buffer.from(this.#block));
    if (this.#blocks.length > MAX_LINES / BLOCK_SIZE) this.#blocks.shift();
    this.#block = '';
    this.#size = 0;
  }

  /** The lines, newest first. */
  *newestFirst(): Generator<string> {
    const blocks = [...this.#blocks.map((block) => () => block.toString()), () => this.#block];
    for (const text of blocks.toReversed())
      for (const line of text().trimEnd().split('\n').toReversed()) if (line !== '') yield line;
  }

  /** Calls back with each line from now on. Returns what ends that. */
  follow(heard: (line: string) => void): () => void {
    this.#followers.add(heard);
    return () => this.#followers.delete(heard);
  }
}
