import { type TObject, type TSchema, Type } from 'typebox';
import { isField } from './checks/field-options.ts';
import {
  aBoolean,
  aCount,
  anything,
  aString,
  expects,
  isObject,
  isStrings,
  membersOf,
  names,
  oneWordOf,
  optionsOf,
  rangeMistakes,
  withMistakes,
} from './checks/options.ts';
import { rulesFor } from './checks/rule-options.ts';
import { resource, systemResource } from './define-resource.ts';
import type { Duration } from './duration.ts';
import { list } from './fields/list.ts';
import { email } from './fields/texts/email.ts';
import { oneOf } from './fields/texts/enum.ts';
import { text } from './fields/texts/text.ts';
import { createdAt, timestamp } from './fields/timestamp.ts';
import { type Id, uuidId } from './id.ts';
import type { Fields, Resource } from './resource.ts';
import type { Resources } from './row-types.ts';
import { administrator, any, anyone, nobody, ownAccount, type Rule, signedIn } from './rules.ts';

/** The form of a user name or a password. Lengths count Unicode code points. */
export interface TextRule {
  /** Minimum length. */
  min: number;
  /** Maximum length. */
  max: number;
  /** Every one of these must match (default: none). */
  patterns?: readonly RegExp[];
}

/**
 * The form of a user name. Names are stored and compared normalized; white space at the ends, tabs and line breaks are
 * always refused.
 */
export interface UsernameRule extends TextRule {
  /** Remove white space at both ends before everything else is checked (default: false). */
  trim?: boolean;
  /** Unicode normalization form (default: `NFC`; `NFKC` also makes one of `²` and `2`). */
  normalize?: 'NFC' | 'NFKC';
  /** Compare names without regard to case: `Ann` and `ann` are one account (default: false). */
  fold?: boolean;
}

/** The form of a password. Passwords are normalized to NFKC (NIST SP 800-63B-4, 3.1.1.2). */
export interface PasswordRule extends TextRule {
  /** Refuse common passwords and such that hold the user's or the app's name (default: true). */
  blockCommon?: boolean;
}

/** Options of `accounts()`. */
export interface AccountsOptions<F extends Fields = Fields> {
  /**
   * Own fields of an account: given at sign-up, read and changed with it, under rules of their own, as those of any resource
   * (default: none). Members of every account are `id`, `username`, `created_at`, `roles` and `disabled_at`.
   */
  fields?: F;
  /**
   * The fields by which somebody signs in beside the user name, each a text of its own to every account, such as
   * `email({ unique: true })` (default: none). No user name may look like a value of one of them.
   */
  signInBy?: readonly (keyof F & string)[];
  /**
   * The own field with an account's e-mail address, an `email({ unique: true })` (default: none). Links sent there verify it
   * (`verified_email`), change it, reset a password and invite people; the address changes by such a link alone.
   */
  email?: keyof F & string;
  /**
   * Where links in mails lead, such as `https://app.example/{purpose}#{token}` (default: a page of this server). Purposes are
   * `verify`, `change`, `reset` and `invite`.
   */
  links?: string;
  /** How accounts are told apart (default: `uuidId()`). */
  id?: Id;
  /** Default: 1 to 64 characters without spaces, control or invisible characters. */
  username?: UsernameRule;
  /** Default: 15 to 256 characters, not a common one (NIST SP 800-63B-4). `false`: accounts have keys, no passwords. */
  password?: PasswordRule | false;
  /** Lifetimes of tokens. */
  tokens?: {
    /** Of an access token (default: 10 minutes). */
    access?: Duration;
    /** Of a refresh token that is not used (default: 14 days); `false` hands out none. */
    refresh?: Duration | false;
  };
  /** Lifetime of a session whatever is refreshed (default: 30 days). */
  session?: Duration;
  /** API keys. */
  keys?: {
    /** How long a key lasts that is made without a lifetime (default: 90 days). */
    lifetime?: Duration | 'never';
    /** The longest lifetime that may be asked for (default: 365 days). */
    longest?: Duration | 'never';
    /** Maximum keys of one account at a time (default: 100). */
    max?: number;
    /** Makes keys of digits and lower-case letters alone, for clients that lower-case them (default: false). */
    lowerCase?: boolean;
  };
  /** How long the audit of operators' acts is kept (default: 365 days). */
  audit?: Duration;
  /**
   * The roles that an account can be given, beside `administrator` and `viewer`, which are always there (default: none). Stored
   * with the account, asked for with every request, set by no account for itself. A viewer reads what an administrator does and
   * changes nothing, whatever other roles it has.
   */
  roles?: readonly string[];
  /** Who may do what with accounts. */
  can?: {
    /** Who may sign up (default: `anyone`). */
    create?: Rule<AccountRuleNames<F>>;
    /** Who may read an account beside itself (default: `signedIn`). */
    read?: Rule<AccountRuleNames<F>>;
    /** Who may list the accounts that it may read: a condition on the caller (default: `administrator`). */
    list?: Rule<never>;
    /** Who may change name and own fields (default: `ownAccount`). */
    update?: Rule<AccountRuleNames<F>>;
    /**
     * Who may give accounts the declared roles: a condition on the caller (default: `administrator`, who alone gives the roles
     * `administrator` and `viewer`).
     */
    grant?: Rule<never>;
  };
}

