import { callOver, type Reply, type RunningApp } from '../harness.ts';

/** A browser with the session of an operator: the cookie goes with every request, the token where it must. */
export interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  call<Body = unknown>(
    line: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<Reply<Body>>;
}

/** Signs an operator in, at the base of one of several apps (default: the only one). */
export async function signInAt(url: string, username: string, password: string): Promise<Browser> {
  const reply = await callOver<{ csrf: string }>(url, 'POST /v1/admin/session', {
    body: { username, password },
  });
  const [cookie = ''] = reply.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  const { csrf } = reply.body;
  return {
    cookie,
    csrf,
    call: (line, { body, headers } = {}) =>
      callOver(url, line, { body, headers: { cookie, 'x-csrf-token': csrf, ...headers } }),
  };
}

const HERE = { caller: { kind: 'anonymous' }, origin: { address: '192.0.2.9' } } as const;
export const PASSWORD = 'a tidy heron walks upstream';

/** Makes an operator of the first app of a server, and signs in. */
export async function operatorOf(
  { engines, url }: Pick<RunningApp, 'engines' | 'url'>,
  role: 'administrator' | 'viewer' = 'administrator',
  username: string = role,
): Promise<Browser> {
  await engines[0]?.operators.create(HERE, { username, password: PASSWORD }, role);
  return signInAt(url, username, PASSWORD);
}
