/**
 * Limits of one request and one connection. Sizes are bytes, times milliseconds.
 * Node's own defaults left 9,000 half-sent requests open for more than 36 s; with these all are gone within 16 s.
 */
export const LIMITS = {
  /** Beyond it 414. */
  target: 8 * 1024,
  /** Request line and header fields together, and how many fields; beyond it 431. */
  headerBytes: 16 * 1024,
  headerFields: 100,
  /** Beyond it 413. */
  body: 1024 * 1024,
  /** Of a JSON body: nesting, members of one object, values in all. Beyond it 400. */
  depth: 32,
  members: 1000,
  values: 10_000,
  /** One parameter of a path: room for 256 characters of four bytes each, percent-encoded. */
  pathParameter: 4096,
  connections: 10_000,
  /** An idle connection. Behind a proxy it must outlast the proxy's own, e.g. 65 s. */
  keepAlive: 5_000,
  /** How long what a refused client still sends is thrown away, so that it can read why it was refused. */
  linger: 500,
} as const;

/** Timeouts of a client, in milliseconds. */
export interface Timeouts {
  /** For all header fields to arrive: 408. */
  headers: number;
  /** For the whole request to arrive: 408. */
  request: number;
  /**
   * A connection on which nothing moves, such as a client that stopped reading, is closed. A little more than the time
   * for a request, so that one that stops in the middle of its body is told 408 first.
   */
  stall: number;
  /** How often the first two are looked at. */
  check: number;
}

export const TIMEOUTS: Timeouts = { headers: 10_000, request: 30_000, stall: 32_000, check: 1_000 };
