/** Parts of an executable that commands otherwise read from files of a project. */
export interface Embedded {
  /** The default exports of the apps' files. */
  readonly apps: readonly unknown[];
  /** The default export of `trestle.config.ts`, where there was one. */
  readonly config?: unknown;
}

/** Undefined outside an executable that `trestle bundle` made. */
export let embedded: Embedded | undefined;

export function embed(parts: Embedded): void {
  embedded = parts;
}
