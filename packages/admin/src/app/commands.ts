import { useEffect } from 'react';
import type { IconName } from '../ui/icons.tsx';

/** Something that the palette offers, and that a key may do. */
export interface Command {
  name: string;
  icon?: IconName;
  /** A single key, or `mod+s`; works while no text is being typed. */
  keys?: string;
  run: () => void;
}

/** Commands of the screens that are open, the newest last. */
const open = new Set<readonly Command[]>();

/** Offers the commands of a screen while it is shown. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    open.add(commands);
    return () => void open.delete(commands);
  }, [commands]);
}

export function openCommands(): Command[] {
  return [...open].flat();
}

/** The command of a key press; the newest screen comes first. */
export function commandOf(event: KeyboardEvent): Command | undefined {
  const hasModifier = event.ctrlKey || event.metaKey;
  const isTyping =
    event.target instanceof HTMLElement &&
    (event.target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName));
  if (event.altKey || (isTyping && !hasModifier)) return undefined;
  const keys = `${hasModifier ? 'mod+' : ''}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  return openCommands().findLast((command) => command.keys === keys);
}
