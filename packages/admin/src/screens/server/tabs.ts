export const TABS = ['charts', 'logs', 'backups', 'settings', 'processes'] as const;
export type ServerTab = (typeof TABS)[number];

/** Parameters of the server's screen. */
export interface ServerSearch {
  tab?: ServerTab;
  level?: string;
  text?: string;
  request?: string;
}

/** Reads the parameters of the address; those of the log lead from a problem to its line. */
export function serverSearchOf(search: Readonly<Record<string, unknown>>): ServerSearch {
  const tab = TABS.find((one) => one === search.tab);
  const texts = (['level', 'text', 'request'] as const).flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return { ...(tab && { tab }), ...Object.fromEntries(texts) };
}
