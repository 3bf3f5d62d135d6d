import { aFunction, optionsOf } from '../checks/options.ts';

/** An app's own code at a start or a stop. */
export interface ProcessHooks<Context> {
  /** In every process that serves, works or schedules. */
  readonly process?: (context: Context) => Promise<void>;
  /**
   * Once for all processes that share the rows: at the start of the first and the stop of the last. A process that was killed
   * counts for 30 seconds more.
   */
  readonly cluster?: (context: Context) => Promise<void>;
}

export const processHooks = (owner: string) =>
  optionsOf<ProcessHooks<never>>(owner, { process: aFunction, cluster: aFunction });
