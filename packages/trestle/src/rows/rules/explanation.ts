import { type RuleData, ruleText } from '../../schema/rules.ts';

/** Whether a rule lets somebody do something, and the part of it that decided, as it is written. */
export interface Explanation {
  readonly allowed: boolean;
  readonly because: string;
}

/** The part that decides a rule: of `any` the first that holds, of `all` the first that does not. */
export async function deciding(
  rule: RuleData,
  ask: (rule: RuleData, negated: boolean) => Promise<boolean>,
  negated = false,
): Promise<Explanation> {
  const allowed = await ask(rule, negated);
  if (rule.kind === 'not') {
    const { because } = await deciding(rule.rule, ask, !negated);
    return { allowed, because: `not(${because})` };
  }
  if ((rule.kind === 'any' && allowed) || (rule.kind === 'all' && !allowed))
    for (const part of rule.rules)
      if ((await ask(part, negated)) === allowed) return deciding(part, ask, negated);
  return { allowed, because: ruleText(rule) };
}
