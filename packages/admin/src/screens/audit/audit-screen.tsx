import { t } from '../../i18n/translate.ts';
import { Empty } from '../../ui/feedback.tsx';

export function AuditScreen() {
  return <Empty title={t('state.notFound')} />;
}
