import { randomBytes } from 'node:crypto';

/** The place of a request in a distributed trace, in the names of OpenTelemetry's logs. */
export interface TraceContext {
  readonly trace_id: string;
  /** This request's own span; its parent is the caller's. */
  readonly span_id: string;
  readonly parent_span_id: string;
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-((?!0{32})[\da-f]{32})-((?!0{16})[\da-f]{16})-[\da-f]{2}(?:$|-)/;

/** Takes over the trace of a `traceparent` header (W3C Trace Context, 3.2); null where there is none, or a broken one. */
export function traceOf(header: string | readonly string[] | undefined): TraceContext | null {
  const [, trace, parent] = (typeof header === 'string' && TRACEPARENT.exec(header)) || [];
  if (trace === undefined || parent === undefined) return null;
  return { trace_id: trace, span_id: randomBytes(8).toString('hex'), parent_span_id: parent };
}
