export const TABS = ['diagram', 'resources', 'rules', 'migrations'] as const;
export type DeclarationTab = (typeof TABS)[number];

/** The tab that an address names. */
export function tabOf(search: Readonly<Record<string, unknown>>): { tab?: DeclarationTab } {
  const tab = TABS.find((one) => one === search.tab);
  return tab ? { tab } : {};
}
