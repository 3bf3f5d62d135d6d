import type { Engine } from '../../engine.ts';
import { mount } from '../routes/mount.ts';
import { openServer, type RunningServer, type Site } from './server.ts';
import type { ServerOptions } from './server-options.ts';

/** An app and where it stands: '' alone, `/NAME` with others. */
export interface Mount {
  readonly engine: Engine;
  readonly base: string;
}

/** Serves engines over HTTP. They stay open when the server is closed. Throws `StartError` where the address cannot be had. */
export function startServer(mounts: readonly Mount[], options: ServerOptions): Promise<RunningServer> {
  return openServer(mounts.map(siteOf), options);
}

function siteOf({ engine, base }: Mount): Site {
  const { app, store, authenticate } = engine;
  return {
    name: app.name,
    description: app.description,
    mount: (fastify, streams) => mount(fastify, engine, { base, streams }),
    health: () => store.health(),
    statements: () => store.statements,
    isAdministrator: (secret) => {
      try {
        return authenticate.administrator(secret).kind === 'administrator';
      } catch {
        return false;
      }
    },
  };
}
