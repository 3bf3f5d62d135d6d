import { useState } from 'react';
import type { Declaration, RuleLine } from '../../api/declaration.ts';
import { t } from '../../i18n/translate.ts';

/** Whether a line is of the same resource as the one before. */
function isRepeated(lines: readonly RuleLine[], at: number): boolean {
  return lines[at - 1]?.resource === lines[at]?.resource;
}

const MARKS = { all: '●', some: '◐', none: '○' } as const;

/** Who may do what: a line for each rule, a column for each kind of caller. */
export function RuleMatrix({ declaration }: { app: string; declaration: Declaration }) {
  const [resource, setResource] = useState('');
  const lines = declaration.rules.filter((line) => resource === '' || line.resource === resource);
  const callers = [...new Set(lines.flatMap((line) => Object.keys(line.callers)))];
  const resources = [...new Set(declaration.rules.map((line) => line.resource))];
  return (
    <>
      <div className="row">
        <select
          className="input"
          aria-label={t('declaration.resources')}
          value={resource}
          onChange={({ target }) => setResource(target.value)}
        >
          <option value="">{t('rules.everything')}</option>
          {resources.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <span className="muted">
          ● {t('rules.all')} · ◐ {t('rules.some')} · ○ {t('rules.nobody')}
        </span>
      </div>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('declaration.rules')}>
        <table className="grid-table folds matrix">
          <thead>
            <tr>
              <th>{t('declaration.resources')}</th>
              <th>{t('rules.action')}</th>
              {callers.map((caller) => (
                <th key={caller} className="reach">
                  {caller}
                </th>
              ))}
              <th>{t('rules.rule')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, at) => (
              <tr key={`${line.resource} ${line.action}`} className={isRepeated(lines, at) ? 'repeated' : ''}>
                <td className="group">
                  <span className={isRepeated(lines, at) ? 'visually-hidden' : ''}>{line.resource}</span>
                </td>
                <th scope="row">{line.action}</th>
                {callers.map((caller) => {
                  const reach = line.callers[caller];
                  return (
                    <td key={caller} data-label={caller} className={`reach ${reach ?? ''}`}>
                      {reach && (
                        <>
                          <span aria-hidden="true">{MARKS[reach]}</span>
                          <span className="visually-hidden">
                            {t(
                              reach === 'all'
                                ? 'rules.all'
                                : reach === 'some'
                                  ? 'rules.some'
                                  : 'rules.nobody',
                            )}
                          </span>
                        </>
                      )}
                    </td>
                  );
                })}
                <td>
                  <code>{line.rule}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
