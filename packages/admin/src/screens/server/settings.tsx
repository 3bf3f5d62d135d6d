import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/api.ts';
import {
  formatAge,
  formatBytes,
  formatInstant,
  formatNumber,
  type MessageKey,
  t,
} from '../../i18n/translate.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';
import type { Process } from './measures.ts';

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
        <table className="grid-table folds">
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
                  <span className={`badge ${/^(?:default|not set)$/.test(source) ? '' : 'info'}`}>
                    {source}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** A name that no two processes of a machine have at one time. */
export function processName({ host, pid, started_at }: Process): string {
  return `${host} ${pid} ${formatInstant(started_at)}`;
}

const RUNS = { label: 'processes.running', look: 'good' } as const;

/** Whether a process runs, and takes requests. */
function stateOf({ running, ready }: Process): { label: MessageKey; look: string } {
  if (!running) return { label: 'processes.stopped', look: '' };
  return ready === false ? { label: 'processes.notReady', look: 'bad' } : RUNS;
}

const milliseconds = (value: number) => `${formatNumber(Math.round(value))} ms`;

/** Measures of the last sample that tell how a process is. */
const MEASURES = [
  { name: 'memory', label: 'charts.memory', format: formatBytes },
  { name: 'loop_max', label: 'charts.loop', format: milliseconds },
  { name: 'requests', label: 'charts.requests', format: formatNumber },
] as const satisfies readonly { name: string; label: MessageKey; format: (value: number) => string }[];

/** Every process on the data folder or database: whether it runs and takes requests, and its last sample. */
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
      <table className="grid-table folds">
        <thead>
          <tr>
            <th>{t('processes.process')}</th>
            <th>{t('accounts.state')}</th>
            <th>{t('processes.started')}</th>
            <th>{t('processes.seen')}</th>
            {MEASURES.map(({ name, label }) => (
              <th key={name}>{t(label)}</th>
            ))}
            <th>Node.js</th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((one) => (
            <tr key={`${one.host} ${one.pid} ${one.started_at}`}>
              <th scope="row">
                {one.pid} {one.host}{' '}
                <span className="muted">
                  {one.url} {one.roles.join(', ')}
                </span>
              </th>
              <td>
                <span className={`badge ${stateOf(one).look}`}>{t(stateOf(one).label)}</span>
              </td>
              <td data-label={t('processes.started')} title={formatInstant(one.started_at)}>
                {formatAge(one.started_at)}
              </td>
              <td data-label={t('processes.seen')}>{one.seen_at && formatAge(one.seen_at)}</td>
              {MEASURES.map(({ name, label, format }) => (
                <td key={name} data-label={t(label)} className="number">
                  {typeof one.last?.[name] === 'number' && format(one.last[name])}
                </td>
              ))}
              <td data-label="Node.js">{one.node}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
