import type { TSchema } from 'typebox';
import { refuseKey } from '../../../accounts/account-rows.ts';
import {
  type Answer,
  type Method,
  type Route,
  type RouteOptions,
  type RouteRequest,
  type RouteTypesOf,
  route,
} from '../../../schema/routes/route.ts';
import { administrator } from '../../../schema/rules.ts';

export const tag = 'administration';

/**
 * A route for operators under `/v1/admin`: administrators, and viewers where it changes nothing. Not for API keys, which may be
 * copies that nobody knows of, and whose scopes name rows alone.
 */
export function adminRoute<
  const P extends TSchema | undefined = undefined,
  const Q extends TSchema | undefined = undefined,
  const B extends TSchema | undefined = undefined,
>(
  method: Method,
  path: string,
  options: Omit<
    RouteOptions<{ params: P; query: Q; body: B; answers: RouteOptions['answers'] }>,
    'can' | 'tag'
  >,
  handle: (request: RouteRequest<RouteTypesOf<{ params: P; query: Q; body: B }>>) => Promise<Answer> | Answer,
): Route {
  const whole: RouteOptions<{ params: P; query: Q; body: B; answers: RouteOptions['answers'] }> = {
    tag,
    can: administrator,
    ...options,
  };
  return route(method, `/admin${path}`, whole, (request) => {
    refuseKey(request.caller);
    return handle(request);
  });
}
