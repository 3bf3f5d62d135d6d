import { useRef, useState } from 'react';
import { t } from '../../i18n/translate.ts';
import { controlOf, type EditorProps, InvalidText } from '../editor.ts';

/** JSON as text; it becomes a value when it is valid. */
export function JsonEditor(props: EditorProps) {
  const { value, onChange } = props;
  const own = useRef<unknown>(undefined);
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string>();
  // The text stays as it was typed, until the value comes from elsewhere.
  const isTyped = own.current !== undefined && own.current === value;
  const text = isTyped ? typed : value === undefined ? '' : JSON.stringify(value, undefined, 2);
  return (
    <>
      <textarea
        {...controlOf(props)}
        className="input code"
        spellCheck={false}
        value={text}
        onChange={({ target }) => {
          setTyped(target.value);
          try {
            own.current = JSON.parse(target.value);
            setProblem(undefined);
          } catch (error) {
            own.current = new InvalidText(target.value);
            setProblem(error instanceof Error ? error.message : String(error));
          }
          onChange(own.current);
        }}
      />
      {isTyped && problem && <div className="problem">{t('field.json', { problem })}</div>}
    </>
  );
}
