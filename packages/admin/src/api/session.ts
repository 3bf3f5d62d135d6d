import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { keepSession, problemOf, request, SESSION_PATH, SETUP_PATH, type Session, viewedAs } from './api.ts';
import { useStore } from './store.ts';

/** The session of an app; null where nobody is signed in. */
export function sessionQuery(app: string) {
  return queryOptions({
    queryKey: ['session', app],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<Session | null> => {
      try {
        const session = await request<Session>(app, 'GET', SESSION_PATH);
        keepSession(app, session);
        return session;
      } catch (error) {
        if (problemOf(error).status === 401) return null;
        throw error;
      }
    },
  });
}

export function useSession(app: string): Session | null | undefined {
  return useQuery(sessionQuery(app)).data;
}

/** Whether the operator may change something: viewers read alone. */
export function useMayWrite(app: string): boolean {
  const viewed = useStore(viewedAs);
  return (useSession(app)?.roles.includes('administrator') ?? false) && viewed?.app !== app;
}

export function useSignedIn(app: string): Session {
  const { data } = useSuspenseQuery(sessionQuery(app));
  if (!data) throw new Error('not signed in');
  return data;
}

export async function signIn(app: string, username: string, password: string): Promise<Session> {
  const session = await request<Session>(app, 'POST', SESSION_PATH, { body: { username, password } });
  keepSession(app, session);
  return session;
}

export async function setUp(app: string, body: Readonly<Record<string, string>>): Promise<Session> {
  const session = await request<Session>(app, 'POST', SETUP_PATH, { body });
  keepSession(app, session);
  return session;
}

export async function signOut(app: string): Promise<void> {
  await request(app, 'DELETE', SESSION_PATH);
  keepSession(app, undefined);
}
