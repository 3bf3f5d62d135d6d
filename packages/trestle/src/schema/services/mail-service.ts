import type { Context } from '../caller.ts';
import type { EnqueueOptions } from '../jobs.ts';

/** A mail to one person. */
export interface Mail {
  /** `ann@example.org` or `Ann <ann@example.org>`. */
  readonly to: string;
  /** One line. */
  readonly subject: string;
  /** The mail as plain text. */
  readonly text: string;
  /** The same as HTML (default: the text alone). */
  readonly html?: string;
  /** Where an answer goes (default: the sender). */
  readonly replyTo?: string;
}

/** Sends mail: by SMTP where a server is set, else into files of the app's folder. */
export interface MailService {
  /**
   * Enqueues a mail in the transaction of the context, else in one of its own: it is sent once that is committed, at least once,
   * and never where it is undone. Answers the id of its job, which is the mail's `Message-ID` too. It is tried again for hours
   * where the mail server is away; one that the server refuses for good is a failed job.
   *
   * @throws {TypeError} for an address that is none, or a subject with a line break.
   * @example
   * await mail.send(request, { to: 'ann@example.org', subject: 'Your order', text: 'It is on its way.' });
   */
  send(context: Context, mail: Mail, options?: EnqueueOptions): Promise<string>;
}
