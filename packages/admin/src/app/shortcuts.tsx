import { type MessageKey, t } from '../i18n/translate.ts';
import { Dialog } from '../ui/dialog.tsx';

const SHORTCUTS: readonly (readonly [keys: string, does: MessageKey])[] = [
  ['Ctrl+K', 'shortcuts.palette'],
  ['?', 'shortcuts.help'],
  ['/', 'shortcuts.search'],
  ['f', 'shortcuts.filter'],
  ['n', 'shortcuts.new'],
  ['j / k', 'shortcuts.move'],
  ['x', 'shortcuts.select'],
  ['Enter', 'shortcuts.openRow'],
  ['Ctrl+S', 'shortcuts.save'],
  ['Esc', 'shortcuts.close'],
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('shortcuts.title')} onClose={onClose}>
      <table className="grid-table">
        <tbody>
          {SHORTCUTS.map(([keys, does]) => (
            <tr key={keys}>
              <th scope="row">
                <kbd>{keys}</kbd>
              </th>
              <td>{t(does)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}
