import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { isId, type Row } from '../../api/api.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { findRows, labelOf } from '../../api/labels.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { controlOf, type EditorProps } from '../editor.ts';
import { RowName } from '../row-name.tsx';

/** One row of another resource, picked by typing. */
export function ReferenceEditor(props: EditorProps) {
  const { app, field, value, onChange, isReadOnly } = props;
  const [isPicking, setPicking] = useState(false);
  const target = field.resource ?? 'accounts';
  if (isId(value) && !isPicking)
    return (
      <span className="picked">
        <button
          {...controlOf(props)}
          type="button"
          className="input grow"
          disabled={isReadOnly}
          onClick={() => setPicking(true)}
        >
          <RowName app={app} resource={target} id={value} />
        </button>
        {field.nullable && !isReadOnly && (
          <Button look="plain" icon="close" label={t('field.clear')} onClick={() => onChange(null)} />
        )}
      </span>
    );
  return (
    <RowPicker
      {...props}
      resource={target}
      isFocused={isPicking}
      onLeave={() => setPicking(false)}
      onPick={(row) => {
        onChange(row.id);
        setPicking(false);
      }}
    />
  );
}

/** Several rows of another resource, in an order. */
export function ReferencesEditor(props: EditorProps) {
  const { app, field, value, onChange, isReadOnly } = props;
  const ids = Array.isArray(value) ? value.filter(isId) : [];
  const target = field.resource ?? 'accounts';
  return (
    <div className="stack tight">
      <span className="row tight">
        {ids.map((id) => (
          <span className="chip" key={id}>
            <RowName app={app} resource={target} id={id} />
            {!isReadOnly && (
              <button
                type="button"
                aria-label={`${t('action.remove')} ${id}`}
                onClick={() => onChange(ids.filter((one) => one !== id))}
              >
                ×
              </button>
            )}
          </span>
        ))}
      </span>
      {!isReadOnly && (
        <RowPicker
          {...props}
          resource={target}
          isFocused={false}
          onLeave={() => undefined}
          onPick={(row) => !ids.includes(row.id) && onChange([...ids, row.id])}
        />
      )}
    </div>
  );
}

interface PickerProps extends EditorProps {
  resource: string;
  isFocused: boolean;
  onPick: (row: Row) => void;
  onLeave: () => void;
}

/** A combobox over the rows of a resource. */
export function RowPicker({ resource, isFocused, onPick, onLeave, ...props }: PickerProps) {
  const { app } = props;
  const declaration = useDeclaration(app);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(isFocused);
  const [at, setAt] = useState(0);
  const list = useId();
  const box = useRef<HTMLDivElement>(null);
  const { data: found = [], isFetching } = useQuery({
    queryKey: ['pick', app, resource, text],
    queryFn: ({ signal }) => findRows({ app, declaration, resource }, text, signal),
    enabled: isOpen,
    placeholderData: keepPreviousData,
  });
  const chosen = Math.min(at, found.length - 1);
  const pick = (row: Row | undefined) => {
    if (!row) return;
    setText('');
    setOpen(false);
    onPick(row);
  };
  return (
    <div
      className="picker"
      ref={box}
      onBlur={({ relatedTarget }) => {
        if (relatedTarget instanceof Node && box.current?.contains(relatedTarget)) return;
        setOpen(false);
        onLeave();
      }}
    >
      <input
        {...controlOf(props)}
        className="input"
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={list}
        aria-activedescendant={isOpen && found.length > 0 ? `${list}-${chosen}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        placeholder={t('field.pick', { resource })}
        autoFocus={isFocused}
        value={text}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onChange={({ target }) => {
          setText(target.value);
          setOpen(true);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && isOpen) {
            event.stopPropagation();
            event.preventDefault();
            setOpen(false);
            onLeave();
          } else if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, chosen + 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
          else if (event.key === 'Enter' && isOpen) {
            event.preventDefault();
            pick(found[chosen]);
          }
        }}
      />
      {isOpen && (
        <div className="picker-list" id={list} role="listbox" aria-label={resource}>
          {found.map((row, index) => (
            <div
              key={row.id}
              id={`${list}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className="menu-item"
              // Not when the button is let go: the list may be another by then, and the input keeps the focus.
              onMouseDown={(event) => {
                event.preventDefault();
                pick(row);
              }}
            >
              <span className="grow">{labelOf(declaration, resource, row)}</span>
              <code className="muted">{String(row.id).slice(0, 8)}</code>
            </div>
          ))}
          {found.length === 0 && (
            <p className="muted picker-none">{isFetching ? t('state.loading') : t('field.noMatch')}</p>
          )}
        </div>
      )}
    </div>
  );
}
