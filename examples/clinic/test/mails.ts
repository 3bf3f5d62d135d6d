import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Mails of a data folder: without a mail server they are files. */
export async function mailsOf(data: string): Promise<{ to: string; subject: string; text: string }[]> {
  const folder = join(data, 'clinic/mails');
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'));
  const all = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return all.map((mail) => {
    const [head = '', text = ''] = mail.split(/\r\n\r\n([\s\S]*)/);
    const header = (name: string) => new RegExp(`^${name}: (.*)\r$`, 'm').exec(head)?.[1] ?? '';
    const plain = text.replaceAll('=\r\n', '').replaceAll('=3D', '=');
    return { to: header('To'), subject: header('Subject'), text: plain };
  });
}
