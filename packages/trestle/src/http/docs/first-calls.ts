import { audienceOf } from '../../rows/rules/caller-class.ts';
import type { Route } from '../../schema/routes/route.ts';
import { sampleOf } from '../openapi/samples.ts';
import type { RouteTable } from '../routes/route-table.ts';
import type { FirstCall, ResourceVerbs } from './index-page.ts';

const VERBS = [
  ['GET', '', 'list'],
  ['POST', '', 'create'],
  ['GET', '/:id', 'read'],
  ['PATCH', '/:id', 'change'],
  ['DELETE', '/:id', 'delete'],
] as const;

/** Resources of the uniform API, each with the verbs that its rules open to somebody. */
export function openVerbs(tables: readonly RouteTable[], names: readonly string[]): ResourceVerbs[] {
  return names.flatMap((name) => {
    const verbs = VERBS.flatMap(([method, end, verb]) =>
      isOpen(routeOf(tables, method, `/${name}${end}`)) ? [verb] : [],
    );
    return verbs.length > 0 ? [{ name, verbs }] : [];
  });
}

/**
 * Requests to begin with, as commands of a shell: signing up and in where that is open, else an API key; then a row and a list of
 * the first resource.
 */
export function firstCalls(
  tables: readonly RouteTable[],
  names: readonly string[],
  url: string,
): FirstCall[] {
  const calls: FirstCall[] = [];
  const name = names.find((each) => isOpen(routeOf(tables, 'GET', `/${each}`)));
  const list = name && routeOf(tables, 'GET', `/${name}`);
  const create = name && routeOf(tables, 'POST', `/${name}`);
  const signUp = routeOf(tables, 'POST', '/accounts');
  const person: Record<string, unknown> = Object(signUp?.options.body && sampleOf(signUp.options.body, {}));
  const { username, password } = person;
  const hasKey = [list, create].some((route) => route && !isPublic(route));
  if (isOpen(signUp) && password !== undefined && hasKey) {
    calls.push({ does: 'Sign up', command: post(`${url}/v1/accounts`, person) });
    const signIn = post(`${url}/v1/sessions`, { username, password });
    calls.push({
      does: 'Sign in',
      command: `TOKEN=$(${signIn.replace('curl', 'curl -s')} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    });
  } else if (hasKey) calls.push({ does: 'An API key, made in the admin UI', command: 'TOKEN=trs_live_...' });
  const auth = (route: Route) => (isPublic(route) ? '' : ' \\\n  -H "Authorization: Bearer $TOKEN"');
  if (create && isOpen(create)) {
    const body = sampleOf(create.options.body, {}) ?? {};
    calls.push({ does: 'Create', command: `${post(`${url}/v1/${name}`, body)}${auth(create)}` });
  }
  if (list) calls.push({ does: 'List', command: `curl ${url}/v1/${name}${auth(list)}` });
  return calls;
}

function routeOf(tables: readonly RouteTable[], method: string, path: string): Route | undefined {
  const uniform = tables.filter(({ style, prefix }) => style === 'uniform' && prefix === '/v1');
  return uniform
    .flatMap(({ routes }) => routes)
    .find((route) => route.method === method && route.path.replace(/\([^)]*\)/g, '') === path);
}

function isPublic({ options: { can } }: Route): boolean {
  return can === undefined || audienceOf(can) === 'everyone';
}

function isOpen(route: Route | undefined): boolean {
  if (!route) return false;
  const audience = route.options.can && audienceOf(route.options.can);
  return audience !== 'nobody' && audience !== 'administrator';
}

function post(url: string, body: unknown): string {
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl ${url} -H 'Content-Type: application/json' \\\n  -d '${json}'`;
}
