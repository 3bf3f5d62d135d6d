/** The purpose of a link in a mail. */
export type Purpose = 'verify' | 'change' | 'reset' | 'invite';

interface About {
  readonly app: string;
  readonly link: string;
  /** Null where there is no account yet. */
  readonly username: string | null;
}

/** Subject and text of the mail with a link. */
export function linkMail(purpose: Purpose, about: About): { subject: string; text: string } {
  const { subject, does, lasts } = WORDS[purpose];
  const account = about.username === null ? '' : ` (account ${about.username})`;
  return {
    subject: `${about.app}: ${subject}`,
    text: `${does}${account}:\n\n${about.link}\n\nThe link is good once, within ${lasts}. If you did not ask for it, do nothing.\n`,
  };
}

const WORDS = {
  verify: {
    subject: 'confirm your e-mail address',
    does: 'To confirm your e-mail address',
    lasts: '24 hours',
  },
  change: {
    subject: 'confirm your new e-mail address',
    does: 'To use this address from now on',
    lasts: '24 hours',
  },
  reset: { subject: 'reset your password', does: 'To choose a new password', lasts: '30 minutes' },
  invite: { subject: 'your invitation', does: 'You are invited. To sign up', lasts: '7 days' },
} as const;
