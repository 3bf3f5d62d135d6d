import { Argument, Command, type Option } from 'commander';
import { COMMANDS } from './commands.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `trestle completion SHELL` */
export function define(command: Command): void {
  command
    .addArgument(new Argument('<shell>', 'whose script is printed').choices(SHELLS))
    .addHelpText(
      'after',
      `
bash  trestle completion bash > ~/.local/share/bash-completion/completions/trestle
zsh   trestle completion zsh >> ~/.zshrc
fish  trestle completion fish > ~/.config/fish/completions/trestle.fish`,
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const commands = await Promise.all(
        COMMANDS.map(async ({ name, summary, load }): Promise<Described> => {
          const described = new Command(name);
          (await load()).define(described);
          const subcommands = described.commands.map((each) => each.name());
          return { name, summary, options: described.options.filter(({ hidden }) => !hidden), subcommands };
        }),
      );
      const text = shell === 'fish' ? fishScript(commands) : bashScript(commands, shell === 'zsh');
      process.stdout.write(text);
    });
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  readonly subcommands: readonly string[];
}

function bashScript(commands: readonly Described[], isZsh: boolean): string {
  const cases = commands.map(({ name, options, subcommands }) => {
    const words = [...subcommands, ...options.flatMap(({ long }) => long ?? []), '--help'];
    return `    ${name}) words='${words.join(' ')}' ;;`;
  });
  return `${isZsh ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_trestle() {
  local words='${commands.map(({ name }) => name).join(' ')} help --help'
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _trestle trestle
`;
}

function fishScript(commands: readonly Described[]): string {
  const lines = commands.flatMap(({ name, summary, options, subcommands }) => [
    `complete -c trestle -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...subcommands.map((each) => `complete -c trestle -n '__fish_seen_subcommand_from ${name}' -a ${each}`),
    ...options.flatMap(({ long, description, required, optional }) => {
      if (!long) return [];
      const takes = required || optional ? ' -r' : '';
      const condition = `'__fish_seen_subcommand_from ${name}'`;
      return [`complete -c trestle -n ${condition} -l ${long.slice(2)}${takes} -d ${quoted(description)}`];
    }),
  ]);
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
