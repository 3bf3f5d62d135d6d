import { type MessageKey, t } from '../../i18n/translate.ts';

/** An operator in words. */
export function wordOf(operator: string, operand: unknown): string {
  if (operator === 'null') return t(operand === true ? 'filter.isNull' : 'filter.isNotNull');
  // Operators of the server, each with a word here.
  return t(`filter.op.${operator}` as MessageKey);
}
