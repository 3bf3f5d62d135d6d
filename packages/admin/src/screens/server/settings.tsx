import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/api.ts';
import { formatAge, formatInstant, t } from '../../i18n/translate.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';

interface Setting {
  name: string;
  value: unknown;
  source: string;
}

/** Settings in effect, and where each comes from. */
export function Settings({ app }: { app: string }) {
  const { data, error } = useQuery({
    queryKey: ['settings', app],
    queryFn: () => request<{ items: Setting[] }>(app, 'GET', '/v1/admin/settings'),
  });
  if (error) return <Failed error={error} />;
  if (!data) return <Loading />;
  return (
    <>
      <p className="muted">{t('settings.hint')}</p>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('server.settings')}>
        <table className="grid-table">
          <thead>
            <tr>
              <th>{t('settings.name')}</th>
              <th>{t('filter.value')}</th>
              <th>{t('settings.source')}</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map(({ name, value, source }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
                </td>
                <td>
                  <span className={`badge ${source === 'default' ? '' : 'info'}`}>{source}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

export interface Process {
  pid: number;
  host: string;
  started_at: string;
  node: string;
  url: string;
  seen_at: string | null;
  running: boolean;
}

/** Every process on the data folder, and whether it runs. */
export function Processes({ app }: { app: string }) {
  const { data, error } = useQuery({
    queryKey: ['processes', app],
    queryFn: () => request<{ items: Process[] }>(app, 'GET', '/v1/admin/processes'),
    refetchInterval: 10_000,
  });
  if (error) return <Failed error={error} />;
  if (!data) return <Loading />;
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label={t('server.processes')}>
      <table className="grid-table">
        <thead>
          <tr>
            <th>{t('processes.process')}</th>
            <th>{t('accounts.state')}</th>
            <th>{t('processes.started')}</th>
            <th>{t('processes.seen')}</th>
            <th>Node.js</th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((one) => (
            <tr key={`${one.host} ${one.pid} ${one.started_at}`}>
              <th scope="row">
                {one.pid} {one.host} <span className="muted">{one.url}</span>
              </th>
              <td>
                <span className={`badge ${one.running ? 'good' : ''}`}>
                  {t(one.running ? 'processes.running' : 'processes.stopped')}
                </span>
              </td>
              <td title={formatInstant(one.started_at)}>{formatAge(one.started_at)}</td>
              <td>{one.seen_at && formatAge(one.seen_at)}</td>
              <td>{one.node}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
