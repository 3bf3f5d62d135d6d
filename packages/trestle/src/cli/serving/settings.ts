import type { Command } from 'commander';
import type { Setting } from '../../http/server/administration.ts';
import type { App } from '../../schema/app.ts';
import { CONFIG_FILE } from '../config-file.ts';

const SECRET_OPTIONS = new Set(['database', 'smtp']);
const SECRET_VARIABLES = [
  'TRESTLE_ADMIN_SECRET',
  'TRESTLE_SIGNING_SECRET',
  'TRESTLE_SIGNING_SECRET_PREVIOUS',
] as const;
const SET = '(set)';

/** The options of a command in effect, and where each comes from; secrets are masked. */
export function settingsOf(command: Command): Setting[] {
  return command.options.map((option) => {
    const name = option.attributeName();
    const value: unknown = command.getOptionValue(name);
    const source = command.getOptionValueSource(name);
    return {
      name,
      value: SECRET_OPTIONS.has(name) && value !== undefined ? SET : value,
      source:
        source === 'env'
          ? String(option.envVar)
          : source === 'config'
            ? CONFIG_FILE
            : source === 'cli'
              ? (option.long ?? name)
              : (source ?? 'not set'),
    };
  });
}

/** The settings of a server: its options, the secrets of its environment, and what its apps say themselves. */
export function serverSettings(command: Command, apps: readonly App[]): Setting[] {
  const secrets = SECRET_VARIABLES.map((name) => ({
    name,
    value: process.env[name] ? SET : null,
    source: process.env[name] ? name : 'default',
  }));
  const ofApps = apps.flatMap(({ name, defaults }) =>
    Object.entries(defaults)
      .filter(([, value]) => value !== undefined)
      .map(([key]) => ({ name: `${name}.${key}`, value: SET, source: 'the app' })),
  );
  const options = settingsOf(command).map(({ value = null, ...setting }) => ({ ...setting, value }));
  return [...options, ...secrets, ...ofApps];
}
