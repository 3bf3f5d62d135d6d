import { useState } from 'react';
import { kept } from '../../api/store.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import type { View } from './view.ts';

interface SavedView {
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

/** Views under a name, kept in this browser; every view is also a link. */
export function SavedViews({ app, resource, hasDeleted, view, change }: SavedViewsProps) {
  const key = `views/${app}/${resource}`;
  const [views, setViews] = useState(() => kept.read<SavedView[]>(key) ?? []);
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState('');
  const put = (next: SavedView[]) => {
    setViews(next);
    kept.write(key, next);
  };
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
          <div className="column-item" key={saved.name}>
            <MenuItem icon="star" onSelect={() => change({ ...NOTHING, ...saved.view })}>
              {saved.name}
            </MenuItem>
            <button
              type="button"
              className="button plain icon"
              aria-label={`${t('action.remove')} ${saved.name}`}
              onClick={() => put(views.filter((one) => one !== saved))}
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
              const { open: _, ...saved } = view;
              put([...views.filter((one) => one.name !== name), { name, view: saved }]);
              setNaming(false);
            }}
          >
            <TextField label={t('views.name')} value={name} onChange={setName} autoFocus required />
            <div className="dialog-actions">
              <Button type="submit" look="primary">
                {t('action.save')}
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
