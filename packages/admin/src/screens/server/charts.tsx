import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/api.ts';
import { formatBytes, formatInstant, formatNumber, type MessageKey, t } from '../../i18n/translate.ts';
import { Failed, Loading } from '../../ui/feedback.tsx';
import { type History, type Joins, POINTS, pointsOf } from './measures.ts';
import { processName } from './settings.tsx';

interface Chart extends Joins {
  label: MessageKey;
  /** Measures drawn as lines, the first the strongest. */
  lines: readonly string[];
  format: (value: number) => string;
}

const milliseconds = (value: number) => `${formatNumber(Math.round(value * 10) / 10)} ms`;
const count = (value: number) => formatNumber(Math.round(value));

const CHARTS: readonly Chart[] = [
  { label: 'charts.requests', lines: ['requests'], format: count, within: 'sum', across: 'sum' },
  {
    label: 'charts.latency',
    lines: ['p99', 'p95', 'p50'],
    format: milliseconds,
    within: 'max',
    across: 'max',
  },
  { label: 'charts.errors', lines: ['errors', 'refused'], format: count, within: 'sum', across: 'sum' },
  {
    label: 'charts.loop',
    lines: ['loop_max', 'loop_mean'],
    format: milliseconds,
    within: 'max',
    across: 'max',
  },
  {
    label: 'charts.database',
    lines: ['database_bytes', 'wal_bytes'],
    format: formatBytes,
    within: 'max',
    across: 'max',
  },
  {
    label: 'charts.commits',
    lines: ['committed_writes', 'commits'],
    format: count,
    within: 'sum',
    across: 'sum',
  },
  { label: 'charts.memory', lines: ['memory', 'heap'], format: formatBytes, within: 'max', across: 'sum' },
  {
    label: 'charts.jobs',
    lines: ['jobs_queued', 'jobs_running'],
    format: count,
    within: 'max',
    across: 'max',
  },
];

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
  return (
    <>
      <div className="row">
        <select
          className="input"
          aria-label={t('charts.span')}
          value={hours}
          onChange={({ target }) => setHours(Number(target.value))}
        >
          {[1, 6, 24].map((one) => (
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
          <ChartCard key={chart.label} chart={chart} history={{ items: chosen }} from={from} end={end} />
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
}

function ChartCard({ chart, history, from, end }: ChartCardProps) {
  const { label, lines, format } = chart;
  const series = lines.map((measure) => ({
    measure,
    points: pointsOf(measure, history, { ...chart, from, end }),
  }));
  const most = Math.max(...series.flatMap(({ points }) => points.map((point) => point ?? 0)), 0);
  const last = series[0]?.points.findLast((point) => point !== undefined);
  return (
    <figure className="card">
      <figcaption className="row">
        <strong className="grow">{t(label)}</strong>
        <span className="number">{last === undefined ? '–' : format(last)}</span>
      </figcaption>
      <svg
        className="chart"
        viewBox={`0 0 ${POINTS} 80`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${t(label)}: ${last === undefined ? '–' : format(last)}, ${t('charts.most', { value: format(most) })}`}
      >
        {series.map(({ measure, points }) => (
          <path key={measure} d={lineOf(points, most)}>
            <title>{measure}</title>
          </path>
        ))}
      </svg>
      <div className="muted row">
        <span className="grow">{lines.join(' · ')}</span>
        <span title={formatInstant(from)}>{t('charts.most', { value: format(most) })}</span>
      </div>
    </figure>
  );
}

function lineOf(points: readonly (number | undefined)[], most: number): string {
  let path = '';
  let isDrawing = false;
  points.forEach((value, at) => {
    // A few steps without a sample are no gap: there is one every half minute.
    if (value === undefined) return;
    const y = 78 - (most === 0 ? 0 : (value / most) * 74);
    path += `${isDrawing ? 'L' : 'M'}${at} ${y.toFixed(1)}`;
    isDrawing = true;
  });
  return path;
}
