import { useState } from 'react';
import { t } from '../../i18n/translate.ts';
import { controlOf, type EditorProps, InvalidText } from '../editor.ts';

/** From this length on a text has more than one line. */
const LONG_TEXT = 200;

export function TextEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  const text = value === null || value === undefined ? '' : String(value);
  const shared = {
    ...controlOf(props),
    className: 'input',
    value: text,
    placeholder: value === null ? 'null' : '',
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  const isLong = (field.schema.maxLength ?? Number.POSITIVE_INFINITY) > LONG_TEXT && field.editor === 'text';
  if (isLong || text.includes('\n')) return <textarea {...shared} rows={2} />;
  return (
    <input {...shared} type={field.editor === 'email' || field.editor === 'url' ? field.editor : 'text'} />
  );
}

/** A number is kept as it is typed until it is one. */
export function NumberEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  const isExact = field.editor === 'decimal';
  const shown = value instanceof InvalidText ? value.text : (value ?? '');
  return (
    <input
      {...controlOf(props)}
      className="input"
      inputMode="decimal"
      placeholder={value === null ? 'null' : ''}
      value={String(shown)}
      onChange={({ target: { value: text } }) => {
        if (text === '') onChange(field.nullable ? null : new InvalidText(''));
        else if (isExact) onChange(text);
        else if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) onChange(Number(text));
        else onChange(new InvalidText(text));
      }}
    />
  );
}

export function CheckboxEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  if (!field.nullable)
    return (
      <input
        {...controlOf(props)}
        type="checkbox"
        checked={value === true}
        onChange={({ target }) => onChange(target.checked)}
      />
    );
  return (
    <select
      {...controlOf(props)}
      className="input"
      value={String(value ?? null)}
      onChange={({ target }) => onChange(target.value === 'null' ? null : target.value === 'true')}
    >
      <option value="null">null</option>
      <option value="true">{t('state.yes')}</option>
      <option value="false">{t('state.no')}</option>
    </select>
  );
}

export function SelectEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  const choices = field.schema.enum ?? [];
  const isMissing = value === undefined || value === '';
  return (
    <select
      {...controlOf(props)}
      className="input"
      value={value === null ? '\0null' : String(value ?? '')}
      onChange={({ target }) => onChange(choices.find((one) => String(one) === target.value) ?? null)}
    >
      {field.nullable && <option value={'\0null'}>null</option>}
      {isMissing && <option value="">{t('field.choose')}</option>}
      {choices.map((choice) => (
        <option key={String(choice)} value={String(choice)}>
          {String(choice)}
        </option>
      ))}
    </select>
  );
}

export function DateEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  return (
    <input
      {...controlOf(props)}
      className="input"
      type="date"
      value={String(value ?? '')}
      onChange={({ target }) => onChange(target.value === '' && field.nullable ? null : target.value)}
    />
  );
}

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** An instant, edited in the viewer's zone or in UTC; stored in UTC. */
export function InstantEditor(props: EditorProps) {
  const { field, value, onChange } = props;
  const [isUtc, setUtc] = useState(false);
  const text = typeof value === 'string' ? value : '';
  const put = (local: string) => {
    if (local === '') return onChange(field.nullable ? null : new InvalidText(''));
    const date = new Date(isUtc ? `${local}Z` : local);
    onChange(Number.isNaN(date.getTime()) ? new InvalidText(local) : date.toISOString());
  };
  return (
    <span className="row tight">
      <input
        {...controlOf(props)}
        className="input grow"
        type="datetime-local"
        step={/\.\d*[1-9]/.test(text) ? 0.001 : 1}
        value={localOf(text, isUtc)}
        onChange={({ target }) => put(target.value)}
      />
      <select
        className="input"
        aria-label={t('field.zone')}
        value={isUtc ? 'UTC' : zone}
        disabled={zone === 'UTC'}
        onChange={({ target }) => setUtc(target.value === 'UTC')}
      >
        {zone !== 'UTC' && <option>{zone}</option>}
        <option>UTC</option>
      </select>
    </span>
  );
}

/** An instant as `datetime-local` has it. */
function localOf(text: string, isUtc: boolean): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return '';
  const shifted = isUtc ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted
    .toISOString()
    .slice(0, -1)
    .replace(/\.000$/, '');
}
