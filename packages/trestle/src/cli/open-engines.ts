import { mkdirSync } from 'node:fs';
import { type Engine, type EngineOptions, openEngine } from '../engine.ts';
import { messageOf } from '../problems.ts';
import type { App } from '../schema/app.ts';
import { StartError } from '../start-error.ts';

/** Makes the data folder where it is missing. Throws `StartError`. */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = messageOf(error);
    throw new StartError(`the data folder ${folder} cannot be made: ${why}; choose another with --data`, {
      cause: error,
    });
  }
}

/** Opens every app, or none: what was opened is closed again where one cannot be. */
export async function openEngines(apps: readonly App[], options: EngineOptions): Promise<Engine[]> {
  makeDataFolder(options.data);
  const { mail } = options;
  const opened = await Promise.allSettled(
    apps.map((app) => {
      // Of several apps each has a path of its own.
      const path = apps.length > 1 ? `/${app.name}` : '';
      return openEngine(app, {
        ...options,
        mail: mail && { ...mail, publicUrl: `${mail.publicUrl}${path}` },
      });
    }),
  );
  const engines = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = opened.find((each) => each.status === 'rejected');
  if (!failed) return engines;
  await closeEngines(engines);
  const { reason } = failed;
  // A declaration's mistakes are TypeErrors that name the place and the remedy.
  throw reason instanceof TypeError ? new StartError(reason.message, { cause: reason }) : reason;
}

export async function closeEngines(engines: readonly Engine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.close()));
}
