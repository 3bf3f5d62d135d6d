/** An app of this server. */
export interface AppInfo {
  name: string;
  description: string;
  /** `''` alone at the root, `/NAME` with others; with the prefix of a proxy. */
  base: string;
}

/** The apps that the server named in its page. */
export const APPS: readonly AppInfo[] = JSON.parse(
  document.querySelector<HTMLMetaElement>('meta[name="trestle-apps"]')?.content ?? '[]',
);

/** @throws where the server has no such app. */
export function appOf(name: string): AppInfo {
  const app = APPS.find((one) => one.name === name);
  if (!app) throw new Error(`There is no app ${name} on this server.`);
  return app;
}
