import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { RowsQuery } from '../../../api/api.ts';
import type { DeclaredResource } from '../../../api/declaration.ts';
import { formatNumber, t } from '../../../i18n/translate.ts';
import { Button } from '../../../ui/button.tsx';
import { toast } from '../../../ui/feedback.tsx';
import { Menu, MenuItem } from '../../../ui/menu.tsx';
import { ExportRows } from '../export-rows.tsx';
import { filterTree } from '../filter-tree.ts';
import type { View } from '../view.ts';
import { BulkDelete, BulkEdit, BulkStep } from './bulk-dialogs.tsx';
import { countView, queriesOf, type Target } from './bulk-writes.ts';

interface BulkBarProps {
  app: string;
  resource: DeclaredResource;
  mayWrite: boolean;
  view: View;
  selected: ReadonlySet<string>;
  /** Whether all rows of the view are selected. */
  isWhole: boolean;
  onDone: () => void;
}

type Doing = { kind: 'edit' | 'delete' | 'export' } | { kind: 'step'; name: string };

/** Actions on the rows that are selected, or on all of the view. */
export function BulkBar({ app, resource, mayWrite, view, selected, isWhole, onDone }: BulkBarProps) {
  const queries = useQueryClient();
  const [doing, setDoing] = useState<Doing>();
  const [isView, setView] = useState(false);
  const query = viewQuery(view);
  const { data: viewCount, isFetching } = useQuery({
    queryKey: ['count', app, resource.name, query],
    queryFn: () => countView(app, resource.name, query),
    enabled: isView,
    staleTime: 0,
  });
  const isInteger = resource.id.schema.type === 'integer';
  const target: Target = {
    app,
    resource,
    ids: isView ? undefined : [...selected].map((id) => (isInteger ? Number(id) : id)),
    count: isView ? (viewCount ?? 0) : selected.size,
    nodes: view.filter ?? [],
    search: view.search,
    deleted: view.deleted === true,
  };
  const isCounting = isView && isFetching;
  const close = () => setDoing(undefined);
  const done = async (count: number) => {
    close();
    toast(t('bulk.done', { count: formatNumber(count) }));
    onDone();
    await queries.invalidateQueries({ queryKey: ['rows', app] });
    await queries.invalidateQueries({ queryKey: ['count', app] });
  };
  const dialog = { target, onDone: done, onClose: close };
  const text = isView ? 'bulk.wholeView' : 'bulk.selected';
  return (
    <div className="bulk-bar" role="region" aria-label={t('bulk.title')}>
      <strong role="status">
        {isCounting ? `${t('bulk.counting')} …` : t(text, { count: formatNumber(target.count) })}
      </strong>
      {!isView && !isWhole && (
        <button type="button" className="link" onClick={() => setView(true)}>
          {t('bulk.selectView')}
        </button>
      )}
      <span className="grow" />
      {mayWrite && !isCounting && <Actions {...{ resource, setDoing }} isDeleted={view.deleted === true} />}
      {!view.deleted && (
        <Button icon="download" onClick={() => setDoing({ kind: 'export' })}>
          {t('rows.export')}
        </Button>
      )}
      <Button look="plain" icon="close" label={t('bulk.clear')} onClick={onDone} />
      {doing?.kind === 'edit' && <BulkEdit {...dialog} />}
      {doing?.kind === 'delete' && <BulkDelete {...dialog} />}
      {doing?.kind === 'step' && <BulkStep {...dialog} step={doing.name} />}
      {doing?.kind === 'export' && (
        <ExportRows {...{ app, resource }} queries={queriesOf(target)} onClose={close} />
      )}
    </div>
  );
}

/** The rows of a view, in any order. */
function viewQuery({ filter: nodes = [], search, deleted }: View): RowsQuery {
  const filter = filterTree(nodes);
  return { ...(filter && { filter }), ...(search && { search }), ...(deleted && { deleted }) };
}

interface ActionsProps {
  resource: DeclaredResource;
  isDeleted: boolean;
  setDoing: (doing: Doing) => void;
}

function Actions({ resource, isDeleted, setDoing }: ActionsProps) {
  const steps = resource.steps.filter(({ may }) => may);
  if (isDeleted)
    return (
      <Button icon="history" look="primary" onClick={() => setDoing({ kind: 'step', name: 'restore' })}>
        {t('row.restore')}
      </Button>
    );
  return (
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
  );
}
