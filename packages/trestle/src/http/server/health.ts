import type { FastifyInstance } from 'fastify';
import { Problem } from '../../problems.ts';
import type { ServerLifecycle } from './admission.ts';

/** Whether an app can take requests. `fatal`: it never will again, and the process has to be started anew. */
export interface Health {
  ready: boolean;
  /** For the log alone: it may name files and hosts. */
  why?: string;
  fatal?: boolean;
}

interface HealthCheck {
  readonly name: string;
  health(): Health;
}

/** Answered also while the server sheds load. */
const EXEMPT = { config: { isExemptFromShedding: true, isServerRoute: true } };

/**
 * `/livez`: the process answers. `/readyz`: it should be sent requests; false from the moment it begins to stop and while
 * a store takes no writes. Both are for machines, need no credentials and tell nothing but that.
 */
export function healthRoutes(
  fastify: FastifyInstance,
  checks: readonly HealthCheck[],
  lifecycle: ServerLifecycle,
): void {
  fastify.get('/livez', EXEMPT, () => ({ status: 'live' }));
  fastify.get('/readyz', EXEMPT, () => {
    const failing = checks.filter((check) => !check.health().ready).map((check) => check.name);
    if (lifecycle.stopping) throw new Problem('unavailable', { detail: 'The server is stopping.' });
    if (failing.length > 0)
      throw new Problem('unavailable', {
        detail: `Not ready: ${failing.join(', ')}.`,
        data: { apps: failing },
      });
    return { status: 'ready' };
  });
}

/**
 * Looks at the stores every half second, tells of each change and, once, of one that is broken for good. After a failed fsync
 * the kernel may have dropped what was not written, so that going on would be a lie (PostgreSQL's rule since 2019).
 */
export function watchHealth(
  checks: readonly HealthCheck[],
  on: { changed(check: HealthCheck, health: Health): void; fatal(check: HealthCheck, why: string): void },
): () => void {
  const unready = new Set<HealthCheck>();
  const timer = setInterval(() => {
    for (const check of checks) {
      const health = check.health();
      if (health.ready === unready.has(check)) {
        if (health.ready) unready.delete(check);
        else unready.add(check);
        on.changed(check, health);
      }
      if (health.ready || !health.fatal) continue;
      clearInterval(timer);
      on.fatal(check, health.why ?? 'unknown');
      return;
    }
  }, 500).unref();
  return () => clearInterval(timer);
}
