import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import type { EditorProps } from '../editor.ts';
import { blankOf, fieldOfSchema } from '../field-of-schema.ts';
import { Editor } from '../registry.tsx';

/** The members of an object, each with the editor of its own type. */
export function ObjectEditor(props: EditorProps) {
  const { field, value, onChange, id } = props;
  const members: Record<string, unknown> = { ...Object(value) };
  const required = field.schema.required ?? [];
  return (
    <div className="nested" role="group" aria-labelledby={`${id}-label`}>
      {Object.entries(field.schema.properties ?? {}).map(([name, schema]) => {
        const inner = fieldOfSchema(name, schema, required.includes(name));
        return (
          <div className="field" key={name}>
            <label htmlFor={`${id}-${name}`}>{name}</label>
            <Editor
              {...props}
              field={inner}
              id={`${id}-${name}`}
              value={members[name]}
              onChange={(next) => onChange({ ...members, [name]: next })}
            />
          </div>
        );
      })}
    </div>
  );
}

/** The items of a list, in their order. */
export function ListEditor(props: EditorProps) {
  const { field, value, onChange, id, isReadOnly } = props;
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const inner = fieldOfSchema(field.name, field.schema.items ?? {}, true);
  const put = (at: number, next: unknown) =>
    onChange(items.map((item, index) => (index === at ? next : item)));
  const move = (at: number, by: number) => {
    const moved = items.filter((_, index) => index !== at);
    moved.splice(at + by, 0, items[at]);
    onChange(moved);
  };
  return (
    <div className="nested" role="group" aria-labelledby={`${id}-label`}>
      {items.map((item, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: items have no identity but their place.
        <div className="nested-item" key={at}>
          <div className="grow">
            <label className="visually-hidden" htmlFor={`${id}-${at}`}>
              {field.name} {at + 1}
            </label>
            <Editor
              {...props}
              field={inner}
              id={`${id}-${at}`}
              value={item}
              onChange={(next) => put(at, next)}
            />
          </div>
          {!isReadOnly && (
            <span className="row tight">
              <Button
                look="plain"
                icon="up"
                label={t('field.moveUp', { at: at + 1 })}
                disabled={at === 0}
                onClick={() => move(at, -1)}
              />
              <Button
                look="plain"
                icon="close"
                label={t('field.removeItem', { at: at + 1 })}
                onClick={() => onChange(items.filter((_, index) => index !== at))}
              />
            </span>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <Button icon="plus" onClick={() => onChange([...items, blankOf(inner)])}>
          {t('action.add')}
        </Button>
      )}
    </div>
  );
}
