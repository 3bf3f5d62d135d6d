import { t } from '../../i18n/translate.ts';
import { Empty } from '../../ui/feedback.tsx';

export function DeclarationScreen() {
  return <Empty title={t('state.notFound')} />;
}