/** @internal */
interface AccountRuleNames<F extends Fields> {
  author: never;
  field: (keyof F & string) | 'id' | 'username' | 'created_at';
}

/**
 * Accounts as declared, with every default filled in.
 *
 * @internal
 */
export interface Accounts<F extends Fields = Fields> {
  /** Their own fields. */
  readonly fields: F;
  readonly signInBy: readonly string[];
  readonly email: string | undefined;
  readonly links: string | undefined;
  /** The accounts as a resource, without the columns that nobody sees. */
  readonly resource: Resource;
  readonly id: Id;
  readonly username: UsernameRule;
  readonly password: Required<PasswordRule> | false;
  readonly tokens: { readonly access: Duration; readonly refresh: Duration | false };
  readonly session: Duration;
  readonly keys: {
    readonly lifetime: Duration | 'never';
    readonly longest: Duration | 'never';
    readonly max: number;
    readonly lowerCase: boolean;
  };
  readonly audit: Duration;
  readonly roles: readonly string[];
  readonly can: {
    readonly create: Rule;
    readonly read: Rule;
    readonly list: Rule;
    readonly update: Rule;
    readonly grant: Rule;
  };
}

/**
 * Any password of 1 to 256 characters: for contracts that had no password rule.
 *
 * @example
 * accounts({ password: anyText });
 */
export const anyText: PasswordRule = { min: 1, max: 256, blockCommon: false };

/**
 * Any user name of 1 to 256 characters without control characters, line breaks and white space at either end.
 *
 * @example
 * accounts({ username: anyUsername });
 */
export const anyUsername: UsernameRule = {
  min: 1,
  max: 256,
  patterns: [/^(?!\s)[^\p{Cc}\p{Zl}\p{Zp}]+$(?<!\s)/u],
};

// Letters, marks, digits, punctuation and symbols: no space, no control, no bidi or zero-width character (section 3.6, B9).
const VISIBLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u;

/**
 * Declares the accounts of an app: who may sign up, rules of names and passwords, lifetimes of tokens.
 *
 * @throws {TypeError} at start, where an option is unknown or out of range.
 * @example
 * accounts({ password: { min: 12, max: 128 }, tokens: { access: '15m', refresh: '30d' } });
 */
export function accounts<const F extends Fields = Record<never, never>>(
  options: AccountsOptions<F> = {},
): Accounts<F> {
  const password = options.password ?? { min: 15, max: 256 };
  const { roles = [] } = options;
  const fields = withVerifiedEmail(options.fields ?? ({} as F), options.email);
  const id = options.id ?? uuidId();
  const username = options.username ?? { min: 1, max: 64, patterns: [VISIBLE] };
  const can = {
    create: options.can?.create ?? anyone,
    read: options.can?.read ?? signedIn,
    list: options.can?.list ?? administrator,
    update: options.can?.update ?? ownAccount,
    grant: options.can?.grant ?? administrator,
  };
  const declared = Object.freeze({
    fields,
    signInBy: options.signInBy ?? [],
    email: options.email,
    links: options.links,
    resource: systemResource(
      resource({
        id,
        fields: { ...accountFields(username, roles, can.grant), ...fields },
        can: { create: can.create, read: any(ownAccount, can.read), update: can.update },
        uniform: false,
      }),
      { table: ACCOUNTS_TABLE },
    ),
    id,
    username,
    password: password && { patterns: [], blockCommon: true, ...password },
    tokens: { access: options.tokens?.access ?? '10m', refresh: options.tokens?.refresh ?? '14d' },
    session: options.session ?? '30d',
    keys: {
      lifetime: options.keys?.lifetime ?? '90d',
      longest: options.keys?.longest ?? '365d',
      max: options.keys?.max ?? 100,
      lowerCase: options.keys?.lowerCase ?? false,
    },
    audit: options.audit ?? '365d',
    roles,
    can,
  });
  return withMistakes(declared, checkOptions(options));
}

/** Own fields with the last address that was verified; the address itself changes by a link, or by the administrator's hand. */
function withVerifiedEmail<F extends Fields>(fields: F, name: (keyof F & string) | undefined): F {
  const address = name === undefined ? undefined : fields[name];
  if (name === undefined || !address) return fields;
  const read = any(ownAccount, administrator) as Rule<never>;
  return {
    ...fields,
    [name]: { ...address, can: { ...address.can, update: administrator } },
    verified_email: email({ nullable: true, can: { read, create: nobody, update: nobody } }),
  };
}

/** Where accounts live: what `author()` and `editor()` columns refer to. */
export const ACCOUNTS_TABLE = '_trestle_accounts';

