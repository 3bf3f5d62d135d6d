import { resolve } from 'node:path';

export interface Welcome {
  /** Empty where the process listens nowhere. */
  url: string;
  /** Roles of the process (default: all). */
  roles?: readonly string[];
  apps: readonly { name: string; base: string; docs: string }[];
  data: string;
  database: string | undefined;
  /** The administrator's secret where this process made it up; it is shown here and nowhere else. */
  secret: string | undefined;
}

/** The text that a terminal shows once the server listens. */
export function welcome({ url, roles = [], apps, data, database, secret }: Welcome): string {
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
      `\n  Administrator's secret of this run (set TRESTLE_ADMIN_SECRET to choose one):\n  ${secret}\n`,
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
