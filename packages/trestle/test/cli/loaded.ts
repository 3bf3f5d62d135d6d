// Preloaded into a process, this writes down at its end which files, and which modules of Node's own, it had loaded.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const files = new Set<string>();
registerHooks({
  load(url, context, next) {
    files.add(url);
    return next(url, context);
  },
});

process.on('exit', () => {
  const builtins: unknown = Reflect.get(process, 'moduleLoadList');
  writeFileSync(process.env.LOADED_FILE ?? '', JSON.stringify({ files: [...files], builtins }));
});
