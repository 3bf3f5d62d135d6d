import type { ComponentType, CSSProperties } from 'react';
import { isId } from '../api/api.ts';
import type { DeclaredField } from '../api/declaration.ts';
import { formatInstant, t } from '../i18n/translate.ts';
import { type EditorProps, InvalidText } from './editor.ts';
import { JsonEditor } from './editors/json.tsx';
import { ListEditor, ObjectEditor } from './editors/nested.tsx';
import { ReferenceEditor, ReferencesEditor } from './editors/references.tsx';
import {
  CheckboxEditor,
  DateEditor,
  InstantEditor,
  NumberEditor,
  SelectEditor,
  TextEditor,
} from './editors/scalars.tsx';
import { RowName } from './row-name.tsx';

interface ValueProps {
  app: string;
  field: DeclaredField;
  value: unknown;
}

/** How values of one editor's name are changed and shown. */
interface Kind {
  edit: ComponentType<EditorProps>;
  show: (props: ValueProps) => React.ReactNode;
  /** Numbers stand at the right of their column. */
  isNumber?: true;
  /** Says nothing without the name of its field. */
  isBare?: true;
  /** Width of a column of them at first, in pixels. */
  width: number;
}

const asText = ({ value }: ValueProps) => String(value);
const asJson = ({ value }: ValueProps) => <code>{JSON.stringify(value)}</code>;
const asNumber = ({ value }: ValueProps) => <span className="number">{String(value)}</span>;
const text: Kind = { edit: TextEditor, show: asText, width: 220 };
const json: Kind = { edit: JsonEditor, show: asJson, width: 220 };
const reference: Kind = {
  edit: ReferenceEditor,
  show: ({ app, field, value }) =>
    isId(value) ? <RowName app={app} resource={field.resource ?? 'accounts'} id={value} /> : String(value),
  width: 160,
};

/** Every kind of field by the name of its editor, which the field's type says: the one place that knows them. */
const KINDS: Readonly<Record<string, Kind>> = {
  text,
  email: text,
  url: text,
  number: { edit: NumberEditor, show: asNumber, isNumber: true, isBare: true, width: 110 },
  decimal: { edit: NumberEditor, show: asNumber, isNumber: true, isBare: true, width: 110 },
  checkbox: {
    edit: CheckboxEditor,
    show: ({ value }) => (value === true ? t('state.yes') : t('state.no')),
    isBare: true,
    width: 90,
  },
  select: {
    edit: SelectEditor,
    show: (props) =>
      props.field.type === 'transitions' ? (
        <StateBadge {...props} />
      ) : (
        <span className="badge">{String(props.value)}</span>
      ),
    width: 120,
  },
  date: { edit: DateEditor, show: asText, isBare: true, width: 110 },
  timestamp: {
    edit: InstantEditor,
    show: ({ value }) => <time dateTime={String(value)}>{formatInstant(String(value))}</time>,
    isBare: true,
    width: 180,
  },
  json,
  list: { ...json, edit: ListEditor },
  object: { ...json, edit: ObjectEditor },
  reference,
  account: reference,
  references: {
    edit: ReferencesEditor,
    show: ({ app, field, value }) => (
      <span className="row tight nowrap">
        {(Array.isArray(value) ? value.filter(isId) : []).map((id) => (
          <span className="badge" key={id}>
            <RowName app={app} resource={field.resource ?? 'accounts'} id={id} />
          </span>
        ))}
      </span>
    ),
    width: 200,
  },
};

/** A state with its share of the way through those that are declared. */
function StateBadge({ field, value }: ValueProps) {
  const states = field.schema.enum ?? [];
  const share = states.length < 2 ? 1 : states.indexOf(value) / (states.length - 1);
  // A custom property is no member of the styles that React knows.
  const style = { '--share': share } as CSSProperties;
  return (
    <span className="badge state" style={style}>
      {String(value)}
    </span>
  );
}

export function kindOf({ editor, type }: DeclaredField): Kind {
  return KINDS[editor] ?? (type === 'text' ? text : json);
}

/** The editor of a field. */
export function Editor(props: EditorProps) {
  const { edit: Own } = kindOf(props.field);
  return <Own {...props} />;
}

/** A value as it is read. */
export function Value({ value, ...props }: ValueProps) {
  if (value === null) return <span className="muted null">null</span>;
  if (value === undefined) return null;
  if (value instanceof InvalidText) return <>{value.text}</>;
  return <>{kindOf(props.field).show({ value, ...props })}</>;
}
