import { type RefObject, useState } from 'react';
import type { Declaration, DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { hasInvalidText } from '../../fields/editor.ts';
import { blankOf } from '../../fields/field-of-schema.ts';
import { Editor, Value } from '../../fields/registry.tsx';
import { type MessageKey, t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { type Condition, type FilterField, filterFields, type View } from './view.ts';

interface FilterBarProps {
  app: string;
  declaration: Declaration;
  resource: DeclaredResource;
  view: View;
  change: (next: Partial<View>) => void;
  addRef: RefObject<HTMLButtonElement | null>;
}

type Group = 'filter' | 'any';

interface Editing {
  group: Group;
  /** The condition that is changed; a new one where it is not set. */
  at?: number;
}

/** The conditions of a view, each a chip to change or take off. */
export function FilterBar({ app, declaration, resource, view, change, addRef }: FilterBarProps) {
  const [editing, setEditing] = useState<Editing>();
  const fields = filterFields(declaration, resource);
  const put = (group: Group, next: readonly Condition[]) =>
    change({ [group]: next.length > 0 ? next : undefined });
  const chips = (group: Group) =>
    (view[group] ?? []).map((condition, at) => (
      <Chip
        key={JSON.stringify(condition)}
        {...{ app, condition, fields }}
        onEdit={() => setEditing({ group, at })}
        onRemove={() =>
          put(
            group,
            (view[group] ?? []).filter((_, index) => index !== at),
          )
        }
      />
    ));
  return (
    <div className="filter-bar">
      {chips('filter')}
      {view.any && <span className="muted">{t('filter.anyOf')}</span>}
      {chips('any')}
      <button
        ref={addRef}
        type="button"
        className="button plain"
        onClick={() => setEditing({ group: 'filter' })}
      >
        + {t('filter.add')}
      </button>
      {(view.filter || view.any) && (
        <Button look="plain" onClick={() => setEditing({ group: 'any' })}>
          + {t('filter.addAny')}
        </Button>
      )}
      {editing && (
        <ConditionDialog
          {...{ app, fields }}
          condition={editing.at === undefined ? undefined : view[editing.group]?.[editing.at]}
          onClose={() => setEditing(undefined)}
          onApply={(condition) => {
            const now = [...(view[editing.group] ?? [])];
            now.splice(editing.at ?? now.length, 1, condition);
            put(editing.group, now);
            setEditing(undefined);
          }}
        />
      )}
    </div>
  );
}

interface ChipProps {
  app: string;
  condition: Condition;
  fields: readonly FilterField[];
  onEdit: () => void;
  onRemove: () => void;
}

function Chip({ app, condition: [path, operator, operand], fields, onEdit, onRemove }: ChipProps) {
  const field = fields.find((one) => one.path === path)?.field;
  const values = Array.isArray(operand) ? operand : [operand];
  return (
    <span className="chip">
      <button type="button" onClick={onEdit}>
        <strong>{path}</strong> {wordOf(operator, operand)}{' '}
        {operator !== 'null' &&
          values.map((value, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: operands have no identity but their place.
            <span key={at}>
              {at > 0 && ', '}
              {field ? <Value app={app} field={single(field)} value={value} /> : String(value)}
            </span>
          ))}
      </button>
      <button type="button" aria-label={`${t('action.remove')} ${path} ${operator}`} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}

function wordOf(operator: string, operand: unknown): string {
  if (operator === 'null') return t(operand === true ? 'filter.isNull' : 'filter.isNotNull');
  // Operators of the server, each with a word here; a newer one is shown by its name.
  const key = `filter.op.${operator}` as MessageKey;
  return t(key);
}

/** A field as one of its values is typed: `has` takes one id of many. */
function single(field: DeclaredField): DeclaredField {
  return field.editor === 'references' ? { ...field, editor: 'reference' } : field;
}

interface ConditionDialogProps {
  app: string;
  fields: readonly FilterField[];
  condition: Condition | undefined;
  onApply: (condition: Condition) => void;
  onClose: () => void;
}

function ConditionDialog({ app, fields, condition, onApply, onClose }: ConditionDialogProps) {
  const [path, setPath] = useState(condition?.[0] ?? '');
  const chosen = fields.find((one) => one.path === path);
  const [operator, setOperator] = useState(condition?.[1] ?? 'eq');
  const [operand, setOperand] = useState<unknown>(condition?.[2]);
  const choosePath = (next: string) => {
    const field = fields.find((one) => one.path === next)?.field;
    setPath(next);
    const first = field?.operators.includes('icontains') ? 'icontains' : (field?.operators[0] ?? 'eq');
    chooseOperator(first, field);
  };
  const chooseOperator = (next: string, field = chosen?.field) => {
    setOperator(next);
    if (!field) return;
    const blank = field.resource
      ? undefined
      : blankOf({ ...single(field), nullable: false, default: undefined });
    setOperand(next === 'null' ? true : next === 'between' ? [blank, blank] : isList(next) ? [] : blank);
  };
  const isReady = chosen !== undefined && operand !== undefined && !hasInvalidText(operand);
  return (
    <Dialog title={t('filter.title')} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onApply([path, operator, operand]);
        }}
      >
        <Field label={t('filter.field')}>
          {({ id }) => (
            <select
              id={id}
              className="input"
              value={path}
              autoFocus
              onChange={({ target }) => choosePath(target.value)}
            >
              <option value="">{t('field.choose')}</option>
              {fields.map((one) => (
                <option key={one.path}>{one.path}</option>
              ))}
            </select>
          )}
        </Field>
        {chosen && (
          <Field label={t('filter.operator')}>
            {({ id }) => (
              <select
                id={id}
                className="input"
                value={operator}
                onChange={({ target }) => chooseOperator(target.value)}
              >
                {chosen.field.operators
                  .filter((one) => one !== 'null' || chosen.field.nullable)
                  .map((one) => (
                    <option key={one} value={one}>
                      {one === 'null' ? t('filter.nullness') : wordOf(one, undefined)}
                    </option>
                  ))}
              </select>
            )}
          </Field>
        )}
        {chosen && (
          <Operand
            {...{ app, operator }}
            field={single({ ...chosen.field, nullable: false })}
            value={operand}
            onChange={setOperand}
          />
        )}
        <div className="dialog-actions">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!isReady}>
            {t('action.apply')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function isList(operator: string): boolean {
  return operator === 'in' || operator === 'nin';
}

interface OperandProps {
  app: string;
  operator: string;
  field: DeclaredField;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** The editor of a condition's operand: of the field's own type, or several of them. */
function Operand({ app, operator, field, value, onChange }: OperandProps) {
  if (operator === 'null')
    return (
      <Field label={t('filter.value')}>
        {({ id }) => (
          <select
            id={id}
            className="input"
            value={String(value)}
            onChange={({ target }) => onChange(target.value === 'true')}
          >
            <option value="true">{t('filter.isNull')}</option>
            <option value="false">{t('filter.isNotNull')}</option>
          </select>
        )}
      </Field>
    );
  const plain = { ...field, schema: { ...field.schema, maxLength: 100 } };
  const one = (label: string, current: unknown, put: (next: unknown) => void) => (
    <Field key={label} label={label}>
      {({ id, describedBy, isInvalid }) => (
        <Editor
          {...{ app, id, describedBy, isInvalid }}
          field={plain}
          value={current}
          onChange={put}
          isReadOnly={false}
        />
      )}
    </Field>
  );
  if (operator === 'between') {
    const [from, to] = Array.isArray(value) ? value : [];
    return (
      <>
        {one(t('filter.from'), from, (next) => onChange([next, to]))}
        {one(t('filter.to'), to, (next) => onChange([from, next]))}
      </>
    );
  }
  if (!isList(operator)) return one(t('filter.value'), value, onChange);
  const list: DeclaredField = field.resource
    ? { ...field, editor: 'references' }
    : { ...field, editor: 'list', schema: { type: 'array', items: plain.schema } };
  return (
    <Field label={t('filter.values')}>
      {({ id, describedBy, isInvalid }) => (
        <Editor {...{ app, id, describedBy, isInvalid, value, onChange }} field={list} isReadOnly={false} />
      )}
    </Field>
  );
}
