import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { queryString } from 'trestle-client';
import { request } from '../../api/api.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { useMayWrite } from '../../api/session.ts';
import { formatAge, formatDuration, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading, ProblemNotice, toast, toastProblem } from '../../ui/feedback.tsx';
import { Attempts } from './attempts.tsx';
import { useLiveJobs } from './live-jobs.ts';

export interface Job {
  id: string;
  name: string;
  resource: string | null;
  row: string | null;
  state: string;
  progress: number;
  message: string | null;
  result: unknown;
  error: string | null;
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

const ACTIVE: ReadonlySet<string> = new Set(['queued', 'running', 'cancelling', 'waiting']);
const LOOKS: Readonly<Record<string, string>> = {
  succeeded: 'good',
  failed: 'bad',
  running: 'info',
  cancelled: 'warn',
};

/** Operations of rows and declared jobs, with their progress, and when declared jobs run next. */
export function JobsScreen() {
  const { app } = useParams({ from: '/$app/jobs' });
  const { state } = useSearch({ from: '/$app/jobs' });
  const navigate = useNavigate({ from: '/$app/jobs' });
  const list = useInfiniteQuery({
    queryKey: ['jobs', app, state],
    initialPageParam: '',
    queryFn: ({ pageParam }) => {
      const filter = state === undefined ? {} : { filter: { state: { eq: state } } };
      const cursor = pageParam === '' ? {} : { cursor: pageParam };
      const query = queryString({ ...filter, ...cursor, limit: 50 });
      return request<{ items: Job[]; next: string | null }>(app, 'GET', `/v1/admin/jobs${query}`);
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  useLiveJobs(app);
  const jobs = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'];
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('nav.jobs')}</h1>
        <span className="grow" />
        <select
          className="input"
          aria-label={t('accounts.state')}
          value={state ?? ''}
          onChange={({ target }) =>
            void navigate({ search: target.value === '' ? {} : { state: target.value } })
          }
        >
          <option value="">{t('jobs.allStates')}</option>
          {states.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <Button icon="refresh" look="plain" label={t('action.refresh')} onClick={() => void list.refetch()} />
      </div>
      <div className="page-body">
        <Schedules app={app} />
        {list.error ? (
          <Failed error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Loading />
        ) : jobs.length === 0 ? (
          <Empty title={t('jobs.none')} />
        ) : (
          <ul className="jobs">
            {jobs.map((job) => (
              <JobLine key={job.id} app={app} job={job} />
            ))}
          </ul>
        )}
        {list.hasNextPage && <Button onClick={() => void list.fetchNextPage()}>{t('history.more')}</Button>}
      </div>
    </div>
  );
}

function JobLine({ app, job }: { app: string; job: Job }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const acting = useMutation({
    mutationFn: (verb: string) => request(app, 'POST', `/v1/admin/jobs/${job.id}:${verb}`),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['jobs', app] }),
    onError: toastProblem,
  });
  const { name, resource, row, state, progress, message, error, attempts } = job;
  const isActive = ACTIVE.has(state);
  return (
    <li className="job" aria-label={`${name} ${state}`}>
      <div className="row">
        <strong>{name}</strong>
        <span className={`badge ${LOOKS[state] ?? ''}`}>{state}</span>
        {resource !== null && row !== null && (
          <Link to="/$app/rows/$resource" params={{ app, resource }} search={{ open: row }}>
            {resource} {row}
          </Link>
        )}
        <span className="grow" />
        <time className="muted" dateTime={job.created_at} title={formatInstant(job.created_at)}>
          {formatAge(job.created_at)}
        </time>
        {mayWrite && isActive && (
          <Button disabled={acting.isPending} onClick={() => acting.mutate('cancel')}>
            {t('action.cancel')}
          </Button>
        )}
        {mayWrite && (state === 'failed' || state === 'cancelled') && (
          <Button icon="refresh" disabled={acting.isPending} onClick={() => acting.mutate('retry')}>
            {t('jobs.retry')}
          </Button>
        )}
      </div>
      {isActive && (
        <progress max={1} value={progress} aria-label={`${t('jobs.progress')} ${name}`}>
          {Math.round(progress * 100)} %
        </progress>
      )}
      <div className="muted">
        {[message, job.finished_at && job.started_at && formatDuration(job.started_at, job.finished_at)]
          .filter(Boolean)
          .join(' · ')}
      </div>
      {error !== null && <p className="error-text">{error}</p>}
      {attempts > 0 && <Attempts app={app} job={job} />}
      {job.result !== null && job.result !== undefined && (
        <pre className="muted">{JSON.stringify(job.result)}</pre>
      )}
    </li>
  );
}

interface Schedule {
  name: string;
  schedule: string;
  next: string;
  fired: string | null;
}

/** Declared jobs: when they run next, and a way to run them now. */
function Schedules({ app }: { app: string }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const { jobs } = useDeclaration(app);
  const { data, error } = useQuery({
    queryKey: ['schedules', app],
    queryFn: () => request<{ items: Schedule[] }>(app, 'GET', '/v1/admin/schedules'),
    enabled: jobs.length > 0,
  });
  const running = useMutation({
    mutationFn: (name: string) => request(app, 'POST', '/v1/admin/jobs', { body: { name } }),
    onSuccess: async (_, name) => {
      toast(t('steps.started', { step: name }));
      await queries.invalidateQueries({ queryKey: ['jobs', app] });
    },
    onError: toastProblem,
  });
  if (jobs.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t('jobs.declared')}</h2>
      {error && <ProblemNotice error={error} />}
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('jobs.declared')}>
        <table className="grid-table folds">
          <tbody>
            {jobs.map(({ name, every, cron, timeZone }) => {
              const schedule = data?.items.find((one) => one.name === name);
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    {cron ? `${cron} (${timeZone})` : every === null ? t('jobs.onDemand') : String(every)}
                  </td>
                  <td className="muted">
                    {schedule && t('jobs.next', { at: formatInstant(schedule.next) })}
                    {schedule?.fired && ` · ${t('jobs.last', { at: formatAge(schedule.fired) })}`}
                  </td>
                  <td>
                    {mayWrite && (
                      <Button icon="play" onClick={() => running.mutate(name)}>
                        {t('jobs.run')}
                      </Button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
