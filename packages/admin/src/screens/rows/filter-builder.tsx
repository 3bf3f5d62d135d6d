import { useState } from 'react';
import type { DeclaredField } from '../../api/declaration.ts';
import { hasInvalidText } from '../../fields/editor.ts';
import { blankOf } from '../../fields/field-of-schema.ts';
import { Editor } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { type FilterNode, isCondition } from './filter-tree.ts';
import { wordOf } from './filter-words.ts';
import type { FilterField } from './view.ts';

/** Groups inside each other: as deep as the server takes, with a level left for what references lead to. */
const MAX_DEPTH = 3;

/** A condition while it is made: without a path at first. */
interface DraftCondition {
  key: number;
  path: string;
  operator: string;
  operand: unknown;
}

interface DraftGroup {
  key: number;
  isAny: boolean;
  nodes: readonly Draft[];
}

type Draft = DraftCondition | DraftGroup;

let lastKey = 0;
const newKey = () => ++lastKey;
const blank = (): DraftCondition => ({ key: newKey(), path: '', operator: 'eq', operand: undefined });

function draftOf(node: FilterNode): Draft {
  if (!isCondition(node)) {
    const isAny = 'any' in node;
    return { key: newKey(), isAny, nodes: (isAny ? node.any : node.all).map(draftOf) };
  }
  const [path, operator, operand] = node;
  return { key: newKey(), path, operator, operand };
}

/** The whole filter as a group; of one group at the top that group itself. */
function groupOf(filter: readonly FilterNode[]): DraftGroup {
  const drafts = filter.map(draftOf);
  const [only] = drafts;
  if (drafts.length === 1 && only && 'nodes' in only) return only;
  return { key: newKey(), isAny: false, nodes: drafts };
}

/** A draft without conditions that have no field yet; none where nothing is left. */
function nodesOf(draft: Draft): FilterNode[] {
  if (!('nodes' in draft)) return draft.path === '' ? [] : [[draft.path, draft.operator, draft.operand]];
  const nodes = draft.nodes.flatMap(nodesOf);
  if (nodes.length < 2) return nodes;
  return [draft.isAny ? { any: nodes } : { all: nodes }];
}

function isReady(draft: Draft): boolean {
  if ('nodes' in draft) return draft.nodes.every(isReady);
  return draft.path === '' || (draft.operand !== undefined && !hasInvalidText(draft.operand));
}

interface FilterBuilderProps {
  app: string;
  fields: readonly FilterField[];
  filter: readonly FilterNode[];
  /** Begins with a further condition. */
  isAdding: boolean;
  onApply: (filter: readonly FilterNode[]) => void;
  onClose: () => void;
}

