import { useMemo } from 'react';
import type { Row } from '../../api/api.ts';
import type { DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { useMayWrite } from '../../api/session.ts';
import { useCommands } from '../../app/commands.ts';
import { Editor, Value } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import { ProblemNotice, toast } from '../../ui/feedback.tsx';
import { Field } from '../../ui/field.tsx';
import { ConflictView } from './conflict.tsx';
import { type RowForm, useRowForm, type Values } from './row-form.ts';

interface RowEditorProps {
  app: string;
  resource: DeclaredResource;
  /** Undefined for a new row. */
  row: Row | undefined;
  initial?: Values;
  onSaved: (row: Row) => void;
}

/** The fields of a row, each with the editor of its type. */
export function RowEditor({ app, resource, row, initial, onSaved }: RowEditorProps) {
  const mayWrite = useMayWrite(app);
  const form = useRowForm({
    app,
    resource,
    row,
    ...(initial && { initial }),
    onSaved: (saved) => {
      toast(t(row ? 'row.saved' : 'row.created', { id: String(saved.id) }));
      onSaved(saved);
    },
  });
  const { save, canSave } = form;
  useCommands(
    useMemo(
      () => [{ name: t('shortcuts.save'), icon: 'check', keys: 'mod+s', run: () => canSave && save() }],
      // `save` does the same each time.
      [canSave, save],
    ),
  );
  const fields = resource.fields.filter(({ editor }) => editor !== 'many');
  const isWritable = ({ may }: DeclaredField) => (row ? may.update : may.create);
  const writable = fields.filter(isWritable);
  const others = fields.filter((field) => !isWritable(field));
  const unplaced = Object.keys(form.problems).filter(
    (name) => !writable.some((field) => field.name === name),
  );
  return (
    <form
      className="row-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (canSave) save();
      }}
    >
      {form.isRestored && !form.clash && (
        <div className="notice row">
          <span className="grow">{t('row.restored')}</span>
          <Button onClick={form.reset}>{t('row.discard')}</Button>
        </div>
      )}
      {form.clash && <ConflictView {...{ app, resource, form }} />}
      {!form.clash &&
        form.error !== null &&
        (Object.keys(form.problems).length === 0 || unplaced.length > 0) && (
          <ProblemNotice error={form.error} />
        )}
      {writable.map((field) => (
        <FieldEditor key={field.name} {...{ app, field, form }} isReadOnly={!mayWrite} />
      ))}
      {row && others.length > 0 && (
        <dl className="facts">
          {others.map((field) => (
            <div key={field.name}>
              <dt>{field.name}</dt>
              <dd>
                <Value {...{ app, field }} value={form.base?.[field.name]} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {mayWrite && (
        <div className="save-bar">
          <Button type="submit" look="primary" disabled={!canSave} keys="Ctrl S">
            {t(row ? 'action.save' : 'action.create')}
          </Button>
          {form.isDirty && row && <Button onClick={form.reset}>{t('row.discard')}</Button>}
        </div>
      )}
    </form>
  );
}

interface FieldEditorProps {
  app: string;
  field: DeclaredField;
  form: RowForm;
  isReadOnly: boolean;
}

function FieldEditor({ app, field, form, isReadOnly }: FieldEditorProps) {
  const { name, nullable, required, resource, editor } = field;
  const value = form.value(field);
  const isChanged = name in form.edits && form.base !== undefined;
  return (
    <Field
      problem={form.problems[name]}
      label={
        <>
          {name}
          {required && <span className="muted">{t('field.required')}</span>}
          <span className="muted type">
            {resource && editor !== 'account' ? `→ ${resource}` : field.type}
          </span>
          {isChanged && <span className="badge info">{t('field.changed')}</span>}
        </>
      }
    >
      {(control) => (
        <span className="with-null">
          <span className="grow">
            <Editor
              {...control}
              {...{ app, field, value, isReadOnly }}
              onChange={(next) => form.set(name, next)}
            />
          </span>
          {nullable && value !== null && !isReadOnly && HAS_NULL_BUTTON.has(editor) && (
            <Button label={t('field.setNull', { field: name })} onClick={() => form.set(name, null)}>
              null
            </Button>
          )}
        </span>
      )}
    </Field>
  );
}

/** Editors whose own control cannot say null. */
const HAS_NULL_BUTTON: ReadonlySet<string> = new Set([
  'text',
  'email',
  'url',
  'decimal',
  'json',
  'list',
  'object',
]);
