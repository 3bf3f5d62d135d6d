import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { APPS } from '../api/apps.ts';
import { kept } from '../api/store.ts';
import { t } from '../i18n/translate.ts';
import { tabOf } from '../screens/declaration/tabs.ts';
import { viewOf } from '../screens/rows/view.ts';
import { logSearchOf, serverTabOf } from '../screens/server/tabs.ts';
import { Empty, Failed, Loading } from '../ui/feedback.tsx';
import { Shell } from './shell.tsx';

/** The router reads `7` as a number. */
function isText(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number';
}

const root = createRootRoute({ component: Outlet });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    const last = APPS.find(({ name }) => name === kept.read('app')) ?? APPS[0];
    if (last)
      throw redirect({
        to: '/$app',
        params: { app: last.name },
        hash: location.hash.slice(1),
        replace: true,
      });
  },
});

const app = createRoute({
  getParentRoute: () => root,
  path: '/$app',
  component: Shell,
  beforeLoad: ({ params }) => kept.write('app', params.app),
});

const overview = createRoute({
  getParentRoute: () => app,
  path: '/',
  component: lazyRouteComponent(() => import('../screens/overview/overview.tsx'), 'Overview'),
});

const rows = createRoute({
  getParentRoute: () => app,
  path: '/rows/$resource',
  validateSearch: viewOf,
  component: lazyRouteComponent(() => import('../screens/rows/rows-screen.tsx'), 'RowsScreen'),
});

const row = createRoute({
  getParentRoute: () => app,
  path: '/rows/$resource/$id',
  component: lazyRouteComponent(() => import('../screens/row/row-page.tsx'), 'RowPage'),
});

const accounts = createRoute({
  getParentRoute: () => app,
  path: '/accounts',
  validateSearch: (search): { open?: string; search?: string } => ({
    ...(isText(search.open) && { open: String(search.open) }),
    ...(isText(search.search) && { search: String(search.search) }),
  }),
  component: lazyRouteComponent(() => import('../screens/accounts/accounts-screen.tsx'), 'AccountsScreen'),
});

const jobs = createRoute({
  getParentRoute: () => app,
  path: '/jobs',
  validateSearch: (search): { state?: string } =>
    typeof search.state === 'string' ? { state: search.state } : {},
  component: lazyRouteComponent(() => import('../screens/jobs/jobs-screen.tsx'), 'JobsScreen'),
});

const declaration = createRoute({
  getParentRoute: () => app,
  path: '/declaration',
  validateSearch: tabOf,
  component: lazyRouteComponent(
    () => import('../screens/declaration/declaration-screen.tsx'),
    'DeclarationScreen',
  ),
});

const server = createRoute({
  getParentRoute: () => app,
  path: '/server',
  validateSearch: serverTabOf,
  component: lazyRouteComponent(() => import('../screens/server/server-screen.tsx'), 'ServerScreen'),
});

const log = createRoute({
  getParentRoute: () => app,
  path: '/log',
  validateSearch: logSearchOf,
  component: lazyRouteComponent(() => import('../screens/server/log-screen.tsx'), 'LogScreen'),
});

const audit = createRoute({
  getParentRoute: () => app,
  path: '/audit',
  validateSearch: (search): { who?: string; resource?: string } => ({
    ...(isText(search.who) && { who: String(search.who) }),
    ...(isText(search.resource) && { resource: String(search.resource) }),
  }),
  component: lazyRouteComponent(() => import('../screens/audit/audit-screen.tsx'), 'AuditScreen'),
});

const screens = [overview, rows, row, accounts, jobs, declaration, server, log, audit];
const tree = root.addChildren([home, app.addChildren(screens)]);

export const router = createRouter({
  routeTree: tree,
  basepath: new URL(document.baseURI).pathname.replace(/\/$/, ''),
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => <Failed error={error} retry={reset} />,
  defaultNotFoundComponent: () => <Empty title={t('state.notFound')} />,
  defaultPreload: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
