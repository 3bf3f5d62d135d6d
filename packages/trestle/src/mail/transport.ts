import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mail } from '../schema/services/mail-service.ts';
import { StartError } from '../start-error.ts';

/** How an installation sends mail. */
export interface MailSettings {
  /** `smtp://` or `smtps://` with user and password (default: mails are files). */
  readonly smtp?: string | undefined;
  /** The sender (default: the declared one). */
  readonly from?: string | undefined;
  /** Where people reach the app: links in mails begin with it (default: `http://localhost:4000`). */
  readonly publicUrl?: string | undefined;
}

/** Delivers mails, each known by an id that is the same in every attempt. */
export interface Transport {
  /** Where people reach the app. */
  readonly publicUrl: string;
  deliver(id: string, mail: Mail): Promise<void>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 15_000;
const SILENCE_TIMEOUT_MS = 60_000;

/** A transport over SMTP, or into files of a folder. Nodemailer is loaded with the first mail. */
export function openTransport(
  declared: { readonly from?: string },
  { smtp, from = declared.from ?? 'app@localhost', publicUrl = 'http://localhost:4000' }: MailSettings = {},
  { folder, log }: { folder: string; log: (event: { event: string; file: string }) => void },
): Transport {
  // The message does not repeat it: it may hold a password.
  if (smtp !== undefined && !(URL.canParse(smtp) && /^smtps?:\/\/[^/]+\/?$/.test(smtp)))
    throw new StartError('--smtp: expected smtp://user:password@host:587 or smtps://user:password@host:465');
  let opened: ReturnType<typeof openSmtp> | undefined;
  const envelope = (id: string, mail: Mail) => ({
    ...mail,
    from,
    messageId: `<${id}@${/@([^>\s]+)/.exec(from)?.[1] ?? 'localhost'}>`,
  });
  return {
    publicUrl,
    async deliver(id, mail) {
      if (smtp === undefined)
        return log({ event: 'mail_written', file: await writeMail(folder, id, envelope(id, mail)) });
      opened ??= openSmtp(smtp);
      await (await opened).sendMail(envelope(id, mail));
    },
    close: () => void opened?.then((transport) => transport.close()),
  };
}

async function openSmtp(smtp: string) {
  const { createTransport } = await import('nodemailer');
  const { protocol, hostname, port, username, password } = new URL(smtp);
  const secure = protocol === 'smtps:';
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return createTransport({
    pool: true,
    maxConnections: 2,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 465 : 587),
    secure,
    // A password, and a link that is one, cross no network in the clear.
    requireTLS: !secure && !isLocal,
    ignoreTLS: !secure && isLocal,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Writes a mail as `ID.eml`, once and whole or not at all, for its owner alone: it may hold a link that signs somebody in. */
async function writeMail(folder: string, id: string, mail: Mail & { from: string }): Promise<string> {
  const { createTransport } = await import('nodemailer');
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(mail);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = `${id}.eml`;
  const draft = join(folder, `.${name}`);
  writeFileSync(draft, message as Buffer, { mode: 0o600 });
  renameSync(draft, join(folder, name));
  return join(folder, name);
}
