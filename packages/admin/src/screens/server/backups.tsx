import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { problemOf, request, urlOf } from '../../api/api.ts';
import { useMayWrite } from '../../api/session.ts';
import { formatAge, formatBytes, formatInstant, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading, toast, toastProblem } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icons.tsx';
import { BackupSchedule, type BackupSettings } from './backup-schedule.tsx';
import { LastRestore, type Restore, RestoreDialog } from './restore.tsx';

interface Backup {
  name: string;
  at: string;
  bytes: number | null;
}

interface BackupList {
  settings: BackupSettings;
  restore: Restore | null;
  items: readonly Backup[];
}

/** How often a server that restores is asked whether it serves again. */
const RESTORING_MS = 1000;

/** Backups: made now or by a schedule, read back, downloaded, restored. */
export function Backups({ app }: { app: string }) {
  const queries = useQueryClient();
  const mayWrite = useMayWrite(app);
  const [restoring, setRestoring] = useState<string>();
  const { data, error } = useQuery({
    queryKey: ['backups', app],
    queryFn: () => request<BackupList>(app, 'GET', '/v1/admin/backups'),
    refetchInterval: ({ state }) => state.data?.restore?.state === 'restoring' && RESTORING_MS,
    // A server that restores answers nobody for a while.
    retry: (_count, failure) =>
      problemOf(failure).status === 0 &&
      queries.getQueryData<BackupList>(['backups', app])?.restore?.state === 'restoring',
    retryDelay: RESTORING_MS,
  });
  const making = useMutation({
    mutationFn: () => request<Backup>(app, 'POST', '/v1/admin/backups'),
    onSuccess: async ({ name }) => {
      toast(t('backups.made', { name }));
      await queries.invalidateQueries({ queryKey: ['backups', app] });
    },
    onError: toastProblem,
  });
  if (error && !data) return <Failed error={error} />;
  if (!data) return <Loading />;
  const { settings, restore, items } = data;
  return (
    <>
      <div className="row">
        <h2 className="grow">{t('server.backups')}</h2>
        {mayWrite && (
          <Button look="primary" icon="plus" disabled={making.isPending} onClick={() => making.mutate()}>
            {t('backups.make')}
          </Button>
        )}
      </div>
      {restore && <LastRestore restore={restore} />}
      {items.length === 0 && <Empty title={t('backups.none')} />}
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('server.backups')}>
        <table className="grid-table folds">
          <tbody>
            {items.map((backup) => (
              <BackupLine
                key={backup.name}
                {...{ app, backup, mayWrite }}
                onRestore={() => setRestoring(backup.name)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <BackupSchedule key={JSON.stringify(settings)} app={app} settings={settings} />
      {restoring !== undefined && (
        <RestoreDialog app={app} backup={restoring} onClose={() => setRestoring(undefined)} />
      )}
    </>
  );
}

interface BackupLineProps {
  app: string;
  backup: Backup;
  mayWrite: boolean;
  onRestore: () => void;
}

function BackupLine({ app, backup: { name, at, bytes }, mayWrite, onRestore }: BackupLineProps) {
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
        <span className="row tight end">
          <Button icon="check" disabled={verifying.isPending} onClick={() => verifying.mutate()}>
            {t('backups.verify')}
          </Button>
          {mayWrite && (
            <>
              <a className="button" href={urlOf(app, path)} download>
                <Icon name="download" />
                {t('backups.download')}
              </a>
              <Button look="danger" onClick={onRestore}>
                {t('backups.restore')}
              </Button>
            </>
          )}
        </span>
      </td>
    </tr>
  );
}
