import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Row } from '../../api/api.ts';
import { type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { labelOf } from '../../api/labels.ts';
import { t } from '../../i18n/translate.ts';
import { Drawer } from '../../ui/drawer.tsx';
import { Failed, Loading } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Children } from './children.tsx';
import { DeletedRow } from './deleted-row.tsx';
import { History } from './history.tsx';
import { Permissions } from './permissions.tsx';
import { RowActions } from './row-actions.tsx';
import { RowEditor } from './row-editor.tsx';
import type { Values } from './row-form.ts';
import { Steps } from './steps.tsx';
import { useRow } from './use-row.ts';

interface RowDrawerProps {
  app: string;
  resource: DeclaredResource;
  /** `new` for one that is being made. */
  id: string;
  isDeleted: boolean;
  onClose: () => void;
  onOpen: (id: string) => void;
}

/** Values of the row that a new one is to be a copy of. */
let copied: Values | undefined;

/** One row beside its list. */
export function RowDrawer({ isDeleted, ...props }: RowDrawerProps) {
  if (props.id === 'new') return <NewRow {...props} />;
  return isDeleted ? <DeletedRow {...props} /> : <OpenRow {...props} />;
}

type OwnProps = Omit<RowDrawerProps, 'isDeleted'>;

function NewRow({ app, resource, onClose, onOpen }: OwnProps) {
  const [initial] = useState(() => {
    const values = copied;
    copied = undefined;
    return values;
  });
  const title = t('rows.new', { resource: resource.name });
  return (
    <Drawer label={title} title={title} takesFocus onClose={onClose}>
      <RowEditor
        {...{ app, resource }}
        row={undefined}
        {...(initial && { initial })}
        onSaved={(row) => onOpen(String(row.id))}
      />
    </Drawer>
  );
}

function OpenRow({ app, resource, id, onClose, onOpen }: OwnProps) {
  const declaration = useDeclaration(app);
  const { data: row, error, refetch } = useRow(app, resource.name, id);
  const copy = (from: Row) => {
    const writable = resource.fields.filter(({ may, unique }) => may.create && !unique);
    copied = Object.fromEntries(writable.map(({ name }) => [name, from[name]]));
    onOpen('new');
  };
  return (
    <Drawer
      label={`${resource.name} ${id}`}
      title={row ? labelOf(declaration, resource.name, row) : id}
      hint={`${resource.name} ${id}`}
      onClose={onClose}
      actions={
        <>
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
        </>
      }
    >
      {error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : row ? (
        <RowContent {...{ app, resource, row }} />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

/** A row's states, fields, related rows and history. */
export function RowContent({ app, resource, row }: { app: string; resource: DeclaredResource; row: Row }) {
  return (
    <>
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
