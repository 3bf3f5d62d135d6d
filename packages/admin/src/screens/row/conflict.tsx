import { useState } from 'react';
import type { DeclaredField, DeclaredResource } from '../../api/declaration.ts';
import { Value } from '../../fields/registry.tsx';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';
import type { RowForm, Values } from './row-form.ts';

interface ConflictProps {
  app: string;
  resource: DeclaredResource;
  form: RowForm;
}

/** Two changes of one row, field by field: as it was, mine, theirs. */
export function ConflictView({ app, resource, form }: ConflictProps) {
  const { clash, edits, resolve } = form;
  const [isTheirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  if (!clash) return null;
  const { base, theirs } = clash;
  const differs = ({ name }: DeclaredField) => JSON.stringify(base[name]) !== JSON.stringify(theirs[name]);
  const rows = resource.fields.filter((field) => field.name in edits || (differs(field) && !field.server));
  const choose = (name: string, takesTheirs: boolean) => {
    const next = new Set(isTheirs);
    if (takesTheirs) next.add(name);
    else next.delete(name);
    setTheirs(next);
  };
  const apply = () => {
    const mine: Values = Object.fromEntries(Object.entries(edits).filter(([name]) => !isTheirs.has(name)));
    resolve(mine);
  };
  return (
    <section className="conflict" aria-labelledby="conflict-title">
      <h2 id="conflict-title">{t('conflict.title')}</h2>
      <p className="muted">{t('conflict.hint')}</p>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={t('conflict.mine')}>
        <table className="grid-table">
          <thead>
            <tr>
              <th>{t('filter.field')}</th>
              <th>{t('conflict.base')}</th>
              <th>{t('conflict.mine')}</th>
              <th>{t('conflict.theirs')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((field) => {
              const { name } = field;
              const isMine = name in edits;
              const isBoth = isMine && differs(field);
              const option = (takesTheirs: boolean, value: unknown) => (
                <span className="row tight">
                  {isBoth && (
                    <input
                      type="radio"
                      aria-label={`${name}: ${t(takesTheirs ? 'conflict.theirs' : 'conflict.mine')}`}
                      name={`conflict-${name}`}
                      checked={isTheirs.has(name) === takesTheirs}
                      onChange={() => choose(name, takesTheirs)}
                    />
                  )}
                  <span>
                    <Value {...{ app, field, value }} />
                  </span>
                </span>
              );
              return (
                <tr key={name} className={isBoth ? 'both' : ''}>
                  <th scope="row">{name}</th>
                  <td>
                    <Value {...{ app, field }} value={base[name]} />
                  </td>
                  <td>
                    {isMine ? (
                      option(false, edits[name])
                    ) : (
                      <span className="muted">{t('conflict.same')}</span>
                    )}
                  </td>
                  <td>
                    {differs(field) ? (
                      option(true, theirs[name])
                    ) : (
                      <span className="muted">{t('conflict.same')}</span>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div className="dialog-actions">
        <Button look="primary" onClick={apply}>
          {t('conflict.apply')}
        </Button>
      </div>
    </section>
  );
}
