import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/api.ts';
import {
  formatBytes,
  formatInstant,
  formatNumber,
  locale,
  type MessageKey,
  t,
} from '../../i18n/translate.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';
import { type History, type Joins, POINTS, pathOf, pointsOf, ticksOf, topOf } from './measures.ts';
import { processName } from './settings.tsx';

interface Chart {
  label: MessageKey;
  /** Measures drawn as lines, the first the strongest. */
  lines: Readonly<Record<string, MessageKey>>;
  format: (value: number) => string;
  joins: Joins;
}

const milliseconds = (value: number) =>
  value < 1000
    ? `${formatNumber(Math.round(value * 10) / 10)} ms`
    : `${formatNumber(Math.round(value / 100) / 10)} s`;
const count = (value: number) => formatNumber(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));

const CHARTS: readonly Chart[] = [
  { label: 'charts.requests', lines: { requests: 'charts.requests' }, format: count, joins: 'rate' },
  {
    label: 'charts.latency',
    lines: { p99: 'charts.p99', p95: 'charts.p95', p50: 'charts.p50' },
    format: milliseconds,
    joins: 'worst',
  },
  {
    label: 'charts.errors',
    lines: { errors: 'charts.failed', refused: 'charts.refused' },
    format: count,
    joins: 'rate',
  },
  {
    label: 'charts.loop',
    lines: { loop_max: 'charts.longest', loop_mean: 'charts.mean' },
    format: milliseconds,
    joins: 'worst',
  },
  {
    label: 'charts.database',
    lines: { database_bytes: 'charts.databaseSize', wal_bytes: 'charts.walSize' },
    format: formatBytes,
    joins: 'worst',
  },
  {
    label: 'charts.commits',
    lines: { committed_writes: 'charts.writes', commits: 'charts.transactions' },
    format: count,
    joins: 'rate',
  },
  {
    label: 'charts.memory',
    lines: { memory: 'charts.ofProcess', heap: 'charts.heap' },
    format: formatBytes,
    joins: 'total',
  },
  {
    label: 'charts.jobs',
    lines: { jobs_queued: 'charts.queued', jobs_running: 'charts.running' },
    format: count,
    joins: 'worst',
  },
];

/** Spans of time in hours, and the minutes between two marks of their axis. */
const SPANS: Readonly<Record<number, number>> = { 1: 15, 6: 120, 24: 360 };
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });

const REFRESH_MS = 30_000;
/** Measures of the last hours as lines. */
export function Charts({ app }: { app: string }) {
  const [hours, setHours] = useState(24);
  const [only, setOnly] = useState('');
  const { data, error, refetch } = useQuery({
    queryKey: ['metrics', app, hours],
    queryFn: () => request<History>(app, 'GET', `/v1/admin/metrics?hours=${hours}`),
    refetchInterval: REFRESH_MS,
  });
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Loading />;
  const isEmpty = data.items.every(({ samples }) => samples.length === 0);
  const named = data.items.map((item) => ({ name: processName(item.process), item }));
  const chosen = named.filter(({ name }) => only === '' || name === only).map(({ item }) => item);
  const end = Date.now();
  const from = end - hours * 3_600_000;
  const step = (SPANS[hours] ?? 60) * 60_000;
  return (
    <>
      <div className="row">
        <select
          className="input"
          aria-label={t('charts.span')}
          value={hours}
          onChange={({ target }) => setHours(Number(target.value))}
        >
          {Object.keys(SPANS).map((one) => (
            <option key={one} value={one}>
              {t('charts.hours', { hours: one })}
            </option>
          ))}
        </select>
        {named.length > 1 && (
          <select
            className="input"
            aria-label={t('processes.process')}
            value={only}
            onChange={({ target }) => setOnly(target.value)}
          >
            <option value="">{t('charts.allProcesses', { count: named.length })}</option>
            {named.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
        {isEmpty && <span className="muted">{t('charts.empty')}</span>}
      </div>
      <div className="cards charts">
        {CHARTS.map((chart) => (
          <ChartCard key={chart.label} {...{ chart, from, end, step }} history={{ items: chosen }} />
        ))}
      </div>
    </>
  );
}

interface ChartCardProps {
  chart: Chart;
  history: History;
  from: number;
  end: number;
  /** Milliseconds between two marks of the axis of time. */
  step: number;
}

/** Lines over time, with their last values, or those under the pointer. */
function ChartCard({ chart, history, from, end, step }: ChartCardProps) {
  const { label, lines, format, joins } = chart;
  const [at, setAt] = useState<number>();
  const series = Object.entries(lines).map(([measure, name]) => {
    const points = pointsOf(measure, history, { from, end, joins });
    const value = at === undefined ? points.findLast((point) => point !== undefined) : points[at];
    return { measure, name: t(name), points, value: value === undefined ? '–' : format(value) };
  });
  const most = Math.max(...series.flatMap(({ points }) => points.map((point) => point ?? 0)), 0);
  const top = topOf(most);
  const isEmpty = series.every(({ points }) => points.every((point) => point === undefined));
  const left = (time: number) => `${((time - from) / (end - from)) * 100}%`;
  const said = series.map(({ name, value }) => `${name} ${value}`).join(', ');
  return (
    <figure className="card">
      <figcaption className="row">
        <strong>{t(label)}</strong>
        {joins === 'rate' && <span className="muted">{t('charts.perMinute')}</span>}
        <span className="grow" />
        {at !== undefined && (
          <time className="muted">{clock.format(from + ((at + 0.5) / POINTS) * (end - from))}</time>
        )}
      </figcaption>
      <div
        className="plot"
        onPointerMove={({ currentTarget, clientX }) => {
          const { x, width } = currentTarget.getBoundingClientRect();
          setAt(Math.max(0, Math.min(POINTS - 1, Math.floor(((clientX - x) / width) * POINTS))));
        }}
        onPointerLeave={() => setAt(undefined)}
      >
        {[1, 0.5, 0].map((share) => (
          <span key={share} className="level muted" style={{ top: `${(1 - share) * 100}%` }}>
            {share === 0 ? 0 : format(top * share)}
          </span>
        ))}
        <svg
          viewBox={`0 0 ${POINTS} 100`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${t(label)}: ${said}, ${t('charts.most', { value: format(most) })}`}
        >
          {series.toReversed().map(({ measure, points }) => (
            <path
              key={measure}
              className={`line-${Object.keys(lines).indexOf(measure)}`}
              d={pathOf(points, top, { from, end })}
            />
          ))}
        </svg>
        {at !== undefined && <span className="hand" style={{ left: `${((at + 0.5) / POINTS) * 100}%` }} />}
        {isEmpty && <span className="none muted">{t('charts.none')}</span>}
      </div>
      <div className="hours muted" aria-hidden="true">
        {ticksOf({ from, end }, step).map((time) => (
          <span key={time} style={{ left: left(time) }} title={formatInstant(time)}>
            {clock.format(time)}
          </span>
        ))}
      </div>
      <ul className="legend">
        {series.map(({ measure, name, value }, place) => (
          <li key={measure}>
            <span className={`key line-${place}`} />
            <span className="muted">{name}</span>
            <span className="number">{value}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
