import { RULE_KINDS, type RuleData } from '../rules.ts';
import { didYouMean, nearest } from './nearest.ts';
import { below, isObject, isStrings, type Mistake, mistake, type OptionCheck, shown } from './options.ts';

const WORDS = ['anyone', 'signedIn', 'administrator', 'nobody'];

function isRule(value: unknown): value is RuleData {
  return isObject(value) && RULE_KINDS.some((kind) => kind === value.kind);
}

/** Accepts one rule, made of rules; names are checked with the app. */
export const aRule: OptionCheck = (value) => {
  if (!isRule(value)) {
    const word = typeof value === 'string' ? nearest(value, WORDS) : undefined;
    const hint =
      word !== undefined
        ? `; write ${word} without quotes`
        : typeof value === 'function'
          ? '; rules are no functions'
          : '';
    return [
      mistake('', `expected a rule such as anyone, signedIn or own('author'), got ${shown(value)}${hint}`),
    ];
  }
  if (value.kind === 'not') return aRule(value.rule);
  if (value.kind === 'any' || value.kind === 'all') {
    if (value.rules.length === 0) return [mistake('', `${value.kind}() expected one rule or more`)];
    return value.rules.flatMap(aRule);
  }
  if (value.kind === 'role' && (value.roles.length === 0 || !isStrings(value.roles)))
    return [mistake('', `role() expected names such as role('editor'), got ${shown(value.roles)}`)];
  if ((value.kind === 'where' || value.kind === 'exists') && !isObject(value.filter))
    return [
      mistake('', `${value.kind}() expected a filter such as { status: 'open' }, got ${shown(value.filter)}`),
    ];
  return [];
};

/** Accepts a rule for each of some verbs. */
export function rulesFor(verbs: readonly string[]): OptionCheck {
  return (value): Mistake[] => {
    if (!isObject(value) || isRule(value))
      return [mistake('', `expected a rule for each verb, such as { read: anyone }, got ${shown(value)}`)];
    return Object.entries(value).flatMap(([verb, rule]) => {
      if (verbs.includes(verb)) return rule === undefined ? [] : below(`.${verb}`, aRule(rule));
      const hint = didYouMean(verb, verbs) || `; the verbs are ${verbs.join(', ')}`;
      return [mistake('', `there is no verb '${verb}'${hint}`)];
    });
  };
}
