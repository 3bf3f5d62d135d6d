import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { Outlet, useParams, useRouterState } from '@tanstack/react-router';
import { Suspense, useEffect, useState } from 'react';
import { connected, viewedAs } from '../api/api.ts';
import { APPS } from '../api/apps.ts';
import { useDeclaration } from '../api/declaration.ts';
import { sessionQuery } from '../api/session.ts';
import { useStore } from '../api/store.ts';
import { t } from '../i18n/translate.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Empty, Failed, Loading, Toasts } from '../ui/feedback.tsx';
import { commandOf } from './commands.ts';
import { Palette } from './palette.tsx';
import { Shortcuts } from './shortcuts.tsx';
import { Sidebar } from './sidebar.tsx';
import { SignInAgain, SignInPage } from './sign-in.tsx';

/** Everything around a screen of one app; without a session, its sign-in. */
export function Shell() {
  const { app } = useParams({ from: '/$app' });
  const session = useQuery(sessionQuery(app));
  if (!APPS.some(({ name }) => name === app)) return <Empty title={t('app.none')} />;
  if (session.error) return <Failed error={session.error} retry={() => void session.refetch()} />;
  if (session.isPending) return <Loading />;
  if (!session.data) return <SignInPage app={app} />;
  return (
    <Suspense fallback={<Loading />}>
      <SignedIn key={app} app={app} />
      <SignInAgain />
      <Toasts />
    </Suspense>
  );
}

type Overlay = 'palette' | 'shortcuts' | 'navigation';

function SignedIn({ app }: { app: string }) {
  const declaration = useDeclaration(app);
  const { data: session } = useSuspenseQuery(sessionQuery(app));
  const [overlay, setOverlay] = useState<Overlay>();
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const isConnected = useStore(connected);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path closes what lies over it.
  useEffect(() => setOverlay(undefined), [path]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isPalette = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
      if (isPalette) {
        event.preventDefault();
        setOverlay((now) => (now === 'palette' ? undefined : 'palette'));
        return;
      }
      // What lies over the screen has its own keys, but for saving.
      if (document.querySelector('dialog[open]')) return;
      const command =
        commandOf(event) ?? (isHelp(event) ? { run: () => setOverlay('shortcuts') } : undefined);
      if (!command) return;
      event.preventDefault();
      command.run();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  if (!session) return null;
  const sidebar = <Sidebar app={app} declaration={declaration} onPalette={() => setOverlay('palette')} />;
  return (
    <div className="shell">
      <button type="button" className="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t('nav.skip')}
      </button>
      {sidebar}
      <header className="topbar">
        <Button icon="menu" look="plain" label={t('nav.open')} onClick={() => setOverlay('navigation')} />
        <strong className="grow">{app}</strong>
        <Button icon="search" look="plain" label={t('palette.open')} onClick={() => setOverlay('palette')} />
      </header>
      <main className="main" id="main" tabIndex={-1}>
        {!isConnected && (
          <div className="notice warn" role="status">
            {t('state.offline')}
          </div>
        )}
        <ViewedAs app={app} />
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      {overlay === 'palette' && (
        <Palette app={app} declaration={declaration} onClose={() => setOverlay(undefined)} />
      )}
      {overlay === 'shortcuts' && <Shortcuts onClose={() => setOverlay(undefined)} />}
      {overlay === 'navigation' && (
        <Dialog title={t('nav.open')} className="nav-dialog" bare onClose={() => setOverlay(undefined)}>
          {sidebar}
        </Dialog>
      )}
    </div>
  );
}

/** Says that the screens show what another account may read, and leads back. */
function ViewedAs({ app }: { app: string }) {
  const viewed = useStore(viewedAs);
  const queries = useQueryClient();
  if (viewed?.app !== app) return null;
  const end = () => {
    viewedAs.set(undefined);
    void queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  };
  return (
    <div className="notice warn row" role="status">
      <span className="grow">{t('viewAs.banner', { name: viewed.name })}</span>
      <Button icon="close" onClick={end}>
        {t('viewAs.end')}
      </Button>
    </div>
  );
}

function isHelp(event: KeyboardEvent): boolean {
  const { target } = event;
  return (
    event.key === '?' &&
    !(target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
