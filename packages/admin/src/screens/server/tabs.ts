export const TABS = ['charts', 'backups', 'settings', 'processes'] as const;
export type ServerTab = (typeof TABS)[number];

/** The tab that an address names. */
export function serverTabOf(search: Readonly<Record<string, unknown>>): { tab?: ServerTab } {
  const tab = TABS.find((one) => one === search.tab);
  return tab ? { tab } : {};
}

/** The lines of the log that are shown. */
export interface LogSearch {
  level?: string;
  text?: string;
  request?: string;
}

/** Reads the parameters of an address; a problem's request id leads to its lines. */
export function logSearchOf(search: Readonly<Record<string, unknown>>): LogSearch {
  const texts = (['level', 'text', 'request'] as const).flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(texts);
}
