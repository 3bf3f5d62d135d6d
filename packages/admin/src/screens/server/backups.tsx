import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request, urlOf } from '../../api/api.ts';
import { useMayWrite } from '../../api/session.ts';
import { formatAge, formatBytes, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading, toast, toastProblem } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icons.tsx';

interface Backup {
  name: string;
  at: string;
  bytes: number | null;
}

interface BackupList {
  target: string;
  schedule: { at: string; keep: number } | null;
  items: readonly Backup[];
}

/** Backups: made now, read back, downloaded; when they are made by themselves, and how one is restored. */
export function Backups({ app }: { app: string }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const { data, error } = useQuery({
    queryKey: ['backups', app],
    queryFn: () => request<BackupList>(app, 'GET', '/v1/admin/backups'),
  });
  const making = useMutation({
    mutationFn: () => request<Backup>(app, 'POST', '/v1/admin/backups'),
    onSuccess: async ({ name }) => {
      toast(t('backups.made', { name }));
      await queries.invalidateQueries({ queryKey: ['backups', app] });
    },
    onError: toastProblem,
  });
  if (error) return <Failed error={error} />;
  if (!data) return <Loading />;
  const { target, schedule, items } = data;
  return (
    <>
      <div className="row">
        <span className="grow">
          <code>{target}</code>{' '}
          <span className="muted">
            {schedule
              ? t('backups.schedule', { at: schedule.at, keep: schedule.keep })
              : t('backups.noSchedule')}
          </span>
        </span>
        {mayWrite && (
          <Button look="primary" icon="plus" disabled={making.isPending} onClick={() => making.mutate()}>
            {t('backups.make')}
          </Button>
        )}
      </div>
      {items.length === 0 && <Empty title={t('backups.none')} />}
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('server.backups')}>
        <table className="grid-table">
          <tbody>
            {items.map((backup) => (
              <BackupLine key={backup.name} {...{ app, backup, mayWrite }} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="muted">
        {t('backups.restoreHint')} <code>trestle restore</code>
      </p>
    </>
  );
}

interface BackupLineProps {
  app: string;
  backup: Backup;
  mayWrite: boolean;
}

function BackupLine({ app, backup: { name, at, bytes }, mayWrite }: BackupLineProps) {
  const [check, setCheck] = useState<{ ok: boolean; detail: string }>();
  const path = `/v1/admin/backups/${encodeURIComponent(name)}`;
  const verifying = useMutation({
    mutationFn: () => request<{ ok: boolean; detail: string }>(app, 'POST', `${path}:verify`),
    onSuccess: setCheck,
    onError: toastProblem,
  });
  return (
    <tr>
      <th scope="row">
        {name} {check && <span className={`badge ${check.ok ? 'good' : 'bad'}`}>{check.detail}</span>}
      </th>
      <td title={formatInstant(at)}>{formatAge(at)}</td>
      <td className="number">{bytes === null ? '' : formatBytes(bytes)}</td>
      <td>
        <span className="row tight">
          <Button icon="check" disabled={verifying.isPending} onClick={() => verifying.mutate()}>
            {t('backups.verify')}
          </Button>
          {mayWrite && (
            <a className="button" href={urlOf(app, path)} download>
              <Icon name="download" />
              {t('backups.download')}
            </a>
          )}
        </span>
      </td>
    </tr>
  );
}
