import { type ReactNode, type RefObject, useEffect, useState } from 'react';
import type { Row, RowsQuery } from '../../api/api.ts';
import type { Declaration, DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { kept } from '../../api/store.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { ApiExamples } from '../examples/api-examples.tsx';
import { ExportRows } from './export-rows.tsx';
import { ImportRows } from './import-rows.tsx';
import { SavedViews } from './saved-views.tsx';
import { columnsKey, type View } from './view.ts';

/** Milliseconds after the last key until the search is sent. */
const SEARCH_DELAY_MS = 250;

interface ToolbarProps {
  app: string;
  resource: DeclaredResource;
  declaration: Declaration;
  view: View;
  change: (next: Partial<View>, options?: { replace?: boolean }) => void;
  columns: readonly string[];
  fields: readonly DeclaredField[];
  searchRef: RefObject<HTMLInputElement | null>;
  mayWrite: boolean;
  mayCreate: boolean;
  query: RowsQuery;
  /** The first row of the list. */
  first: Row | undefined;
}

type HeadProps = Pick<ToolbarProps, 'resource' | 'view' | 'change' | 'searchRef' | 'mayCreate'> & {
  children: ReactNode;
};

/** The name of a list, its search, and a new row. */
export function RowsHead({ resource, view, change, searchRef, mayCreate, children }: HeadProps) {
  return (
    <div className="page-head toolbar">
      <h1>{resource.name}</h1>
      {children}
      <span className="grow" />
      {resource.search.length > 0 && <SearchBox {...{ view, change, searchRef }} />}
      {mayCreate && (
        <Button look="primary" icon="plus" className="collapses" onClick={() => change({ open: 'new' })}>
          <span>{t('action.create')}</span>
        </Button>
      )}
    </div>
  );
}

type Dialogs = 'export' | 'import' | 'api';

/** Actions on the view of a list: saving it, its columns, examples, export, import. */
export function ViewTools(props: ToolbarProps) {
  const { app, resource, view, change, mayWrite, mayCreate, query } = props;
  const [open, setOpen] = useState<Dialogs>();
  const close = () => setOpen(undefined);
  return (
    <span className="row tight nowrap tools">
      <SavedViews
        {...{ app, resource: resource.name, view, change }}
        hasDeleted={mayWrite && resource.softDelete && resource.may.delete}
      />
      <ColumnsMenu {...props} />
      <Button icon="code" look="plain" className="collapses" onClick={() => setOpen('api')}>
        <span>{t('rows.api')}</span>
      </Button>
      <Menu label={t('action.more')} icon="more" className="plain">
        <MenuItem icon="download" onSelect={() => setOpen('export')}>
          {t('rows.export')}
        </MenuItem>
        {mayCreate && (
          <MenuItem icon="upload" onSelect={() => setOpen('import')}>
            {t('rows.import')}
          </MenuItem>
        )}
      </Menu>
      {open === 'export' && <ExportRows {...{ app, resource }} queries={[query]} onClose={close} />}
      {open === 'import' && <ImportRows {...{ app, resource }} onClose={close} />}
      {open === 'api' && (
        <ApiExamples {...{ app, resource, query }} row={props.first} first="list" onClose={close} />
      )}
    </span>
  );
}

function SearchBox({ view, change, searchRef }: Pick<ToolbarProps, 'view' | 'change' | 'searchRef'>) {
  const [text, setText] = useState(view.search ?? '');
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is typed goes to the address, and comes back from links.
  useEffect(() => {
    if (text === (view.search ?? '')) return;
    const timer = setTimeout(() => change({ search: text || undefined }, { replace: true }), SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => setText(view.search ?? ''), [view.search]);
  return (
    <input
      ref={searchRef}
      className="input search"
      type="search"
      aria-label={t('shortcuts.search')}
      placeholder={t('rows.searchPlaceholder')}
      value={text}
      onChange={({ target }) => setText(target.value)}
    />
  );
}

function ColumnsMenu({ app, resource, columns, fields, change }: ToolbarProps) {
  const put = (next: readonly string[]) => {
    if (next.length === 0) return;
    kept.write(columnsKey(app, resource.name), next);
    change({ columns: next.join() }, { replace: true });
  };
  const others = fields.filter(({ name }) => !columns.includes(name));
  return (
    <Menu
      label={t('rows.columns')}
      text={<span>{t('rows.columns')}</span>}
      icon="columns"
      className="plain collapses"
    >
      {[...columns, ...others.map(({ name }) => name)].map((name) => {
        const at = columns.indexOf(name);
        return (
          <div className="column-item" key={name}>
            <label className="menu-item">
              <input
                type="checkbox"
                checked={at >= 0}
                onChange={() => put(at >= 0 ? columns.filter((one) => one !== name) : [...columns, name])}
              />
              <span className="grow">{name}</span>
            </label>
            {at > 0 && (
              <button
                type="button"
                className="button plain icon"
                aria-label={t('rows.columnLeft', { field: name })}
                onClick={() => {
                  const moved = columns.filter((one) => one !== name);
                  moved.splice(at - 1, 0, name);
                  put(moved);
                }}
              >
                ↑
              </button>
            )}
          </div>
        );
      })}
    </Menu>
  );
}
