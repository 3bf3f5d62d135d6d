/**
 * A rule: who may do a thing. Rules are data, so that the one policy function can decide by them, a list can become a
 * condition in SQL, and the documentation can say which routes need credentials.
 */
export interface Rule<AuthorField extends string = string> {
  readonly who: 'anyone' | 'signedIn' | 'owner' | 'administrator' | 'nobody';
  /** For `owner`: the author() field that names the row's owner. */
  readonly field?: AuthorField;
}

/**
 * Every caller, with credentials or without.
 *
 * @example
 * resource({ fields: { title: text() }, can: { read: anyone } });
 */
export const anyone: Rule<never> = Object.freeze({ who: 'anyone' });
/**
 * Every account, by a token or by one of its API keys.
 *
 * @example
 * resource({ fields: { title: text() }, can: { create: signedIn } });
 */
export const signedIn: Rule<never> = Object.freeze({ who: 'signedIn' });
/**
 * The server's administrator alone (the holder of `TRESTLE_ADMIN_SECRET`).
 *
 * @example
 * resource({ fields: { title: text() }, can: { delete: administrator } });
 */
export const administrator: Rule<never> = Object.freeze({ who: 'administrator' });
/**
 * No caller; only the app's own code. The rule of a verb that has none.
 *
 * @example
 * resource({ fields: { title: text() }, can: { delete: nobody } });
 */
export const nobody: Rule<never> = Object.freeze({ who: 'nobody' });

/**
 * The account named by an `author()` field of the row.
 *
 * @example
 * resource({ fields: { author: author() }, can: { update: own('author') } });
 */
export function own<const Name extends string>(authorField: Name): Rule<Name> {
  return Object.freeze({ who: 'owner', field: authorField });
}

export const VERBS = ['read', 'create', 'update', 'delete'] as const;
export type Verb = (typeof VERBS)[number];

/** A rule for each verb; one that is left out is closed (`nobody`). */
export type Rules<AuthorField extends string = string> = { readonly [V in Verb]?: Rule<AuthorField> };
