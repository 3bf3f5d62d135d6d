/**
 * What one request and one connection may take of the server. Sizes in bytes, times in milliseconds.
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
  /** One parameter of a path: room for a whole API key, percent-encoded. */
  pathParameter: 1024,
  connections: 10_000,
  /** For all header fields to arrive, and for the whole request: 408. Looked at every `timeoutCheck`. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  timeoutCheck: 1_000,
  /** An idle connection. Behind a proxy it must outlast the proxy's own, e.g. 65 s. */
  keepAlive: 5_000,
  /** A connection on which nothing moves, such as a client that stopped reading. */
  stall: 30_000,
  /** How long what a refused client still sends is thrown away, so that it can read why it was refused. */
  linger: 500,
} as const;
