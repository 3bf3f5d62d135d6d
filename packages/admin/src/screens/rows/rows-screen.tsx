import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { unwrap } from 'trestle-client';
import { clientOf, type Row } from '../../api/api.ts';
import { useDeclaration, useResource } from '../../api/declaration.ts';
import { useLabelKeeper } from '../../api/labels.ts';
import { useMayWrite } from '../../api/session.ts';
import { useCommands } from '../../app/commands.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, Failed, Loading } from '../../ui/feedback.tsx';
import { RowDrawer } from '../row/row-drawer.tsx';
import { BulkBar } from './bulk/bulk-bar.tsx';
import { countView } from './bulk/bulk-writes.ts';
import { FilterBar } from './filter-bar.tsx';
import { useLiveRows } from './live.ts';
import { RowList } from './row-list.tsx';
import { RowsHead, ViewTools } from './toolbar.tsx';
import { columnFields, columnsOf, idField, queryOf, type View } from './view.ts';

const PAGE_SIZE = 100;

/** The rows of one resource: a view that its address holds, and the row that is open beside it. */
export function RowsScreen() {
  const { app, resource: name } = useParams({ from: '/$app/rows/$resource' });
  const view = useSearch({ from: '/$app/rows/$resource' });
  const navigate = useNavigate({ from: '/$app/rows/$resource' });
  const declaration = useDeclaration(app);
  const resource = useResource(app, name);
  const mayWrite = useMayWrite(app);
  const mayCreate = mayWrite && resource.may.create && !view.deleted;
  const keepLabels = useLabelKeeper(app);
  const [selected, setSelected] = useSelection(
    JSON.stringify([app, name, view.filter, view.search, view.deleted]),
  );
  const search = useRef<HTMLInputElement>(null);
  const addFilter = useRef<HTMLButtonElement>(null);
  const names = columnsOf(app, resource, view);
  const fields = useMemo(() => [idField(resource), ...columnFields(resource)], [resource]);
  const columns = names.flatMap((column) => fields.find((field) => field.name === column) ?? []);
  const query = queryOf(view, columns);
  const queryKey = ['rows', app, name, query] as const;
  const list = useInfiniteQuery({
    queryKey,
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const rows = clientOf(app).rows[name];
      if (!rows) throw new Error(name);
      const cursor = pageParam === undefined ? {} : { cursor: pageParam };
      const page = unwrap(await rows.list({ ...query, limit: PAGE_SIZE, ...cursor }, { signal }));
      keepLabels(resource, page.items);
      return page;
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  const rows: Row[] = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const changed = useLiveRows({ app, resource, query, queryKey });
  const change = (next: Partial<View>, options: { replace?: boolean } = {}) =>
    void navigate({ search: (now) => clean({ ...now, ...next }), ...options });
  useCommands(
    useMemo(
      () => [
        { name: t('shortcuts.search'), icon: 'search', keys: '/', run: () => search.current?.focus() },
        { name: t('shortcuts.filter'), icon: 'filter', keys: 'f', run: () => addFilter.current?.click() },
        {
          name: t('rows.new', { resource: name }),
          icon: 'plus',
          keys: 'n',
          run: () => mayCreate && void navigate({ search: (now) => ({ ...now, open: 'new' }) }),
        },
      ],
      [name, mayCreate, navigate],
    ),
  );
  return (
    <div className="rows-screen">
      <div className="rows-main">
        <RowsHead {...{ resource, view, change, mayCreate }} searchRef={search}>
          <RowCount
            key={JSON.stringify(query)}
            {...{ app, resource: name, view, loaded: rows.length, isWhole: !list.hasNextPage }}
          />
        </RowsHead>
        <FilterBar {...{ app, declaration, resource, view, change, addRef: addFilter }}>
          <ViewTools
            {...{ app, resource, declaration, view, change, fields, mayWrite, mayCreate, query }}
            columns={names}
            searchRef={search}
            first={rows[0]}
          />
        </FilterBar>
        {changed.count > 0 && (
          <Button icon="live" className="changed" onClick={changed.show}>
            {t('rows.changed', { count: changed.count })}
          </Button>
        )}
        {list.error ? (
          <Failed error={list.error} retry={() => void list.refetch()} />
        ) : list.isPending ? (
          <Loading />
        ) : rows.length === 0 ? (
          <NoRows {...{ resource: name, view, mayCreate, change }} />
        ) : (
          <RowList
            key={name}
            {...{ app, resource, rows, columns, view, change, selected, setSelected }}
            hasMore={list.hasNextPage}
            onEnd={() => !list.isFetchingNextPage && void list.fetchNextPage()}
          />
        )}
        {selected.size > 0 && (
          <BulkBar
            key={JSON.stringify(query)}
            {...{ app, resource, mayWrite, view, selected }}
            isWhole={!list.hasNextPage && selected.size >= rows.length}
            onDone={() => setSelected(new Set())}
          />
        )}
      </div>
      {view.open !== undefined && (
        <RowDrawer
          key={view.open}
          app={app}
          resource={resource}
          id={view.open}
          isDeleted={view.deleted === true}
          onClose={() => change({ open: undefined })}
          onOpen={(open) => change({ open })}
        />
      )}
    </div>
  );
}

/** The ids that are selected: of another list, or another view of it, none are. */
function useSelection(view: string) {
  const [selection, select] = useState({ view, ids: NOTHING });
  const selected = selection.view === view ? selection.ids : NOTHING;
  return [selected, (ids: ReadonlySet<string>) => select({ view, ids })] as const;
}

const NOTHING: ReadonlySet<string> = new Set();

interface NoRowsProps {
  resource: string;
  view: View;
  mayCreate: boolean;
  change: (next: Partial<View>) => void;
}

/** An empty list, and what to do about it. */
function NoRows({ resource, view, mayCreate, change }: NoRowsProps) {
  const isFiltered = view.filter !== undefined || view.search !== undefined;
  if (isFiltered)
    return (
      <Empty title={t('rows.noMatch')}>
        <Button onClick={() => change({ filter: undefined, search: undefined })}>{t('rows.clear')}</Button>
      </Empty>
    );
  return (
    <Empty title={t(view.deleted ? 'rows.noDeleted' : 'rows.none')}>
      {mayCreate && (
        <Button look="primary" icon="plus" onClick={() => change({ open: 'new' })}>
          {t('rows.new', { resource })}
        </Button>
      )}
    </Empty>
  );
}

/** A view without what is not set. */
function clean(view: View): View {
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));
}

interface RowCountProps {
  app: string;
  resource: string;
  view: View;
  loaded: number;
  isWhole: boolean;
}

/** How many rows there are; counted on request, which costs more than a page. */
function RowCount({ app, resource, view, loaded, isWhole }: RowCountProps) {
  const [isAsked, setAsked] = useState(false);
  const query = queryOf(view, []);
  const { data, isFetching } = useQuery({
    queryKey: ['count', app, resource, query],
    queryFn: () => countView(app, resource, query),
    enabled: isAsked,
  });
  if (isWhole) return <span className="muted">{t('rows.count', { count: formatNumber(loaded) })}</span>;
  if (data !== undefined)
    return <span className="muted">{t('rows.count', { count: formatNumber(data) })}</span>;
  return (
    <button type="button" className="link" disabled={isFetching} onClick={() => setAsked(true)}>
      {t('rows.countAll', { count: formatNumber(loaded) })}
    </button>
  );
}
