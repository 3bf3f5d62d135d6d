import { Link, useParams, useSearch } from '@tanstack/react-router';
import { type MessageKey, t } from '../../i18n/translate.ts';
import { Backups } from './backups.tsx';
import { Charts } from './charts.tsx';
import { Processes, Settings } from './settings.tsx';
import { type ServerTab, TABS } from './tabs.ts';

const LABELS: Readonly<Record<ServerTab, MessageKey>> = {
  charts: 'server.charts',
  backups: 'server.backups',
  settings: 'server.settings',
  processes: 'server.processes',
};

/** The server behind an app: its measures, log, backups, settings and processes. */
export function ServerScreen() {
  const { app } = useParams({ from: '/$app/server' });
  const { tab = 'charts' } = useSearch({ from: '/$app/server' });
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('nav.server')}</h1>
      </div>
      <nav className="tabs" aria-label={t('nav.server')}>
        {TABS.map((one) => (
          <Link
            key={one}
            from="/$app/server"
            to="."
            activeOptions={{ exact: true }}
            search={one === 'charts' ? {} : { tab: one }}
            aria-current={one === tab ? 'page' : undefined}
          >
            {t(LABELS[one])}
          </Link>
        ))}
      </nav>
      <div className="page-body">
        {tab === 'charts' && <Charts app={app} />}
        {tab === 'backups' && <Backups app={app} />}
        {tab === 'settings' && <Settings app={app} />}
        {tab === 'processes' && <Processes app={app} />}
      </div>
    </div>
  );
}
