import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { queryString } from 'trestle-client';
import { request, urlOf } from '../../api/api.ts';
import { formatNumber, locale, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../ui/feedback.tsx';
import type { LogSearch } from './tabs.ts';

type Line = Readonly<Record<string, unknown>>;

/** Lines, and whose they are: names of processes are `HOST PID START`. */
interface Found {
  items: readonly Line[];
  processes: readonly string[];
  silent: readonly string[];
}

const shortName = (process: string) => process.split(' ').slice(0, 2).join(' ');

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'];
const LOOKS: Readonly<Record<string, string>> = { warn: 'warn', error: 'bad', fatal: 'bad' };
/** Lines that are shown while more are written. */
const MAX_SHOWN = 1000;

/** The last lines of the log, filtered, and those that are written meanwhile. */
export function LogScreen() {
  const { app } = useParams({ from: '/$app/log' });
  const filter = useSearch({ from: '/$app/log' });
  const navigate = useNavigate({ from: '/$app/log' });
  const [isFollowing, setFollowing] = useState(false);
  const [fresh, setFresh] = useState<readonly Line[]>([]);
  const asked = queryString(filter);
  const { data, error, refetch } = useQuery({
    queryKey: ['logs', app, asked],
    queryFn: () => request<Found>(app, 'GET', `/v1/admin/logs${queryString({ ...filter, limit: 500 })}`),
  });
  useEffect(() => {
    setFresh([]);
    if (!isFollowing) return;
    const events = new EventSource(urlOf(app, `/v1/admin/logs/events${asked}`));
    events.addEventListener('line', ({ data: line }) =>
      setFresh((now) => [JSON.parse(line), ...now].slice(0, MAX_SHOWN)),
    );
    return () => events.close();
  }, [app, asked, isFollowing]);
  const change = (next: LogSearch) =>
    void navigate({
      search: (now) =>
        Object.fromEntries(Object.entries({ ...now, ...next }).filter(([, value]) => value !== '')),
      replace: true,
    });
  const lines = [...fresh, ...(data?.items ?? [])];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('server.logs')}</h1>
        <span className="muted grow">
          {data && data.processes.length > 1 && t('logs.processes', { count: data.processes.length })}
        </span>
        <select
          className="input"
          aria-label={t('logs.level')}
          value={filter.level ?? ''}
          onChange={({ target }) => change({ level: target.value })}
        >
          <option value="">{t('logs.allLevels')}</option>
          {LEVELS.map((level) => (
            <option key={level}>{level}</option>
          ))}
        </select>
        <input
          className="input search"
          type="search"
          aria-label={t('logs.text')}
          placeholder={t('logs.text')}
          defaultValue={filter.text ?? ''}
          onChange={({ target }) => change({ text: target.value })}
        />
        <input
          className="input search"
          type="search"
          aria-label={t('logs.request')}
          placeholder={t('logs.request')}
          defaultValue={filter.request ?? ''}
          onChange={({ target }) => change({ request: target.value })}
        />
        <Button
          icon="live"
          aria-pressed={isFollowing}
          look={isFollowing ? 'primary' : 'plain'}
          onClick={() => setFollowing(!isFollowing)}
        >
          {t('logs.follow')}
        </Button>
      </div>
      {data && data.silent.length > 0 && (
        <p className="notice warn" role="status">
          {t('logs.silent', {
            heard: data.processes.map(shortName).join(', '),
            silent: data.silent.map(shortName).join(', '),
          })}
        </p>
      )}
      <div className="page-lines">
        {error ? (
          <Failed error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading />
        ) : lines.length === 0 ? (
          <Empty title={t('logs.none')} />
        ) : (
          <ol className="log">
            {lines.map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity.
              <LogLine key={at} line={line} onRequest={(id) => change({ request: id })} />
            ))}
          </ol>
        )}
      </div>
    </div>
  );
}

const KNOWN: ReadonlySet<string> = new Set(['level', 'time', 'msg']);
const clock = new Intl.DateTimeFormat(locale, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

function statusLook(status: unknown): string {
  if (typeof status !== 'number') return '';
  return status < 400 ? 'good' : status < 500 ? 'warn' : 'bad';
}

/** One line: when, how grave, what, and of a request its status and time; all of it when opened. */
function LogLine({ line, onRequest }: { line: Line; onRequest: (id: string) => void }) {
  const level = String(line.level ?? '');
  const id = line.requestId ?? line.request;
  const rest = Object.entries(line).filter(([name]) => !KNOWN.has(name));
  const time = new Date(String(line.time ?? ''));
  const path = line.route ?? line.path;
  return (
    <li>
      <details>
        <summary>
          <time className="muted" dateTime={String(line.time ?? '')}>
            {Number.isNaN(time.getTime()) ? '' : clock.format(time)}
          </time>
          <span className={`badge ${LOOKS[level] ?? ''}`}>{level}</span>
          <span className="what">
            {path === undefined ? (
              String(line.msg ?? line.event ?? '')
            ) : (
              <code>
                {String(line.method ?? '')} {String(path)}
              </code>
            )}{' '}
            {typeof line.process === 'string' && <span className="muted">{shortName(line.process)}</span>}
          </span>
          {line.status !== undefined && (
            <span className={`badge ${statusLook(line.status)}`}>{String(line.status)}</span>
          )}
          <span className="muted number">
            {typeof line.ms === 'number' && `${formatNumber(Math.round(line.ms * 10) / 10)} ms`}
          </span>
        </summary>
        <pre>{JSON.stringify(Object.fromEntries(rest), undefined, 2)}</pre>
        {typeof id === 'string' && <Button onClick={() => onRequest(id)}>{t('logs.ofRequest')}</Button>}
      </details>
    </li>
  );
}
