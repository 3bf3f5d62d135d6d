import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { unwrap } from 'trestle-client';
import { clientOf } from '../../api/api.ts';
import { appOf } from '../../api/apps.ts';
import { type DeclaredResource, useDeclaration } from '../../api/declaration.ts';
import { SYSTEM_SCREENS } from '../../app/navigation.ts';
import { formatNumber, t } from '../../i18n/translate.ts';
import { Icon } from '../../ui/icons.tsx';
import { StateCards } from './state-cards.tsx';

/** The first screen of an app: its resources with their rows, and the state of its migrations. */
export function Overview() {
  const { app } = useParams({ from: '/$app' });
  const { resources, engine, migrations } = useDeclaration(app);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{app}</h1>
        <span className="muted grow">{appOf(app).description}</span>
        <span className="badge">{engine.database}</span>
        {migrations.current ? null : <span className="badge warn">{t('overview.pending')}</span>}
      </div>
      <div className="page-body">
        <h2>{t('nav.rows')}</h2>
        <div className="cards">
          {resources.map((resource) => (
            <ResourceCard key={resource.name} {...{ app, resource }} />
          ))}
        </div>
        <h2>{t('overview.now')}</h2>
        <StateCards app={app} />
        <h2>{t('nav.system')}</h2>
        <div className="cards small">
          {SYSTEM_SCREENS.map(({ to, label, icon }) => (
            <Link key={to} className="card row" to={to} params={{ app }}>
              <Icon name={icon} />
              <span>{t(label)}</span>
            </Link>
          ))}
        </div>
      </div>
    </div>
  );
}

/** `count=estimated` counts as far as this. */
const MAX_COUNTED = 10_000;

function ResourceCard({ app, resource }: { app: string; resource: DeclaredResource }) {
  const { name, fields, live, history, softDelete } = resource;
  const { data: total } = useQuery({
    queryKey: ['estimate', app, name],
    queryFn: async () => {
      const page = await clientOf(app).rows[name]?.list({ limit: 1, fields: ['id'], count: 'estimated' });
      return page ? (unwrap(page).total ?? null) : null;
    },
    staleTime: 60_000,
  });
  return (
    <Link className="card" to="/$app/rows/$resource" params={{ app, resource: name }}>
      <span className="row">
        <strong className="grow">{name}</strong>
        {typeof total === 'number' && (
          <span className="number">
            {formatNumber(total)}
            {total >= MAX_COUNTED && '+'}
          </span>
        )}
      </span>
      <span className="muted clamp">{fields.map((field) => field.name).join(', ')}</span>
      {(live || history || softDelete) && (
        <span className="row tight">
          {live && <span className="badge">{t('overview.live')}</span>}
          {history && <span className="badge">{t('history.title')}</span>}
          {softDelete && <span className="badge">{t('overview.restorable')}</span>}
        </span>
      )}
    </Link>
  );
}
