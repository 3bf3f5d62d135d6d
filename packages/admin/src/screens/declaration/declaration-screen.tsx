import { Link, useParams, useSearch } from '@tanstack/react-router';
import { type Declaration, type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { formatInstant, type MessageKey, t } from '../../i18n/translate.ts';
import { Empty } from '../../ui/feedback.tsx';
import { Diagram } from './diagram.tsx';
import { RuleMatrix } from './rule-matrix.tsx';
import { type DeclarationTab, TABS } from './tabs.ts';

/** The declaration as it is served: resources and fields, relations, rules, migrations. It is shown, not edited. */
export function DeclarationScreen() {
  const { app } = useParams({ from: '/$app/declaration' });
  const { tab = 'diagram' } = useSearch({ from: '/$app/declaration' });
  const declaration = useDeclaration(app);
  const labels: Record<DeclarationTab, MessageKey> = {
    resources: 'declaration.resources',
    diagram: 'declaration.diagram',
    rules: 'declaration.rules',
    migrations: 'declaration.migrations',
  };
  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('nav.declaration')}</h1>
        <span className="muted">
          {declaration.engine.database} · Node.js {declaration.engine.node}
        </span>
      </div>
      <nav className="tabs" aria-label={t('nav.declaration')}>
        {TABS.map((one) => (
          <Link
            key={one}
            from="/$app/declaration"
            to="."
            activeOptions={{ exact: true }}
            search={one === 'diagram' ? {} : { tab: one }}
            aria-current={one === tab ? 'page' : undefined}
          >
            {t(labels[one])}
          </Link>
        ))}
      </nav>
      <div className="page-body">
        {tab === 'resources' &&
          [...declaration.resources, declaration.accounts].map((resource) => (
            <ResourceTable key={resource.name} {...{ app, resource }} />
          ))}
        {tab === 'diagram' && <Diagram declaration={declaration} />}
        {tab === 'rules' && <RuleMatrix app={app} declaration={declaration} />}
        {tab === 'migrations' && <Migrations declaration={declaration} />}
      </div>
    </div>
  );
}

function ResourceTable({ app, resource }: { app: string; resource: DeclaredResource }) {
  const { name, fields, live, history, softDelete, steps } = resource;
  const marks = [live && 'live', history && 'history', softDelete && 'softDelete'].filter(
    (mark) => mark !== false,
  );
  return (
    <section className="stack tight panel">
      <h2 className="row">
        {name === 'accounts' ? (
          name
        ) : (
          <Link to="/$app/rows/$resource" params={{ app, resource: name }}>
            {name}
          </Link>
        )}
        {marks.map((mark) => (
          <span className="badge" key={mark}>
            {mark}
          </span>
        ))}
      </h2>
      <div className="scroll-x" tabIndex={0} role="region" aria-label={name}>
        <table className="grid-table folds fields">
          <thead>
            <tr>
              <th>{t('filter.field')}</th>
              <th>{t('declaration.type')}</th>
              <th>{t('declaration.options')}</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field) => (
              <tr key={field.name}>
                <th scope="row">{field.name}</th>
                <td>
                  <code>{field.type}</code>
                  {field.resource !== null && ` → ${field.resource}`}
                </td>
                <td className="muted">{optionsOf(field)}</td>
              </tr>
            ))}
            {steps.map((step) => (
              <tr key={step.name}>
                <th scope="row">:{step.name}</th>
                <td>
                  <code>{step.kind}</code>
                </td>
                <td className="muted">
                  {step.field}: {step.from.join(', ')} → {step.to} · {step.can}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function optionsOf(field: DeclaredResource['fields'][number]): string {
  const { schema } = field;
  // The length of an instant or a decimal is that of how it is written, which nobody chose.
  const isText = ['text', 'email', 'url'].includes(field.editor);
  const bounds = [
    isText && schema.minLength !== undefined && `min ${schema.minLength}`,
    isText && schema.maxLength !== undefined && `max ${schema.maxLength}`,
    isDeclared(schema.minimum) && `≥ ${schema.minimum}`,
    isDeclared(schema.maximum) && `≤ ${schema.maximum}`,
    schema.enum?.join(' | '),
  ];
  return [
    field.required && 'required',
    field.nullable && 'nullable',
    field.unique && 'unique',
    field.computed && 'computed',
    field.server && !field.computed && 'server',
    field.default !== null && `default ${JSON.stringify(field.default)}`,
    ...bounds,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Whether a bound was declared: every integer is safe, which goes without saying. */
function isDeclared(bound: number | undefined): bound is number {
  return bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

function Migrations({ declaration: { migrations } }: { declaration: Declaration }) {
  const { current, pending, obstacles, applied } = migrations;
  return (
    <>
      {current && pending.length === 0 ? (
        <p className="notice">{t('migrations.none')}</p>
      ) : (
        <section className="stack">
          <h2>{t('migrations.pending')}</h2>
          <ul className="cascade">
            {pending.map(({ step, risk }) => (
              <li key={step}>
                <span className={`badge ${risk === 'destructive' ? 'bad' : ''}`}>{risk}</span>{' '}
                <code>{step}</code>
              </li>
            ))}
            {obstacles.map((obstacle) => (
              <li key={obstacle} className="error-text">
                {obstacle}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="stack">
        <h2>{t('migrations.applied')}</h2>
        {applied.length === 0 && <Empty title={t('state.none')} />}
        {applied.map(({ at, steps }) => (
          <div key={`${at} ${steps[0]}`}>
            <strong>{formatInstant(at)}</strong>
            <ul className="cascade">
              {steps.map((step) => (
                <li key={step}>
                  <code>{step}</code>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </section>
    </>
  );
}
