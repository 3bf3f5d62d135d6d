import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { unwrap } from 'trestle-client';
import { clientOf, type Row } from '../../api/api.ts';
import { type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Failed, Loading } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Children } from './children.tsx';
import { History } from './history.tsx';
import { Permissions } from './permissions.tsx';
import { RowActions } from './row-actions.tsx';
import { RowEditor } from './row-editor.tsx';
import { rowKey, type Values } from './row-form.ts';
import { Steps } from './steps.tsx';

/** A row as it is read once for its form: it is read again only when asked, so that a form keeps the version it began with. */
export function useRow(app: string, resource: string, id: string) {
  return useQuery({
    queryKey: rowKey(app, resource, id),
    queryFn: async ({ signal }) => {
      const rows = clientOf(app).rows[resource];
      if (!rows) throw new Error(resource);
      return unwrap(await rows.get(id, { signal }));
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

interface RowDrawerProps {
  app: string;
  resource: DeclaredResource;
  /** `new` for one that is being made. */
  id: string;
  onClose: () => void;
  onOpen: (id: string) => void;
}

/** Values of the row that a new one is to be a copy of. */
let copied: Values | undefined;

/** One row beside its list. */
export function RowDrawer({ app, resource, id, onClose, onOpen }: RowDrawerProps) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // A new row is typed at once; of one that was opened the list keeps the focus, for the next key.
    if (id === 'new')
      panel.current?.querySelector<HTMLElement>('.row-form input, .row-form textarea')?.focus();
  }, [id]);
  return (
    <aside
      ref={panel}
      className="drawer"
      aria-label={`${resource.name} ${id}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      {id === 'new' ? (
        <NewRow {...{ app, resource, onClose, onOpen }} />
      ) : (
        <OpenRow {...{ app, resource, id, onClose, onOpen }} />
      )}
    </aside>
  );
}

function NewRow({ app, resource, onClose, onOpen }: Omit<RowDrawerProps, 'id'>) {
  const [initial] = useState(() => {
    const values = copied;
    copied = undefined;
    return values;
  });
  return (
    <>
      <div className="drawer-head">
        <h2 className="grow">{t('rows.new', { resource: resource.name })}</h2>
        <Button look="plain" icon="close" label={t('action.close')} onClick={onClose} />
      </div>
      <div className="drawer-body">
        <RowEditor
          {...{ app, resource }}
          row={undefined}
          {...(initial && { initial })}
          onSaved={(row) => onOpen(String(row.id))}
        />
      </div>
    </>
  );
}

function OpenRow({ app, resource, id, onClose, onOpen }: RowDrawerProps) {
  const declaration = useDeclaration(app);
  const { data: row, error, refetch } = useRow(app, resource.name, id);
  const copy = (from: Row) => {
    const writable = resource.fields.filter(({ may, unique }) => may.create && !unique);
    copied = Object.fromEntries(writable.map(({ name }) => [name, from[name]]));
    onOpen('new');
  };
  return (
    <>
      <div className="drawer-head">
        <h2 className="grow">{row ? labelOf(declaration, resource.name, row) : id}</h2>
        <Link
          className="button plain icon"
          aria-label={t('row.page')}
          title={t('row.page')}
          to="/$app/rows/$resource/$id"
          params={{ app, resource: resource.name, id }}
        >
          <Icon name="right" />
        </Link>
        {row && <RowActions {...{ app, resource, row }} onGone={onClose} onCopy={() => copy(row)} />}
        <Button look="plain" icon="close" label={t('action.close')} onClick={onClose} />
      </div>
      <div className="drawer-body">
        {error ? (
          <Failed error={error} retry={() => void refetch()} />
        ) : row ? (
          <RowContent {...{ app, resource, row }} />
        ) : (
          <Loading />
        )}
      </div>
    </>
  );
}

/** A row's states, fields, related rows and history. */
export function RowContent({ app, resource, row }: { app: string; resource: DeclaredResource; row: Row }) {
  return (
    <>
      <p className="muted">
        <code>{String(row.id)}</code>
      </p>
      <Permissions {...{ app, resource, row }} />
      <Steps {...{ app, resource, row }} />
      {/* A row that was read again begins a new form; what was typed is kept as a draft. */}
      <RowEditor key={formKey(row)} {...{ app, resource, row }} onSaved={() => undefined} />
      <Children {...{ app, resource, row }} />
      {resource.history && <History {...{ app, resource, row }} />}
    </>
  );
}

const formKeys = new WeakMap<Row, number>();
let lastKey = 0;

/** A key that is another for each version that was read. */
function formKey(row: Row): number {
  const known = formKeys.get(row);
  if (known !== undefined) return known;
  lastKey += 1;
  formKeys.set(row, lastKey);
  return lastKey;
}
