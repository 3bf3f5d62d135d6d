import { didYouMean, nearest } from './nearest.ts';
import { below, isObject, type Mistake, mistake, type OptionCheck, shown } from './options.ts';

const WORDS = ['anyone', 'signedIn', 'administrator', 'nobody'];
const KINDS = ['anyone', 'signedIn', 'owner', 'administrator', 'nobody'];

function isRule(value: unknown): boolean {
  return isObject(value) && typeof value.who === 'string' && KINDS.includes(value.who);
}

/** Accepts one rule. */
export const aRule: OptionCheck = (value) => {
  if (isRule(value)) return [];
  const word = typeof value === 'string' ? nearest(value, WORDS) : undefined;
  const hint = word === undefined ? '' : `; write ${word} without quotes`;
  return [
    mistake('', `expected a rule such as anyone, signedIn or own('author'), got ${shown(value)}${hint}`),
  ];
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
