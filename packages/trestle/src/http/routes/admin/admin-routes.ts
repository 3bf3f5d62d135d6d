import type { Engine } from '../../../engine.ts';
import type { Route } from '../../../schema/routes/route.ts';
import type { Resources } from '../../../schema/row-types.ts';
import type { ServerView } from '../../server/administration.ts';
import { auditRoutes } from './audit-routes.ts';
import { backupRoutes } from './backup-routes.ts';
import { declarationRoute } from './declaration-route.ts';
import { deletionRoute } from './deletion-route.ts';
import { jobRoutes } from './job-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { viewRoutes } from './view-routes.ts';

/** The routes of an app's operators, under `/v1/admin`: each screen of the administration pages is one of them. */
export function adminRoutes<Rs extends Resources>(engine: Engine<Rs>, server: ServerView): Route[] {
  return [
    ...sessionRoutes(engine),
    declarationRoute(engine),
    ...jobRoutes(engine),
    deletionRoute(engine),
    ...auditRoutes(engine),
    ...serverRoutes(server, engine.authenticate),
    ...backupRoutes(engine, server.backups),
    ...viewRoutes(engine),
  ];
}
