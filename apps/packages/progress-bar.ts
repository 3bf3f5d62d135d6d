const WIDTH = 30;

/** A line that grows in the terminal; where the output is no terminal, one line at each tenth. */
export function bar(label: string) {
  const live = process.stdout.isTTY;
  let tenth = -1;
  const line = (fraction: number, message: string) => {
    const full = Math.round(fraction * WIDTH);
    const percent = String(Math.floor(fraction * 100)).padStart(3);
    return `${label.padEnd(9)} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${percent} %  ${message}`;
  };
  return {
    show(fraction: number, message: string): void {
      if (live) process.stdout.write(`\r\x1b[K${line(fraction, message)}`);
      else if (Math.floor(fraction * 10) > tenth) process.stdout.write(`${line(fraction, message)}\n`);
      tenth = Math.max(tenth, Math.floor(fraction * 10));
    },
    end(fraction: number, message: string): void {
      process.stdout.write(`${live ? '\r\x1b[K' : ''}${line(fraction, message)}\n`);
    },
  };
}
