import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useDeclaration } from '../../../api/declaration.ts';
import { hasInvalidText } from '../../../fields/editor.ts';
import { blankOf } from '../../../fields/field-of-schema.ts';
import { Editor } from '../../../fields/registry.tsx';
import { formatNumber, t } from '../../../i18n/translate.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { ProblemNotice } from '../../../ui/feedback.tsx';
import { Field } from '../../../ui/field.tsx';
import { EffectList } from '../../row/cascade.tsx';
import { referrersOf } from '../../row/children.tsx';
import { type Refusal, reachedBy, requestsOf, stepRows, type Target, writeRows } from './bulk-writes.ts';

interface BulkProps {
  target: Target;
  onDone: (count: number) => Promise<void>;
  onClose: () => void;
}

/** One field of all rows. */
export function BulkEdit({ target, onDone, onClose }: BulkProps) {
  const { app, resource } = target;
  const fields = resource.fields.filter(({ may }) => may.update);
  const [name, setName] = useState(fields[0]?.name ?? '');
  const field = fields.find((one) => one.name === name);
  const [value, setValue] = useState<unknown>(() => fields[0] && blankOf(fields[0]));
  return (
    <BulkDialog
      {...{ target, onDone, onClose }}
      title={t('bulk.editTitle', { count: formatNumber(target.count) })}
      action={t('bulk.apply', { count: formatNumber(target.count) })}
      change={{ [name]: value }}
      isReady={value !== undefined && !hasInvalidText(value)}
    >
      <Field label={t('filter.field')}>
        {({ id }) => (
          <select
            id={id}
            className="input"
            value={name}
            onChange={({ target }) => {
              setName(target.value);
              const next = fields.find((one) => one.name === target.value);
              setValue(next && blankOf(next));
            }}
          >
            {fields.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        )}
      </Field>
      {field && (
        <Field label={t('filter.value')}>
          {(control) => (
            <Editor {...control} {...{ app, field, value }} onChange={setValue} isReadOnly={false} />
          )}
        </Field>
      )}
    </BulkDialog>
  );
}

/** The deletion of all rows, after what goes with them. */
export function BulkDelete({ target, onDone, onClose }: BulkProps) {
  const { app, resource, count } = target;
  const declaration = useDeclaration(app);
  const { data: reached, error } = useQuery({
    queryKey: ['reached', app, resource.name, target.ids, target.nodes, target.search],
    queryFn: () => reachedBy(target, referrersOf(declaration, resource.name)),
    enabled: !resource.softDelete,
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <BulkDialog
      {...{ target, onDone, onClose }}
      title={t('bulk.deleteTitle', { count: formatNumber(count) })}
      action={t('bulk.delete', { count: formatNumber(count) })}
      change={undefined}
      isReady
    >
      <p>{t(resource.softDelete ? 'bulk.deleteSoft' : 'row.deleteHard')}</p>
      {error && <ProblemNotice error={error} />}
      {reached && <EffectList reaches={reached} />}
    </BulkDialog>
  );
}

interface BulkDialogProps extends BulkProps {
  title: string;
  action: string;
  /** Fields that all rows get; undefined deletes them. */
  change: object | undefined;
  isReady: boolean;
  children: React.ReactNode;
}

/** A write of many rows: tried without writing, then done. */
function BulkDialog({ target, title, action, change, isReady, onDone, onClose, children }: BulkDialogProps) {
  const [done, setDone] = useState(0);
  const write = (isTrial: boolean) => {
    setDone(0);
    return writeRows(target, change, { isTrial, onProgress: setDone });
  };
  const trial = useMutation({ mutationFn: () => write(true) });
  const writing = useMutation({ mutationFn: () => write(false), onSuccess: onDone });
  const isBusy = trial.isPending || writing.isPending;
  const error = writing.error ?? trial.error;
  const requests = requestsOf(target);
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <p className="muted">
        {requests === 1 ? t('bulk.whole') : t('bulk.parts', { count: formatNumber(requests) })}
      </p>
      {error && <ProblemNotice error={error} />}
      {writing.error && done > 0 && (
        <p className="error-text">{t('bulk.partly', { count: formatNumber(done) })}</p>
      )}
      {isBusy && <progress aria-label={title} value={done} max={target.count} />}
      <div className="dialog-actions">
        <span className="grow" role="status">
          {trial.isSuccess && !isBusy && t('bulk.fits', { count: formatNumber(trial.data) })}
        </span>
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button
          disabled={isBusy || !isReady}
          onClick={() => {
            writing.reset();
            trial.mutate();
          }}
        >
          {t('import.try')}
        </Button>
        <Button
          look={change ? 'primary' : 'danger'}
          disabled={isBusy || !isReady}
          onClick={() => {
            trial.reset();
            writing.mutate();
          }}
        >
          {action}
        </Button>
      </div>
    </Dialog>
  );
}

/** A transition or an operation of each row, or its return; those that are not in a state for it say so, and the others go on. */
export function BulkStep({ target, step, onDone, onClose }: BulkProps & { step: string }) {
  const { count } = target;
  const [done, setDone] = useState(0);
  const [refused, setRefused] = useState<readonly Refusal[]>([]);
  const stepping = useMutation({
    mutationFn: () => stepRows(target, step, { onProgress: setDone }),
    onSuccess: async (refusals) => {
      setRefused(refusals);
      if (refusals.length === 0) await onDone(count);
    },
  });
  const isOver = refused.length > 0;
  const name = step === 'restore' ? t('row.restore') : step;
  return (
    <Dialog
      title={t('bulk.stepTitle', { step: name, count: formatNumber(count) })}
      onClose={isOver ? () => void onDone(count - refused.length) : onClose}
    >
      <p className="muted">{t(step === 'restore' ? 'bulk.restoreEach' : 'bulk.each')}</p>
      {stepping.error && <ProblemNotice error={stepping.error} />}
      {stepping.isPending && <progress aria-label={name} value={done} max={count} />}
      {isOver && <p>{t('bulk.refused', { count: refused.length, done: count - refused.length })}</p>}
      {refused.slice(0, MAX_SHOWN).map(({ id, error }) => (
        <div key={id}>
          <code>{id}</code>
          <ProblemNotice error={error} />
        </div>
      ))}
      <div className="dialog-actions">
        <Button onClick={isOver ? () => void onDone(count - refused.length) : onClose}>
          {t(isOver ? 'action.close' : 'action.cancel')}
        </Button>
        {!isOver && (
          <Button look="primary" disabled={stepping.isPending} onClick={() => stepping.mutate()}>
            {name}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

/** Refusals that are shown one by one. */
const MAX_SHOWN = 20;
