import { StartError } from '../../start-error.ts';

/**
 * Reads a password or a key: from the terminal, where it is not shown, else all of standard input up to its first line break.
 * Never from the arguments, which others on the machine can see and shells write down.
 */
export async function readSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY) {
    stderr.write(`${prompt}: `);
    const secret = await readHidden(stdin);
    stderr.write('\n');
    return secret;
  }
  let text = '';
  for await (const part of stdin.setEncoding('utf8')) text += part;
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw new StartError(`${prompt}: nothing came on standard input`);
  return line;
}

const BACKSPACE = new Set(['\b', '\u007f']);
const ENDS = new Set(['\r', '\n', '\u0004']);

/** A line of a terminal that shows nothing of it. */
function readHidden(terminal: typeof process.stdin): Promise<string> {
  terminal.setRawMode(true).setEncoding('utf8').resume();
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const end = () => {
      terminal.off('data', hear).setRawMode(false).pause();
    };
    const hear = (text: string) => {
      for (const character of text) {
        if (character === '\u0003') {
          end();
          reject(new StartError('interrupted', { exitCode: 130 }));
          return;
        }
        if (ENDS.has(character)) {
          end();
          resolve(typed.join(''));
          return;
        }
        if (BACKSPACE.has(character)) typed = typed.slice(0, -1);
        else typed.push(character);
      }
    };
    terminal.on('data', hear);
  });
}
