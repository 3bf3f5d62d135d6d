import type { Context } from '../schema/caller.ts';
import type { EnqueueOptions } from '../schema/jobs.ts';
import { OperationError } from '../schema/lifecycle.ts';
import type { Mail, MailService } from '../schema/services/mail-service.ts';
import type { Transport } from './transport.ts';

/** The name of the job that sends a mail. No declared job has a name with a dot. */
const SEND = 'mail.send';
/** Over some hours, with the growing pauses of the queue. */
export const MAIL_ATTEMPTS = 12;
const MAX_LENGTH = 1_000_000;
const ADDRESS = /^(?:[^<>\r\n]*<)?[^\s<>,;:"@]+@[^\s<>,;:"@]+>?$/;

/** Enqueues a job of the engine's own. */
export type Enqueue = (
  context: Context,
  name: string,
  input: object,
  options?: EnqueueOptions,
) => Promise<string>;

/** The mail of an app: the service for its code, and the code of its jobs. */
export function openMail(transport: Transport | undefined, enqueue: Enqueue) {
  const service: MailService = {
    async send(context, mail, options) {
      if (transport) return enqueue(context, SEND, checked(mail), options);
      throw new TypeError("this app sends no mail; declare it: app({ mail: { from: 'me@example.org' } })");
    },
  };
  const run = async ({ record }: { record: { readonly id: string; readonly input: unknown } }) => {
    // As it was checked when it was enqueued.
    if (transport) await deliver(transport, record.id, record.input as Mail);
    return {};
  };
  const handlers = new Map(transport && [[SEND, { attempts: MAIL_ATTEMPTS, run }] as const]);
  return { service, handlers };
}

/** Delivers a mail. A mail that is refused for good is not tried again (RFC 5321, 4.2.1). */
export async function deliver(transport: Transport, id: string, mail: Mail): Promise<void> {
  try {
    await transport.deliver(id, mail);
  } catch (error) {
    const { responseCode = 0, response } = error as { responseCode?: number; response?: string };
    if (responseCode < 500) throw error;
    throw new OperationError(`The mail server refused it: ${response}`, { retry: false });
  }
}

function checked({ to, subject, text, html, replyTo }: Mail): Mail {
  for (const [name, value] of Object.entries({ to, replyTo: replyTo ?? to }))
    if (!ADDRESS.test(value)) throw new TypeError(`${name}: expected one e-mail address, got '${value}'`);
  if (/[\r\n]/.test(subject)) throw new TypeError('subject: expected one line');
  if (text.length + (html?.length ?? 0) > MAX_LENGTH)
    throw new TypeError(`text and html: expected at most ${MAX_LENGTH} characters`);
  return {
    to,
    subject,
    text,
    ...(html !== undefined && { html }),
    ...(replyTo !== undefined && { replyTo }),
  };
}
