import { Link, useParams } from '@tanstack/react-router';
import { appOf } from '../../api/apps.ts';
import { useDeclaration } from '../../api/declaration.ts';
import { t } from '../../i18n/translate.ts';

/** The first screen of an app: its resources. */
export function Overview() {
  const { app } = useParams({ from: '/$app' });
  const { resources } = useDeclaration(app);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{app}</h1>
        <span className="muted">{appOf(app).description}</span>
      </div>
      <div className="page-body">
        <h2>{t('nav.rows')}</h2>
        <div className="cards">
          {resources.map(({ name, fields }) => (
            <Link key={name} className="card" to="/$app/rows/$resource" params={{ app, resource: name }}>
              <strong>{name}</strong>
              <span className="muted">{fields.map((field) => field.name).join(', ')}</span>
            </Link>
          ))}
        </div>
      </div>
    </div>
  );
}
