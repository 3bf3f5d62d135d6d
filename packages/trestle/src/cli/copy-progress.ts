import type { Progress } from '../database/transfer/transfer.ts';

const WIDTH = 24;

/** One line on a terminal that shows how far a copy is; without a terminal, nothing. */
export function progressBar(out: NodeJS.WriteStream): { show(progress: Progress): void; clear(): void } {
  if (!out.isTTY) return { show: () => {}, clear: () => {} };
  let shown = 0;
  return {
    show(progress) {
      const now = performance.now();
      if (now - shown < 100 && progress.done < progress.total) return;
      shown = now;
      out.write(`\r\u001b[K${barText(progress)}`);
    },
    clear: () => void out.write('\r\u001b[K'),
  };
}

/** `messages  copying       [############            ]  50 %  500,000 of 1,000,000` */
export function barText({ table, step, done, total }: Progress): string {
  const part = total === 0 ? 1 : Math.min(1, done / total);
  const bar = '#'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH);
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return `  ${table}  ${step.padEnd(12)} [${bar}] ${percent}  ${grouped(done)} of ${grouped(total)}`;
}

/** `1,000,000` */
export function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
