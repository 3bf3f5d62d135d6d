import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { STATUS_CODES } from '../../node-http.ts';
import { Problem, type ProblemCode } from '../../problems.ts';
import { LIMITS } from '../server/limits.ts';
import { PROBLEM_TYPE, problemBody } from './errors.ts';

/** An error of Node's parser, with the bytes it stumbled over. */
interface ParserError extends Error {
  code?: string | undefined;
  rawPacket?: unknown;
}

/** 408 has no place in the table of problems: nothing that reached a route can end with it. */
const TIMEOUT_STATUS = 408;

/**
 * Answers a request that Node's parser refused, in JSON and with the status it deserves, and hangs up.
 * Answers the status for the log; undefined where there was nobody left to answer.
 */
export function answerUnreadable(error: ParserError, socket: Socket): number | undefined {
  if (!socket.writable || error.code === 'ECONNRESET' || hasBegun(socket)) {
    socket.destroy();
    return undefined;
  }
  const problem = problemOfParser(error);
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TIMEOUT_STATUS : problem.status;
  hangUp(socket, status, problem);
  return status;
}

/** Sends a problem over a bare socket and closes it, once the client had time to read it. */
export function hangUp(socket: Socket, status: number, problem: Problem): void {
  const requestId = randomUUID();
  const body = JSON.stringify({ ...problemBody(problem, '', requestId), status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Date: ${new Date().toUTCString()}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Closing while bytes of the client are unread resets the connection, and it would never see the answer.
  const timer = setTimeout(() => socket.destroy(), LIMITS.linger);
  socket.once('close', () => clearTimeout(timer));
}

/** Whether an answer is already on its way on this connection; a second one would garble it. */
function hasBegun(socket: Socket): boolean {
  const message = '_httpMessage' in socket ? socket._httpMessage : null;
  return (
    typeof message === 'object' &&
    message !== null &&
    'headersSent' in message &&
    message.headersSent === true
  );
}

function problemOfParser(error: ParserError): Problem {
  const packet = Buffer.isBuffer(error.rawPacket) ? error.rawPacket : Buffer.alloc(0);
  const firstLine = packet.subarray(0, LIMITS.target + 64).toString('latin1');
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return refused(isTargetTooLong(firstLine) ? 'target_too_long' : 'headers_too_large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return refused('body_too_large', 'The chunk extensions are too large.');
    case 'HPE_INVALID_METHOD':
      return /^[!#$%&'*+.^_`|~\w-]{1,32} \S+ HTTP\/1\.[01]\r?\n/.test(firstLine)
        ? refused('not_implemented')
        : refused('malformed', 'This is not an HTTP/1.1 request.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refused('malformed', 'The request did not arrive in time.');
    default:
      return refused('malformed', 'This is not a valid HTTP/1.1 request.');
  }
}

/** Whether the first line alone is longer than a target may be. */
function isTargetTooLong(start: string): boolean {
  return start.length >= LIMITS.target && /^[A-Z]{1,16} \S+$/.test(start.split('\r\n', 1)[0] ?? '');
}

function refused(code: ProblemCode, detail?: string): Problem {
  return new Problem(code, detail === undefined ? {} : { detail });
}
