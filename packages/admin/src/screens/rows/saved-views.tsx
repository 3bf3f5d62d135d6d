import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { request } from '../../api/api.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { toastProblem } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import type { View } from './view.ts';

interface SavedView {
  id: number;
  resource: string;
  name: string;
  view: View;
}

interface SavedViewsProps {
  app: string;
  resource: string;
  /** Whether there may be deleted rows to bring back. */
  hasDeleted: boolean;
  view: View;
  change: (next: Partial<View>) => void;
}

const NOTHING: Readonly<Record<keyof View, undefined>> = {
  filter: undefined,
  sort: undefined,
  search: undefined,
  columns: undefined,
  deleted: undefined,
  open: undefined,
};

/** Views under a name, kept by the server for the operator; every view is also a link. */
export function SavedViews({ app, resource, hasDeleted, view, change }: SavedViewsProps) {
  const queries = useQueryClient();
  const queryKey = ['views', app];
  const { data } = useQuery({
    queryKey,
    queryFn: () => request<{ items: SavedView[] }>(app, 'GET', '/v1/admin/views'),
  });
  const views = data?.items.filter((one) => one.resource === resource) ?? [];
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const options = {
    onSuccess: () => queries.invalidateQueries({ queryKey }),
    onError: toastProblem,
  };
  const saving = useMutation({
    ...options,
    mutationFn: () => {
      const { open: _, ...saved } = view;
      return request(app, 'PUT', '/v1/admin/views', { body: { resource, name, view: saved } });
    },
    onSuccess: async () => {
      await options.onSuccess();
      setNaming(false);
    },
  });
  const removing = useMutation({
    ...options,
    mutationFn: (id: number) => request(app, 'DELETE', `/v1/admin/views/${id}`),
  });
  return (
    <>
      <Menu
        label={t('views.title')}
        text={<span>{t('views.title')}</span>}
        icon="star"
        className="plain collapses"
      >
        {/* Members that are undefined take what is set out of the address. */}
        <MenuItem icon="rows" onSelect={() => change(NOTHING)}>
          {t('views.all')}
        </MenuItem>
        {hasDeleted && (
          <MenuItem icon="trash" onSelect={() => change({ ...NOTHING, deleted: true })}>
            {t('views.deleted')}
          </MenuItem>
        )}
        {views.map((saved) => (
          <div className="column-item" key={saved.id}>
            <MenuItem icon="star" onSelect={() => change({ ...NOTHING, ...saved.view })}>
              {saved.name}
            </MenuItem>
            <button
              type="button"
              className="button plain icon"
              aria-label={`${t('action.remove')} ${saved.name}`}
              onClick={() => removing.mutate(saved.id)}
            >
              ×
            </button>
          </div>
        ))}
        <MenuItem icon="plus" onSelect={() => setNaming(true)}>
          {t('views.save')}
        </MenuItem>
        <MenuItem icon="link" onSelect={() => void navigator.clipboard?.writeText(location.href)}>
          {t('views.link')}
        </MenuItem>
      </Menu>
      {isNaming && (
        <Dialog title={t('views.save')} onClose={() => setNaming(false)}>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              saving.mutate();
            }}
          >
            <TextField label={t('views.name')} value={name} onChange={setName} autoFocus required />
            <div className="dialog-actions">
              <Button type="submit" look="primary" disabled={saving.isPending}>
                {t('action.save')}
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
