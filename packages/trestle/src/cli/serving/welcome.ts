import { join, resolve } from 'node:path';
import { ADMINISTRATOR_SECRET_FILE } from '../../accounts/administrator-secret.ts';

export interface Welcome {
  /** Empty where the process listens nowhere. */
  url: string;
  /** Where people reach the server, with the path under which a proxy serves it (default: `url`). */
  publicUrl?: string;
  /** Roles of the process (default: all). */
  roles?: readonly string[];
  apps: readonly { name: string; base: string; docs: string }[];
  data: string;
  database: string | undefined;
  /** The administrator's secret where this process made it up; it is shown here, this once. */
  secret: string | undefined;
  /** The token by which the first operator is made (default: there is one). */
  setup?: string | undefined;
}

/** The text that a terminal shows once the server listens. */
export function welcome(shown: Welcome): string {
  const { url, publicUrl = url, roles = [], apps, data, database, secret, setup } = shown;
  const width = Math.max(...apps.map(({ name }) => name.length), 'data'.length) + 2;
  const line = (label: string, text: string) => `  ${label.padEnd(width)}${text}\n`;
  const lines = apps.map(({ name, base, docs }) =>
    line(name, url === '' ? `listens nowhere; ${roles.join(', ')}` : `${url}${base}/   docs ${url}${docs}`),
  );
  if (apps.length > 1 && url !== '') lines.unshift(line('all', `${url}/`));
  lines.push(
    line('data', `${resolve(data)}${database === undefined ? '' : ` and ${withoutPassword(database)}`}`),
  );
  if (secret !== undefined)
    lines.push(
      `\n  Administrator's secret, shown this once (${join(data, ADMINISTRATOR_SECRET_FILE)} keeps its hash; TRESTLE_ADMIN_SECRET chooses one):\n  ${secret}\n`,
    );
  if (setup !== undefined && url !== '')
    lines.push(
      `\n  There is no operator yet. Make the first one within 24 hours, at this link, which works once in each app:\n  ${publicUrl}/admin/#setup=${setup}\n`,
    );
  return `\n${lines.join('')}\n`;
}

function withoutPassword(database: string): string {
  try {
    const url = new URL(database);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    return 'the database';
  }
}
