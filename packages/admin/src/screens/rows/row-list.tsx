import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Row } from '../../api/api.ts';
import { type DeclaredField, type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { labelField } from '../../api/labels.ts';
import { kept, useStore } from '../../api/store.ts';
import { useCommands } from '../../app/commands.ts';
import { kindOf, Value } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Icon } from '../../ui/icons.tsx';
import { narrow } from '../../ui/narrow.ts';
import { nextSort, type View, widthsKey } from './view.ts';

const ROW_HEIGHT = 32;
const TALL_ROW_HEIGHT = 54;
const MIN_WIDTH = 60;
/** Rows before the end at which more are asked for. */
const AHEAD = 20;

interface RowListProps {
  app: string;
  resource: DeclaredResource;
  rows: readonly Row[];
  columns: readonly DeclaredField[];
  view: View;
  change: (next: Partial<View>, options?: { replace?: boolean }) => void;
  selected: ReadonlySet<string>;
  setSelected: (next: ReadonlySet<string>) => void;
  hasMore: boolean;
  onEnd: () => void;
}

/** A dense table, of which only the rows in sight are in the page. */
export function RowList(props: RowListProps) {
  const { app, resource, rows, columns, view, change, selected, setSelected, hasMore, onEnd } = props;
  const isNarrow = useStore(narrow);
  const scroller = useRef<HTMLDivElement>(null);
  const [widths, setWidths] = useState(
    () => kept.read<Record<string, number>>(widthsKey(app, resource.name)) ?? {},
  );
  const height = isNarrow ? TALL_ROW_HEIGHT : ROW_HEIGHT;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: asks once for each new end.
  useEffect(() => {
    if (hasMore && last >= rows.length - AHEAD) onEnd();
  }, [last, hasMore, rows.length]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height is measured anew.
  useEffect(() => virtual.measure(), [height, virtual]);
  const resize = (name: string, width: number) => {
    const next = { ...widths, [name]: Math.max(MIN_WIDTH, Math.round(width)) };
    setWidths(next);
    kept.write(widthsKey(app, resource.name), next);
  };
  const widthOf = (field: DeclaredField) =>
    widths[field.name] ?? (field.name === 'id' ? 90 : kindOf(field).width);
  const template = `2rem ${columns.map((field) => `${widthOf(field)}px`).join(' ')} minmax(0, 1fr)`;
  useMoves({ rows, view, change, selected, setSelected, scrollTo: (at) => virtual.scrollToIndex(at) });
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  return (
    <div className="row-scroller" ref={scroller}>
      <div
        className={`row-table ${isNarrow ? 'narrow' : ''}`}
        role="table"
        aria-label={resource.name}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
      >
        <div role="rowgroup" className="row-head-group">
          <div
            className="row-line row-head"
            role="row"
            style={isNarrow ? {} : { gridTemplateColumns: template }}
          >
            <span role="columnheader" className="cell">
              <input
                type="checkbox"
                aria-label={t('rows.selectAll')}
                checked={selected.size > 0 && selected.size >= rows.length}
                ref={(box) => {
                  if (box) box.indeterminate = selected.size > 0 && selected.size < rows.length;
                }}
                onChange={() =>
                  setSelected(new Set(selected.size >= rows.length ? [] : rows.map(({ id }) => String(id))))
                }
              />
            </span>
            {isNarrow ? (
              <SortChoice {...{ columns, change }} sort={view.sort} />
            ) : (
              columns.map((field) => (
                <ColumnHead
                  key={field.name}
                  field={field}
                  sort={view.sort ?? resource.order.join()}
                  width={widthOf(field)}
                  onSort={(isAdded) => change({ sort: nextSort(view.sort, field.name, isAdded) })}
                  onResize={(width) => resize(field.name, width)}
                />
              ))
            )}
          </div>
        </div>
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {items.map(({ index, start }) => {
            const row = rows[index];
            if (!row) return null;
            const id = String(row.id);
            return (
              <RowLine
                key={id}
                {...{ app, resource, row, columns, isNarrow }}
                index={index}
                isOpen={view.open === id}
                isSelected={selected.has(id)}
                onSelect={() => toggle(id)}
                style={{
                  transform: `translateY(${start}px)`,
                  height,
                  ...(isNarrow ? {} : { gridTemplateColumns: template }),
                }}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface RowLineProps {
  app: string;
  resource: DeclaredResource;
  row: Row;
  columns: readonly DeclaredField[];
  index: number;
  isNarrow: boolean;
  isOpen: boolean;
  isSelected: boolean;
  onSelect: () => void;
  style: React.CSSProperties;
}

function RowLine(props: RowLineProps) {
  const { app, resource, row, columns, index, isNarrow, isOpen, isSelected, onSelect, style } = props;
  const declaration = useDeclaration(app);
  const label = labelField(declaration, resource.name);
  const main = columns.find(({ name }) => name === label) ?? columns[0];
  const link = (content: React.ReactNode) => (
    <Link
      from="/$app/rows/$resource"
      to="."
      search={(now) => ({ ...now, open: String(row.id) })}
      className="row-link"
      aria-current={isOpen ? 'true' : undefined}
    >
      {content}
    </Link>
  );
  const classes = `row-line ${isOpen ? 'open' : ''} ${isSelected ? 'selected' : ''}`;
  const box = (
    <span className="cell" role="cell">
      <input
        type="checkbox"
        aria-label={t('rows.select', { id: String(row.id) })}
        checked={isSelected}
        onChange={onSelect}
      />
    </span>
  );
  if (isNarrow)
    return (
      <div role="row" aria-rowindex={index + 2} className={classes} style={style}>
        {box}
        <span className="cell tall" role="cell">
          {main && link(<Value app={app} field={main} value={row[main.name]} />)}
          <span className="muted second-line">
            {columns
              .filter((field) => field !== main && !isEmpty(row[field.name]))
              .map((field) => (
                <span key={field.name}>
                  {kindOf(field).isBare && `${field.name} `}
                  <Value app={app} field={field} value={row[field.name]} />
                </span>
              ))}
          </span>
        </span>
      </div>
    );
  return (
    <div role="row" aria-rowindex={index + 2} className={classes} style={style}>
      {box}
      {columns.map((field) => {
        const value = <Value app={app} field={field} value={row[field.name]} />;
        return (
          <span key={field.name} role="cell" className={`cell ${kindOf(field).isNumber ? 'right' : ''}`}>
            {field === main ? link(value) : <span>{value}</span>}
          </span>
        );
      })}
    </div>
  );
}

/** Whether a value says nothing on a line of its own. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || value === false || (Array.isArray(value) && value.length === 0);
}

interface SortChoiceProps extends Pick<RowListProps, 'columns' | 'change'> {
  sort: string | undefined;
}

/** The order of a list that has no heads of columns. */
function SortChoice({ columns, change, sort = '' }: SortChoiceProps) {
  const choices = columns
    .filter(({ sortable }) => sortable)
    .flatMap(({ name }) => [
      { key: name, text: `${name} ↑` },
      { key: `-${name}`, text: `${name} ↓` },
    ]);
  return (
    <span role="columnheader" className="cell">
      <select
        className="input"
        aria-label={t('rows.order')}
        value={sort}
        onChange={({ target }) => change({ sort: target.value || undefined })}
      >
        <option value="">{t('rows.order')}</option>
        {sort !== '' && !choices.some(({ key }) => key === sort) && <option>{sort}</option>}
        {choices.map(({ key, text }) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </span>
  );
}

interface ColumnHeadProps {
  field: DeclaredField;
  sort: string;
  width: number;
  onSort: (isAdded: boolean) => void;
  onResize: (width: number) => void;
}

function ColumnHead({ field, sort, width, onSort, onResize }: ColumnHeadProps) {
  const keys = sort.split(',').map((key) => key.replace(/:.*/, ''));
  const order = keys.includes(field.name)
    ? 'ascending'
    : keys.includes(`-${field.name}`)
      ? 'descending'
      : 'none';
  const isSortable = field.sortable;
  const drag = useRef<{ x: number; width: number }>(undefined);
  return (
    <span role="columnheader" aria-sort={order} className={`cell ${kindOf(field).isNumber ? 'right' : ''}`}>
      {isSortable ? (
        <button type="button" className="sort" onClick={(event) => onSort(event.shiftKey)}>
          {field.name}
          {order !== 'none' && <Icon name={order === 'ascending' ? 'up' : 'down'} />}
        </button>
      ) : (
        <span className="sort">{field.name}</span>
      )}
      <span
        role="separator"
        aria-orientation="vertical"
        aria-label={t('rows.resize', { field: field.name })}
        aria-valuenow={width}
        aria-valuemin={MIN_WIDTH}
        tabIndex={0}
        className="resize"
        onKeyDown={(event: KeyboardEvent) => {
          const by = event.key === 'ArrowRight' ? 16 : event.key === 'ArrowLeft' ? -16 : 0;
          if (by !== 0) onResize(width + by);
        }}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, width };
        }}
        onPointerMove={(event) =>
          drag.current && onResize(drag.current.width + event.clientX - drag.current.x)
        }
        onPointerUp={() => {
          drag.current = undefined;
        }}
      />
    </span>
  );
}

interface Moves extends Pick<RowListProps, 'rows' | 'view' | 'change' | 'selected' | 'setSelected'> {
  scrollTo: (index: number) => void;
}

/** `j` and `k` go from row to row, `x` selects the one that is open. */
function useMoves({ rows, view, change, selected, setSelected, scrollTo }: Moves): void {
  const now = useRef({ rows, view, change, selected, setSelected, scrollTo });
  now.current = { rows, view, change, selected, setSelected, scrollTo };
  useCommands(
    useMemo(() => {
      const go = (by: number) => {
        const { rows, view, change, scrollTo } = now.current;
        const at = rows.findIndex(({ id }) => String(id) === view.open);
        const next = Math.max(0, Math.min(rows.length - 1, at + by));
        const row = rows[next];
        if (!row) return;
        scrollTo(next);
        change({ open: String(row.id) }, { replace: view.open !== undefined });
      };
      const select = () => {
        const { view, selected, setSelected } = now.current;
        if (view.open === undefined) return;
        const next = new Set(selected);
        if (!next.delete(view.open)) next.add(view.open);
        setSelected(next);
      };
      return [
        { name: t('rows.nextRow'), icon: 'down', keys: 'j', run: () => go(1) },
        { name: t('rows.previousRow'), icon: 'up', keys: 'k', run: () => go(-1) },
        { name: t('shortcuts.select'), icon: 'check', keys: 'x', run: select },
      ];
    }, []),
  );
}
