import { OperationError } from '../../schema/lifecycle.ts';
import { fetchOutbound } from '../downloads/outbound.ts';
import { signedHeaders } from './signature.ts';

/** Maximum seconds of an attempt, its answer included. */
const TIMEOUT_S = 20;
/** Bytes of an answer that are read; it is not looked at. */
const MAX_ANSWER = 65_536;

/** How an attempt ended; taken where there is no error. */
export interface AttemptOutcome {
  readonly error?: string | null;
  /** No further attempt would do better. */
  readonly isFinal?: boolean;
  readonly status?: number | null;
  readonly duration_ms?: number | null;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly secrets: readonly string[];
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
}

/** Sends a message, signed now. It is taken where the answer is 2xx; redirects are not followed. */
export async function attempt(
  url: string,
  { id, body, secrets, allowPrivate, signal }: Message,
): Promise<AttemptOutcome> {
  const started = performance.now();
  const seconds = Math.floor(Date.now() / 1000);
  const late = AbortSignal.timeout(TIMEOUT_S * 1000);
  const duration = () => ({ duration_ms: Math.round(performance.now() - started) });
  try {
    const answer = await fetchOutbound(url, {
      method: 'POST',
      content: body,
      headers: signedHeaders({ id, seconds, body }, secrets),
      allowPrivate,
      idle: TIMEOUT_S,
      signal: AbortSignal.any([signal, late]),
    });
    let size = 0;
    // The status decides, however the rest of the answer ends.
    answer.body.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_ANSWER) answer.body.destroy();
    });
    await new Promise((resolve) => answer.body.once('close', resolve).once('error', resolve));
    const { status } = answer;
    const isTaken = status >= 200 && status < 300;
    return {
      status,
      error: isTaken ? null : `It answered ${status}.`,
      isFinal: status === 410,
      ...duration(),
    };
  } catch (error) {
    if (late.aborted) return { error: `It did not answer within ${TIMEOUT_S} s.`, ...duration() };
    if (error instanceof OperationError) return { error: error.message, ...duration() };
    throw error;
  }
}