/** The members of every account. */
export function accountFields(username: UsernameRule, roles: readonly string[], grant: Rule) {
  const byOthers = { create: nobody, update: nobody };
  // Only where roles are declared does an account learn of its own.
  const readsRoles = roles.length > 0 ? any(ownAccount, administrator, grant) : administrator;
  return {
    username: text({ unique: true, max: username.max }),
    // The rules of fields are checked at start: `grant` is one on the caller.
    roles: list(oneOf([...roles, ...OPERATOR_ROLES]), {
      default: [],
      can: { ...byOthers, read: readsRoles as Rule<never> },
    }),
    created_at: createdAt(),
    disabled_at: timestamp({ nullable: true, can: { ...byOthers, read: administrator } }),
  };
}

/** The resources of an app, and its accounts as one of them: what references and rules may name. */
export function withAccounts<Rs extends Resources>(
  resources: Rs,
  { resource }: Pick<Accounts, 'resource'>,
): Rs & { readonly accounts: Resource } {
  return { accounts: resource, ...resources };
}

const textOptions = {
  min: aCount,
  max: aCount,
  patterns: expects(
    'an array of regular expressions',
    (value: unknown) => Array.isArray(value) && value.every((each) => each instanceof RegExp),
  ),
};
const username = optionsOf<UsernameRule>('username', {
  ...textOptions,
  trim: aBoolean,
  normalize: oneWordOf(['NFC', 'NFKC']),
  fold: aBoolean,
});
const password = optionsOf<PasswordRule>('password', { ...textOptions, blockCommon: aBoolean });

/** The role whose accounts pass every condition on the caller. */
export const ADMINISTRATOR_ROLE = 'administrator';

/** The role whose accounts read as administrators do, and change nothing. */
export const VIEWER_ROLE = 'viewer';

/** Roles of every app: those of its operators. */
export const OPERATOR_ROLES: readonly string[] = [ADMINISTRATOR_ROLE, VIEWER_ROLE];

/** Whether roles are those of an operator. */
export function hasOperatorRole(roles: readonly string[] = []): boolean {
  return roles.some((role) => OPERATOR_ROLES.includes(role));
}

/** Lifetimes are checked when the app is declared. */
const checkOptions = optionsOf<AccountsOptions>('accounts()', {
  id: expects('integerId() or uuidId()', (value) => isObject(value) && isObject(value.type)),
  username: (value) => [...username(value), ...rangeMistakes(value)],
  password: (value) => (value === false ? [] : [...password(value), ...rangeMistakes(value)]),
  tokens: optionsOf<NonNullable<AccountsOptions['tokens']>>('tokens', {
    access: anything,
    refresh: anything,
  }),
  session: anything,
  audit: anything,
  keys: optionsOf<NonNullable<AccountsOptions['keys']>>('keys', {
    lifetime: anything,
    longest: anything,
    max: aCount,
    lowerCase: aBoolean,
  }),
  roles: expects(
    "an array of different names such as ['editor'], without 'administrator' and 'viewer', which are always there",
    (roles) =>
      isStrings(roles) &&
      roles.every((name) => !OPERATOR_ROLES.includes(name) && /^[A-Za-z][\w-]{0,49}$/.test(name)) &&
      new Set(roles).size === roles.length,
  ),
  can: rulesFor(['create', 'read', 'list', 'update', 'grant']),
  fields: membersOf('an object of fields', expects('a field such as text()', isField)),
  signInBy: names,
  email: aString,
  links: expects(
    "a URL with {purpose} and {token}, such as 'https://app.example/{purpose}#{token}'",
    (value) =>
      typeof value === 'string' && /^https?:\/\/.*\{token\}/.test(value) && value.includes('{purpose}'),
  ),
});

/** The JSON Schema of a string that a rule takes, for documentation: patterns that other regular expressions do not know are left out. */
function textSchema({ min, max, patterns = [] }: TextRule): Record<string, unknown> {
  const portable = patterns.filter(({ source, flags }) => /^u?$/.test(flags) && !/\\p|\(\?</i.test(source));
  const [first, ...others] = portable.map(({ source }) => source);
  const all =
    others.length > 0 ? `^${portable.map(({ source }) => `(?=[\\s\\S]*(?:${source}))`).join('')}` : first;
  return {
    type: 'string',
    ...(min > 0 && { minLength: min }),
    maxLength: max,
    ...(all !== undefined && { pattern: all }),
  };
}

/** The JSON Schema of what somebody signs up with, for documentation: lengths and forms as they are declared. */
export function credentialsSchema({ username, password }: Accounts): TObject<Record<string, TSchema>> {
  const members: Record<string, TSchema> = {
    username: Type.Unsafe({ ...textSchema(username), ...(username.trim && { 'x-trim': true }) }),
    ...(password !== false && { password: Type.Unsafe(textSchema(password)) }),
  };
  return Type.Object(members, { additionalProperties: false });
}