/** A filter as conditions in groups, of which all or any must hold. */
export function FilterBuilder({ app, fields, filter, isAdding, onApply, onClose }: FilterBuilderProps) {
  const [root, setRoot] = useState(() => {
    const group = groupOf(filter);
    return isAdding || group.nodes.length === 0 ? { ...group, nodes: [...group.nodes, blank()] } : group;
  });
  return (
    <Dialog
      title={t('filter.title')}
      onClose={onClose}
      className="wide"
      focus={isAdding ? '.filter-group:not(.inner) > .condition:nth-last-child(2) select' : undefined}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isReady(root)) return;
          const [whole] = nodesOf(root);
          // All of a filter's nodes must hold: a group of that kind is the filter itself.
          onApply(whole === undefined ? [] : !isCondition(whole) && 'all' in whole ? whole.all : [whole]);
        }}
      >
        <GroupEditor {...{ app, fields }} group={root} depth={1} onChange={setRoot} />
        <div className="dialog-actions">
          <Button onClick={onClose}>{t('action.cancel')}</Button>
          <Button type="submit" look="primary" disabled={!isReady(root)}>
            {t('action.apply')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface GroupEditorProps {
  app: string;
  fields: readonly FilterField[];
  group: DraftGroup;
  depth: number;
  onChange: (next: DraftGroup) => void;
  onRemove?: () => void;
}

function GroupEditor({ app, fields, group, depth, onChange, onRemove }: GroupEditorProps) {
  const { isAny, nodes } = group;
  const put = (next: readonly Draft[]) => onChange({ ...group, nodes: next });
  const replace = (key: number) => (next: Draft) =>
    put(nodes.map((node) => (node.key === key ? next : node)));
  const remove = (key: number) => () => put(nodes.filter((node) => node.key !== key));
  return (
    <fieldset className={`filter-group ${depth > 1 ? 'inner' : ''}`}>
      <legend className="visually-hidden">{t('filter.group')}</legend>
      {(nodes.length > 1 || depth > 1) && (
        <div className="row tight">
          <select
            className="input"
            aria-label={t('filter.mode')}
            value={isAny ? 'any' : 'all'}
            onChange={({ target }) => onChange({ ...group, isAny: target.value === 'any' })}
          >
            <option value="all">{t('filter.allOf')}</option>
            <option value="any">{t('filter.anyOf')}</option>
          </select>
          {onRemove && (
            <Button look="plain" icon="close" label={t('filter.removeGroup')} onClick={onRemove} />
          )}
        </div>
      )}
      {nodes.map((node) =>
        'nodes' in node ? (
          <GroupEditor
            key={node.key}
            {...{ app, fields }}
            group={node}
            depth={depth + 1}
            onChange={replace(node.key)}
            onRemove={remove(node.key)}
          />
        ) : (
          <ConditionEditor
            key={node.key}
            {...{ app, fields }}
            condition={node}
            onChange={replace(node.key)}
            onRemove={remove(node.key)}
          />
        ),
      )}
      <div className="row tight">
        <Button look="plain" icon="plus" onClick={() => put([...nodes, blank()])}>
          {t('filter.addCondition')}
        </Button>
        {depth < MAX_DEPTH && (
          <Button
            look="plain"
            icon="plus"
            onClick={() => put([...nodes, { key: newKey(), isAny: !isAny, nodes: [blank()] }])}
          >
            {t('filter.addGroup')}
          </Button>
        )}
      </div>
    </fieldset>
  );
}

interface ConditionEditorProps {
  app: string;
  fields: readonly FilterField[];
  condition: DraftCondition;
  onChange: (next: DraftCondition) => void;
  onRemove: () => void;
}

function ConditionEditor({ app, fields, condition, onChange, onRemove }: ConditionEditorProps) {
  const { path, operator, operand } = condition;
  const field = fields.find((one) => one.path === path)?.field;
  const choosePath = (next: string) => {
    const chosen = fields.find((one) => one.path === next)?.field;
    const first = chosen?.operators.includes('icontains') ? 'icontains' : (chosen?.operators[0] ?? 'eq');
    onChange({ ...condition, path: next, operator: first, operand: chosen && operandOf(chosen, first) });
  };
  const groups = Map.groupBy(fields, ({ path: one }) => one.split('.').slice(0, -1).join('.'));
  return (
    <div className="condition">
      <select
        className="input"
        aria-label={t('filter.field')}
        value={path}
        // A condition that was added now is where one goes on.
        autoFocus={path === ''}
        onChange={({ target }) => choosePath(target.value)}
      >
        <option value="">{t('field.choose')}</option>
        {[...groups].map(([relation, members]) => {
          const options = members.map((one) => <option key={one.path}>{one.path}</option>);
          return relation === '' ? (
            options
          ) : (
            <optgroup key={relation} label={`→ ${relation}`}>
              {options}
            </optgroup>
          );
        })}
      </select>
      {field && (
        <>
          <select
            className="input"
            aria-label={t('filter.operator')}
            value={operator}
            onChange={({ target }) =>
              onChange({
                ...condition,
                operator: target.value,
                operand: operandOf(field, target.value, condition),
              })
            }
          >
            {field.operators
              .filter((one) => one !== 'null' || field.nullable)
              .map((one) => (
                <option key={one} value={one}>
                  {one === 'null' ? t('filter.nullness') : wordOf(one, undefined)}
                </option>
              ))}
          </select>
          <span className="operand">
            <Operand
              {...{ app, operator }}
              id={`operand-${condition.key}`}
              field={single({ ...field, nullable: false })}
              value={operand}
              onChange={(next) => onChange({ ...condition, operand: next })}
            />
          </span>
        </>
      )}
      <Button look="plain" icon="close" label={t('filter.removeCondition', { path })} onClick={onRemove} />
    </div>
  );
}

/** A field as one of its values is typed: `has` takes one id of many. */
export function single(field: DeclaredField): DeclaredField {
  return field.editor === 'references' ? { ...field, editor: 'reference' } : field;
}

/** The operand that an operator begins with: that of the operator before, where both take one value. */
function operandOf(field: DeclaredField, operator: string, before?: DraftCondition): unknown {
  if (operator === 'null') return true;
  if (isList(operator)) return [];
  const start = field.resource
    ? undefined
    : blankOf({ ...single(field), nullable: false, default: undefined });
  if (operator === 'between') return [start, start];
  const isKept = before && before.operator !== 'null' && !Array.isArray(before.operand);
  return isKept ? before.operand : start;
}

function isList(operator: string): boolean {
  return operator === 'in' || operator === 'nin';
}

interface OperandProps {
  app: string;
  id: string;
  operator: string;
  field: DeclaredField;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** The editor of a condition's operand: of the field's own type, or several of them. */
function Operand({ app, id, operator, field, value, onChange }: OperandProps) {
  if (operator === 'null')
    return (
      <select
        className="input"
        aria-label={t('filter.value')}
        value={String(value)}
        onChange={({ target }) => onChange(target.value === 'true')}
      >
        <option value="true">{t('filter.isNull')}</option>
        <option value="false">{t('filter.isNotNull')}</option>
      </select>
    );
  // One line is enough for what a text is compared with.
  const plain = { ...field, schema: { ...field.schema, maxLength: 100 } };
  const editor = (label: string, own: DeclaredField, current: unknown, put: (next: unknown) => void) => (
    <span className="grow" key={label}>
      <label className="visually-hidden" htmlFor={`${id}-${label}`} id={`${id}-${label}-label`}>
        {label}
      </label>
      <Editor
        {...{ app }}
        id={`${id}-${label}`}
        describedBy={undefined}
        isInvalid={false}
        field={own}
        value={current}
        onChange={put}
        isReadOnly={false}
      />
    </span>
  );
  if (operator === 'between') {
    const [from, to] = Array.isArray(value) ? value : [];
    return (
      <>
        {editor(t('filter.from'), plain, from, (next) => onChange([next, to]))}
        {editor(t('filter.to'), plain, to, (next) => onChange([from, next]))}
      </>
    );
  }
  if (!isList(operator)) return editor(t('filter.value'), plain, value, onChange);
  const list: DeclaredField = field.resource
    ? { ...field, editor: 'references' }
    : { ...field, editor: 'list', schema: { type: 'array', items: plain.schema } };
  return editor(t('filter.values'), list, value, onChange);
}
