import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { request } from '../../api/api.ts';
import { formatAge, formatNumber, type MessageKey, t } from '../../i18n/translate.ts';
import type { History, Process } from '../server/measures.ts';

/** The state of the server at a glance; each card leads to its screen. What cannot be asked is left out. */
export function StateCards({ app }: { app: string }) {
  return (
    <div className="cards small">
      <Traffic app={app} />
      <LastBackup app={app} />
      <FailedJobs app={app} />
      <Running app={app} />
    </div>
  );
}

interface StateProps {
  label: MessageKey;
  value: string;
  hint: string;
  look?: 'good' | 'warn' | 'bad' | undefined;
}

/** The contents of a card. */
function State({ label, value, hint, look }: StateProps): ReactNode {
  return (
    <>
      <span className="muted">{t(label)}</span>
      <strong className={`figure ${look ?? ''}`}>{value}</strong>
      <span className="muted">{hint}</span>
    </>
  );
}

function Traffic({ app }: { app: string }) {
  const { data } = useQuery({
    queryKey: ['metrics', app, 1],
    queryFn: () => request<History>(app, 'GET', '/v1/admin/metrics?hours=1'),
  });
  if (!data) return null;
  const samples = data.items.flatMap((item) => item.samples);
  const total = (measure: string) => samples.reduce((sum, sample) => sum + (sample[measure] ?? 0), 0);
  const errors = total('errors');
  return (
    <Link className="card" to="/$app/server" params={{ app }}>
      <State
        label="overview.requests"
        value={formatNumber(total('requests'))}
        hint={t('overview.failed', { count: errors })}
        look={errors > 0 ? 'bad' : undefined}
      />
    </Link>
  );
}

function LastBackup({ app }: { app: string }) {
  const { data } = useQuery({
    queryKey: ['backups', app],
    queryFn: () => request<{ items: { at: string; name: string }[] }>(app, 'GET', '/v1/admin/backups'),
    retry: false,
  });
  if (!data) return null;
  const [last] = data.items;
  return (
    <Link className="card" to="/$app/server" params={{ app }} search={{ tab: 'backups' }}>
      <State
        label="overview.backup"
        value={last ? formatAge(last.at) : t('state.none')}
        hint={last ? t('overview.backups', { count: data.items.length }) : t('backups.none')}
        look={last ? undefined : 'warn'}
      />
    </Link>
  );
}

function FailedJobs({ app }: { app: string }) {
  const { data } = useQuery({
    queryKey: ['failed-jobs', app],
    queryFn: () =>
      request<{ items: { name: string; created_at: string }[] }>(
        app,
        'GET',
        '/v1/admin/jobs?filter[state][eq]=failed&limit=1',
      ),
  });
  if (!data) return null;
  const [last] = data.items;
  return (
    <Link className="card" to="/$app/jobs" params={{ app }} search={last ? { state: 'failed' } : {}}>
      <State
        label="overview.jobs"
        value={last ? formatAge(last.created_at) : t('state.none')}
        hint={last ? last.name : t('overview.noFailure')}
        look={last ? 'bad' : undefined}
      />
    </Link>
  );
}

function Running({ app }: { app: string }) {
  const { data } = useQuery({
    queryKey: ['processes', app],
    queryFn: () => request<{ items: Process[] }>(app, 'GET', '/v1/admin/processes'),
  });
  if (!data) return null;
  const running = data.items.filter((one) => one.running);
  const unready = running.filter(({ ready }) => ready === false).length;
  return (
    <Link className="card" to="/$app/server" params={{ app }} search={{ tab: 'processes' }}>
      <State
        label="server.processes"
        value={formatNumber(running.length)}
        hint={unready > 0 ? `${unready} ${t('processes.notReady')}` : t('overview.allReady')}
        look={unready > 0 ? 'bad' : undefined}
      />
    </Link>
  );
}
