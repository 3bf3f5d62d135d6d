import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type Id, viewedAs } from '../../api/api.ts';
import { t } from '../../i18n/translate.ts';
import { Button } from '../../ui/button.tsx';

/** Shows the app as an account sees it, for reading alone. */
export function ViewAs({ app, id, name }: { app: string; id: Id; name: string }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return (
    <Button
      icon="eye"
      onClick={() => {
        viewedAs.set({ app, id, name });
        void queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
        void navigate({ to: '/$app', params: { app } });
      }}
    >
      {t('viewAs.start')}
    </Button>
  );
}
