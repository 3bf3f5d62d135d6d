import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { unwrap } from 'trestle-client';
import { clientOf, type Row } from '../../api/api.ts';
import type { DeclaredResource } from '../../api/declaration.ts';
import { hasInvalidText } from '../../fields/editor.ts';
import { blankOf } from '../../fields/field-of-schema.ts';
import { Editor } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm, Dialog } from '../../ui/dialog.tsx';
import { ProblemNotice, toast } from '../../ui/feedback.tsx';
import { Field } from '../../ui/field.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { ExportRows } from './export-rows.tsx';
import type { View } from './view.ts';

/** Ids that one filter takes. */
const MAX_IDS = 100;

interface BulkBarProps {
  app: string;
  resource: DeclaredResource;
  mayWrite: boolean;
  view: View;
  selected: ReadonlySet<string>;
  onDone: () => void;
}

type Doing = { kind: 'edit' | 'delete' | 'export' } | { kind: 'step'; name: string };

/** Actions on the rows that are selected. */
export function BulkBar({ app, resource, mayWrite, selected, onDone }: BulkBarProps) {
  const queries = useQueryClient();
  const [doing, setDoing] = useState<Doing>();
  const ids = [...selected];
  const filter = { id: { in: resource.id.schema.type === 'integer' ? ids.map(Number) : ids } };
  const close = () => setDoing(undefined);
  const done = async (count: number) => {
    close();
    toast(t('bulk.done', { count }));
    onDone();
    await queries.invalidateQueries({ queryKey: ['rows', app] });
  };
  const steps = resource.steps.filter(({ may }) => may);
  return (
    <div className="bulk-bar" role="region" aria-label={t('bulk.title')}>
      <strong>{t('bulk.selected', { count: selected.size })}</strong>
      {mayWrite && (
        <>
          {resource.may.update && (
            <Button icon="edit" onClick={() => setDoing({ kind: 'edit' })}>
              {t('bulk.edit')}
            </Button>
          )}
          {steps.length > 0 && (
            <Menu label={t('bulk.step')} text={t('bulk.step')} icon="play">
              {steps.map(({ name }) => (
                <MenuItem key={name} icon="play" onSelect={() => setDoing({ kind: 'step', name })}>
                  {name}
                </MenuItem>
              ))}
            </Menu>
          )}
          {resource.may.delete && (
            <Button icon="trash" look="danger" onClick={() => setDoing({ kind: 'delete' })}>
              {t('action.delete')}
            </Button>
          )}
        </>
      )}
      <Button icon="download" onClick={() => setDoing({ kind: 'export' })}>
        {t('rows.export')}
      </Button>
      <Button look="plain" icon="close" label={t('bulk.clear')} onClick={onDone} />
      {doing?.kind === 'edit' && (
        <BulkEdit {...{ app, resource, ids, filter }} onDone={done} onClose={close} />
      )}
      {doing?.kind === 'delete' && (
        <BulkDelete {...{ app, resource, ids, filter }} onDone={done} onClose={close} />
      )}
      {doing?.kind === 'export' && <ExportRows {...{ app, resource }} query={{ filter }} onClose={close} />}
      {doing?.kind === 'step' && (
        <BulkStep {...{ app, resource, ids }} step={doing.name} onDone={done} onClose={close} />
      )}
    </div>
  );
}

interface BulkProps {
  app: string;
  resource: DeclaredResource;
  ids: readonly string[];
  onDone: (count: number) => Promise<void>;
  onClose: () => void;
}

interface FilteredProps extends BulkProps {
  filter: { id: { in: readonly (string | number)[] } };
}

/** The ids of a filter in portions that a request takes. */
function portions({ id }: FilteredProps['filter']): FilteredProps['filter'][] {
  const all = id.in;
  const count = Math.ceil(all.length / MAX_IDS);
  return Array.from({ length: count }, (_, at) => ({
    id: { in: all.slice(at * MAX_IDS, (at + 1) * MAX_IDS) },
  }));
}

