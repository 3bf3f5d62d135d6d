import type { Worker } from 'node:cluster';
import {
  answerOf,
  heardFrom,
  type LineQuery,
  type ProcessLines,
  type SharedLines,
} from '../../http/logging/shared-lines.ts';

/** Messages between workers about lines of the log of an app: their primary gives each to all others. */
type Message =
  | { readonly lines: 'ask'; readonly id: string; readonly query: LineQuery }
  | { readonly lines: 'answer'; readonly id: string; readonly answer: ProcessLines };

function isMessage(message: unknown): message is Message {
  return typeof message === 'object' && message !== null && 'lines' in message;
}

/** The primary's side: gives a message about lines to the other workers. False for any other message. */
export function relayLines(from: Worker, message: unknown, workers: readonly Worker[]): boolean {
  if (!isMessage(message)) return false;
  for (const worker of workers) if (worker !== from && worker.isConnected()) worker.send(message);
  return true;
}

/** A worker's side, for databases over which processes cannot ask each other. */
export function linesOfWorkers(app: string): SharedLines {
  let last = 0;
  const onMessage = (heard: (message: Message) => void) => {
    const listener = (message: unknown) => isMessage(message) && heard(message);
    process.on('message', listener);
    return () => void process.off('message', listener);
  };
  return {
    answer: (own, find) =>
      onMessage((message) => {
        if (message.lines !== 'ask' || !message.id.startsWith(`${app} `)) return;
        const answer = answerOf(own, message.query, find);
        process.send?.({ lines: 'answer', id: message.id, answer } satisfies Message);
      }),
    async ask(_own, query, expected) {
      last += 1;
      const id = `${app} ${process.pid} ${last}`;
      const answers: ProcessLines[] = [];
      await heardFrom(expected, {
        listen: (heard) =>
          onMessage((message) => {
            if (message.lines !== 'answer' || message.id !== id) return;
            answers.push(message.answer);
            heard(message.answer.process);
          }),
        ask: () => void process.send?.({ lines: 'ask', id, query } satisfies Message),
      });
      return answers;
    },
  };
}
