import type { CommandResult, World } from '../../support/world.js';

/** Starts a command without waiting for its end, and lets it get going. */
export async function begin(
  world: World,
  device: string,
  line: string,
  input?: string,
): Promise<{ end: Promise<CommandResult>; stop(): void }> {
  const controller = new AbortController();
  const command = world.machine(device).commands.get(line.split(' ')[0]);
  if (command === undefined) throw new Error(`no command: ${line}`);
  const result = { stdout: '', stderr: '' };
  const end = command
    .run(line.split(' ').slice(1), {
      stdout: (text) => {
        result.stdout += text;
      },
      stderr: (text) => {
        result.stderr += text;
      },
      stdin: typed(input, controller.signal),
      signal: controller.signal,
      drained: async () => {},
      columns: 80,
    })
    .then((status) => ({ status, ...result }));
  await world.runFor(100);
  return { end, stop: () => controller.abort() };
}

/** Text, then silence until Ctrl-C, as from a keyboard. */
async function* typed(input: string | undefined, signal: AbortSignal): AsyncIterable<string> {
  if (input !== undefined) yield input;
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