function rowsOf(app: string, { name }: DeclaredResource) {
  const rows = clientOf(app).rows[name];
  if (!rows) throw new Error(name);
  return rows;
}

/** One field of all rows that are selected, changed all or none. */
function BulkEdit({ app, resource, ids, filter, onDone, onClose }: FilteredProps) {
  const fields = resource.fields.filter(({ may }) => may.update);
  const [name, setName] = useState(fields[0]?.name ?? '');
  const field = fields.find((one) => one.name === name);
  const [value, setValue] = useState<unknown>(() => fields[0] && blankOf(fields[0]));
  const changing = useMutation({
    mutationFn: async () => {
      let count = 0;
      for (const portion of portions(filter))
        count += unwrap(
          await rowsOf(app, resource).patchMany({ filter: portion, max: MAX_IDS }, { [name]: value }),
        ).count;
      return count;
    },
    onSuccess: onDone,
  });
  return (
    <Dialog title={t('bulk.editTitle', { count: ids.length })} onClose={onClose}>
      {changing.error && <ProblemNotice error={changing.error} />}
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
      <div className="dialog-actions">
        <Button onClick={onClose}>{t('action.cancel')}</Button>
        <Button
          look="primary"
          disabled={changing.isPending || value === undefined || hasInvalidText(value)}
          onClick={() => changing.mutate()}
        >
          {t('bulk.apply', { count: ids.length })}
        </Button>
      </div>
    </Dialog>
  );
}

function BulkDelete({ app, resource, ids, filter, onDone, onClose }: FilteredProps) {
  const deleting = useMutation({
    mutationFn: async () => {
      let count = 0;
      for (const portion of portions(filter))
        count += unwrap(await rowsOf(app, resource).deleteMany({ filter: portion, max: MAX_IDS })).count;
      return count;
    },
    onSuccess: onDone,
  });
  return (
    <Confirm
      title={t('bulk.deleteTitle', { count: ids.length })}
      action={t('action.delete')}
      isDangerous
      isBusy={deleting.isPending}
      onConfirm={() => deleting.mutate()}
      onClose={onClose}
    >
      {deleting.error && <ProblemNotice error={deleting.error} />}
      <p>{t(resource.softDelete ? 'row.deleteSoft' : 'row.deleteHard')}</p>
    </Confirm>
  );
}

/** A transition or an operation of each row; those that are not in a state for it say so, and the others go on. */
function BulkStep({ app, resource, ids, step, onDone, onClose }: BulkProps & { step: string }) {
  const [refused, setRefused] = useState<readonly { id: string; error: unknown }[]>([]);
  const isTransition = resource.steps.some(({ name, kind }) => name === step && kind === 'transition');
  const stepping = useMutation({
    mutationFn: async () => {
      const failures: { id: string; error: unknown }[] = [];
      for (const id of ids) {
        try {
          const rows = rowsOf(app, resource);
          const row: Row = isTransition
            ? unwrap(await rows.transition(id, step, { version: 'any' }))
            : unwrap(await rows.start(id, step));
          void row;
        } catch (error) {
          failures.push({ id, error });
        }
      }
      setRefused(failures);
      return failures.length;
    },
    onSuccess: async (failures) => {
      if (failures === 0) await onDone(ids.length);
    },
  });
  return (
    <Confirm
      title={t('bulk.stepTitle', { step, count: ids.length })}
      action={step}
      isBusy={stepping.isPending || refused.length > 0}
      onConfirm={() => stepping.mutate()}
      onClose={refused.length > 0 ? () => void onDone(ids.length - refused.length) : onClose}
    >
      {refused.map(({ id, error }) => (
        <div key={id}>
          <code>{id}</code>
          <ProblemNotice error={error} />
        </div>
      ))}
    </Confirm>
  );
}
