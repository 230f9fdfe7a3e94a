/** Progress while a lab is launched: a live line on a terminal, one line at the end elsewhere, none when quiet. */
import { Listr, ProcessOutput } from 'listr2';
import type { LabProgress } from './lab.js';

const PHASES: Record<LabProgress['phase'], string> = {
  starting: 'starting processes',
  ready: 'ready',
  configuring: 'waiting for addresses by DHCP',
  up: 'up',
};

/** Runs `launch`, showing what it reports. Rejects as it does. */
export async function withProgress<T>(
  title: string,
  quiet: boolean,
  launch: (report: (progress: LabProgress) => void) => Promise<T>,
): Promise<T> {
  let result: T | undefined;
  const startedAt = Date.now();
  const tasks = new Listr<Record<string, never>, 'default' | 'simple' | 'silent', 'simple'>(
    [
      {
        title,
        task: async (_context, task) => {
          result = await launch(({ phase, done, total, device }) => {
            const last = device === undefined ? '' : ` (${device})`;
            task.output = `${done}/${total} ${PHASES[phase]}${last}`;
          });
          task.title = `${title}: up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
        },
      },
    ],
    {
      // Listr's own answer to Ctrl-C is to exit at once, which would leave the launch to nobody.
      registerSignalListeners: false,
      renderer: quiet ? 'silent' : process.stderr.isTTY ? 'default' : 'silent',
      rendererOptions: { processOutput: new ProcessOutput(process.stderr, process.stderr), showErrorMessage: false },
    } as never,
  );
  await tasks.run();
  if (!quiet && !process.stderr.isTTY) {
    process.stderr.write(`${title}: up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  }
  return result as T;
}
