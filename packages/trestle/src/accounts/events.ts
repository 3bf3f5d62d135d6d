import type { RowId } from '../schema/id.ts';

/**
 * An event of accounts, sessions and keys, for the log (ASVS 16.3). No member ever holds a secret, and failed
 * sign-ins name no user: people type passwords into the wrong field.
 */
export type AccountEvent =
  | {
      event: 'signed_up' | 'signed_in' | 'operator_signed_in' | 'operator_made';
      account: RowId;
      source: string;
    }
  | { event: 'sign_in_failed'; account: RowId | null; source: string }
  | { event: 'sign_in_throttled' | 'sign_up_throttled'; source: string }
  | { event: 'setup_refused'; source: string }
  | { event: 'administrator_refused' | 'administrator_throttled'; source: string }
  | { event: 'password_changed' | 'password_wrong' | 'sessions_ended'; account: RowId }
  | {
      event: 'account_disabled' | 'account_enabled' | 'password_reset' | 'roles_changed';
      account: RowId;
      roles?: readonly string[];
    }
  | { event: 'account_deleted' | 'email_verified'; account: RowId }
  | { event: 'mail_throttled'; purpose: string }
  | { event: 'session_ended' | 'refresh_replayed'; account: RowId; session: string }
  | { event: KeyEvent; key: string; account: RowId | null }
  | { event: 'key_uses_delayed' | 'key_uses_dropped'; count: number };

type KeyEvent =
  | 'key_created'
  | 'key_imported'
  | 'key_deactivated'
  | 'key_activated'
  | 'key_renewed'
  | 'key_rolled'
  | 'key_deleted';

/** Takes events as they happen, with the request that caused them where there was one. It must not throw and is not waited for. */
export type EventLog = (event: AccountEvent, origin?: { readonly requestId?: string }) => void;
