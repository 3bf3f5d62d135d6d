import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { unwrap } from 'trestle-client';
import { clientOf, isId, type Row, request } from '../../api/api.ts';
import { type DeclaredResource, type Step, useDeclaration } from '../../api/declaration.ts';
import { labelOf, readLabels } from '../../api/labels.ts';
import { useMayWrite } from '../../api/session.ts';
import { formatAge, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { toast, toastProblem } from '../../ui/feedback.tsx';
import { useJobOf } from '../jobs/live-jobs.ts';
import { rowKey } from './row-form.ts';

interface StepsProps {
  app: string;
  resource: DeclaredResource;
  row: Row;
}

/** The states of a row, drawn in the order in which they follow each other, and the steps that lead on from the current one. */
export function Steps({ app, resource, row }: StepsProps) {
  const { steps } = resource;
  const fields = [...new Set(steps.map(({ field }) => field))];
  return fields.map((field) => (
    <OneField
      key={field}
      {...{ app, resource, row, field }}
      steps={steps.filter((step) => step.field === field)}
    />
  ));
}

function OneField({
  app,
  resource,
  row,
  field,
  steps,
}: StepsProps & { field: string; steps: readonly Step[] }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const state = useStateName({ app, resource, row, field });
  const isOperation = ({ kind }: Step) => kind === 'operation';
  const job = useJobOf(app, steps.some(isOperation) ? resource.name : undefined, String(row.id));
  const stepping = useMutation({
    mutationFn: async (step: Step) => {
      const rows = clientOf(app).rows[resource.name];
      if (!rows) throw new Error(resource.name);
      if (!isOperation(step)) return unwrap(await rows.transition(row.id, step.name));
      unwrap(await rows.start(row.id, step.name));
      return undefined;
    },
    onSuccess: async (saved, { name }) => {
      toast(t(saved ? 'steps.done' : 'steps.started', { step: name }));
      if (saved) queries.setQueryData(rowKey(app, resource.name, row.id), saved);
      await queries.invalidateQueries({ queryKey: ['rows', app] });
      await queries.invalidateQueries({ queryKey: ['moves', app] });
      await queries.invalidateQueries({ queryKey: ['jobs', app] });
    },
    onError: toastProblem,
  });
  return (
    <section className="steps" aria-label={field}>
      <ol>
        {statesOf(steps).map((name) => (
          <li key={name} aria-current={name === state ? 'step' : undefined}>
            {name}
          </li>
        ))}
      </ol>
      {mayWrite && (
        <span className="row tight">
          {steps
            .filter(({ from }) => state !== undefined && from.includes(state))
            .map((step) => (
              <Button
                key={step.name}
                icon="play"
                disabled={stepping.isPending}
                onClick={() => stepping.mutate(step)}
              >
                {step.name}
              </Button>
            ))}
        </span>
      )}
      {job && (
        <span className="row tight" role="status">
          <progress max={1} value={job.progress} aria-label={`${t('jobs.progress')} ${job.name}`} />
          <span className="muted">{job.message ?? job.state}</span>
        </span>
      )}
      {steps.some(isOperation) && <Moves {...{ app, resource, row }} />}
    </section>
  );
}

/** The name of a row's state: its own value, or that of the row which it refers to. */
function useStateName({ app, resource, row, field }: StepsProps & { field: string }): string | undefined {
  const declaration = useDeclaration(app);
  const value = row[field];
  const target = resource.fields.find(({ name }) => name === field)?.resource ?? null;
  const { data } = useQuery({
    queryKey: ['label', app, target, String(value)],
    queryFn: async () =>
      isId(value) && target ? ((await readLabels(app, target, [value]))[0] ?? null) : null,
    enabled: target !== null,
    staleTime: 60_000,
  });
  if (target === null) return String(value);
  return data ? labelOf(declaration, target, data) : undefined;
}

/** States in the order in which steps lead from one to the next. */
function statesOf(steps: readonly Step[]): string[] {
  return [...new Set(steps.flatMap(({ from, to }) => [...from, to]))];
}

interface Move {
  id: string | number;
  operation?: string;
  from?: string;
  to?: string;
  at?: string;
  created_at?: string;
  [member: string]: unknown;
}

function Moves({ app, resource, row }: StepsProps) {
  const { data } = useQuery({
    queryKey: ['moves', app, resource.name, String(row.id)],
    queryFn: () => request<{ items: Move[] }>(app, 'GET', `/v1/${resource.name}/${row.id}/moves?limit=20`),
  });
  if (!data || data.items.length === 0) return null;
  return (
    <ul className="moves">
      {data.items.map((move) => {
        const at = String(move.at ?? move.created_at ?? '');
        return (
          <li key={move.id}>
            <span className="badge">{String(move.to ?? move.operation ?? '')}</span>{' '}
            <time className="muted" dateTime={at} title={formatInstant(at)}>
              {formatAge(at)}
            </time>
          </li>
        );
      })}
      <li>
        <Link to="/$app/jobs" params={{ app }}>
          {t('nav.jobs')}
        </Link>
      </li>
    </ul>
  );
}
