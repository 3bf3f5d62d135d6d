import { Fragment, type ReactNode, type RefObject, useState } from 'react';
import type { Declaration, DeclaredResource } from '../../api/declaration.ts';
import { Value } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Icon } from '../../ui/icons.tsx';
import { FilterBuilder, single } from './filter-builder.tsx';
import { type FilterNode, isCondition } from './filter-tree.ts';
import { wordOf } from './filter-words.ts';
import { type FilterField, filterFields, type View } from './view.ts';

interface FilterBarProps {
  app: string;
  declaration: Declaration;
  resource: DeclaredResource;
  view: View;
  change: (next: Partial<View>) => void;
  addRef: RefObject<HTMLButtonElement | null>;
  /** At the end of the bar. */
  children: ReactNode;
}

/** The conditions of a view, each a chip to change or take off. */
export function FilterBar({ app, declaration, resource, view, change, addRef, children }: FilterBarProps) {
  const [editing, setEditing] = useState<'add' | 'change'>();
  const fields = filterFields(declaration, resource);
  const filter = view.filter ?? [];
  // A member that is undefined takes what is set out of the address.
  const put = (next: readonly FilterNode[]) => change({ filter: next.length > 0 ? next : undefined });
  return (
    <div className="filter-bar">
      {view.deleted && (
        <Chip label={t('views.deleted')} onRemove={() => change({ deleted: undefined, open: undefined })}>
          <span className="row tight">
            <Icon name="trash" /> {t('views.deleted')}
          </span>
        </Chip>
      )}
      {filter.map((node) => (
        <Chip
          key={JSON.stringify(node)}
          label={isCondition(node) ? `${node[0]} ${node[1]}` : t('filter.group')}
          onRemove={() => put(filter.filter((one) => one !== node))}
        >
          <button type="button" onClick={() => setEditing('change')}>
            <NodeText {...{ app, fields, node }} />
          </button>
        </Chip>
      ))}
      <button ref={addRef} type="button" className="button plain" onClick={() => setEditing('add')}>
        <Icon name="filter" />
        {t('filter.add')}
      </button>
      <span className="grow" />
      {children}
      {editing && (
        <FilterBuilder
          {...{ app, fields, filter }}
          isAdding={editing === 'add'}
          onClose={() => setEditing(undefined)}
          onApply={(next) => {
            put(next);
            setEditing(undefined);
          }}
        />
      )}
    </div>
  );
}

interface ChipProps {
  label: string;
  onRemove: () => void;
  children: ReactNode;
}

function Chip({ label, onRemove, children }: ChipProps) {
  return (
    <span className="chip">
      {children}
      <button type="button" aria-label={`${t('action.remove')} ${label}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}

interface NodeTextProps {
  app: string;
  fields: readonly FilterField[];
  node: FilterNode;
}

/** A condition, or a group of them, in words. */
function NodeText({ app, fields, node }: NodeTextProps) {
  if (!isCondition(node)) {
    const [inner, word] = 'any' in node ? [node.any, t('filter.or')] : [node.all, t('filter.and')];
    return inner.map((one, at) => (
      <Fragment key={JSON.stringify(one)}>
        {at > 0 && <em className="muted"> {word} </em>}
        {isCondition(one) ? (
          <NodeText {...{ app, fields }} node={one} />
        ) : (
          <>({<NodeText {...{ app, fields }} node={one} />})</>
        )}
      </Fragment>
    ));
  }
  const [path, operator, operand] = node;
  const field = fields.find((one) => one.path === path)?.field;
  const values = Array.isArray(operand) ? operand : [operand];
  return (
    <>
      <strong>{path}</strong> {wordOf(operator, operand)}{' '}
      {operator !== 'null' &&
        values.map((value, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: operands have no identity but their place.
          <span key={at}>
            {at > 0 && ', '}
            {field ? <Value app={app} field={single(field)} value={value} /> : String(value)}
          </span>
        ))}
    </>
  );
}
