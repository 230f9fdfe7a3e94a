import t from 'tap';
import type { Command, CommandIo } from '../../devices/apps/commands/command.js';
import type { RpcPeer } from '../../devices/control.js';
import { ExecSessions } from '../../devices/runtime/exec.js';

class Client implements RpcPeer {
  backlogBytes = 0;
  readonly output: string[] = [];
  readonly closers: (() => void)[] = [];

  notify(_method: string, params: { stream: string; data: string }): void {
    this.output.push(`${params.stream} ${params.data}`);
  }

  sendBinary(): void {}

  onBinary(): void {}

  terminate(): void {}

  onClose(run: () => void): void {
    this.closers.push(run);
  }

  leave(): void {
    for (const run of this.closers) run();
  }
}

function command(name: string, run: (argv: readonly string[], io: CommandIo) => Promise<number>): [string, Command] {
  return [name, { name, summary: '', usage: name, run }];
}

const COMMANDS = new Map([
  command('echo', async (argv, io) => {
    io.stdout(argv.join(' '));
    io.stderr('');
    return argv.length;
  }),
  command('cat', async (_argv, io) => {
    for await (const text of io.stdin) io.stdout(String(text));
    return 0;
  }),
  command(
    'sleep',
    (_argv, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(130))),
  ),
  command('flood', async (_argv, io) => {
    for (let i = 0; i < 3; i++) {
      io.stdout(String(i));
      await io.drained();
    }
    return 0;
  }),
  command('spout', async (_argv, io) => {
    while (!io.signal.aborted) {
      io.stdout('more');
      await new Promise(setImmediate);
    }
    return 130;
  }),
  command('width', async (_argv, io) => io.columns),
  command('crash', async () => {
    throw new Error('oops');
  }),
]);

const sessions = () => new ExecSessions(COMMANDS);

t.test('a command gets its words and its exit status comes back; empty output is not sent', async (t) => {
  const client = new Client();
  t.same(await sessions().exec({ id: 1, argv: ['echo', 'a', 'b'] }, client), { exitStatus: 2 });
  t.same(client.output, ['stdout a b']);
});

t.test('input arrives in order until its end, typed before or after the command waits', async (t) => {
  const client = new Client();
  const exec = sessions();
  const end = exec.exec({ id: 1, argv: ['cat'] }, client);
  exec.input({ id: 1, data: 'one' }, client);
  exec.input({ id: 1, data: 'two' }, client);
  await new Promise(setImmediate);
  exec.input({ id: 1, data: 'three' }, client);
  exec.input({ id: 2, data: 'for nobody' }, client);
  exec.input({ id: 1, data: 5 }, client);
  exec.input({ id: 1, data: null }, client);
  t.same(await end, { exitStatus: 0 });
  t.same(client.output, ['stdout one', 'stdout two', 'stdout three']);
});

t.test('an interrupt reaches the one command that it names, of the one client', async (t) => {
  const [client, other] = [new Client(), new Client()];
  const exec = sessions();
  const end = exec.exec({ id: 1, argv: ['sleep'] }, client);
  const others = exec.exec({ id: 1, argv: ['sleep'] }, other);
  exec.interrupt({ id: 1 }, client);
  t.same(await end, { exitStatus: 130 });
  other.leave();
  t.same(await others, { exitStatus: 130 }, 'a client that leaves interrupts its commands');
});

t.test('of a client that left while its command ran nothing is kept', async (t) => {
  const client = new Client();
  const exec = sessions();
  const end = exec.exec({ id: 1, argv: ['sleep'] }, client);
  client.leave();
  await end;
  t.equal(client.closers.length, 1, 'it is not entered anew');
});

t.test('bad requests are refused', async (t) => {
  const client = new Client();
  const exec = sessions();
  for (const params of [{}, { id: 1 }, { id: 1, argv: [] }, { id: 1, argv: [1] }, { argv: ['echo'] }]) {
    await t.rejects(exec.exec(params, client), { code: -32602 });
  }
  await t.rejects(exec.exec({ id: 1, argv: ['rm', '-rf'] }, client), {
    code: -32000,
    message: 'rm: command not found. Commands here: cat crash echo flood sleep spout width',
  });
  await t.rejects(exec.exec({ id: 1, argv: ['crash'] }, client), { message: 'oops' });
  const end = exec.exec({ id: 2, argv: ['sleep'] }, client);
  await t.rejects(exec.exec({ id: 2, argv: ['echo'] }, client), { code: -32602 }, 'the id is in use');
  exec.interrupt({ id: 2 }, client);
  t.same(await end, { exitStatus: 130 });
});

t.test('columns are 80 unless told', async (t) => {
  const width = (columns: unknown) => sessions().exec({ id: 1, argv: ['width'], columns }, new Client());
  t.same(await width(120), { exitStatus: 120 });
  for (const odd of [undefined, 0, -5, 'wide']) t.same(await width(odd), { exitStatus: 80 });
});

t.test('completion of the first word', async (t) => {
  t.same(sessions().complete('c'), ['cat', 'crash']);
  t.same(sessions().complete(''), ['cat', 'crash', 'echo', 'flood', 'sleep', 'spout', 'width']);
  t.same(sessions().complete('cat f'), []);
});

t.test('a command that prints without bound waits for a client that reads slowly', async (t) => {
  const client = new Client();
  client.backlogBytes = 2 * 1024 * 1024;
  const end = sessions().exec({ id: 1, argv: ['flood'] }, client);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.same(client.output, ['stdout 0']);
  client.backlogBytes = 0;
  t.same(await end, { exitStatus: 0 });
  t.same(client.output, ['stdout 0', 'stdout 1', 'stdout 2']);
});

t.test('one that waits for a client that has left ends', async (t) => {
  const client = new Client();
  client.backlogBytes = 2 * 1024 * 1024;
  const end = sessions().exec({ id: 1, argv: ['flood'] }, client);
  client.leave();
  t.same(await end, { exitStatus: 0 });
});

t.test('one that does not wait is ended when its output is not read', async (t) => {
  const client = new Client();
  const end = sessions().exec({ id: 1, argv: ['spout'] }, client);
  await new Promise(setImmediate);
  client.backlogBytes = 65 * 1024 * 1024;
  const sent = client.output.length;
  await t.rejects(end, { code: -32000, message: 'spout was ended: its output is not read' });
  t.equal(client.output.length, sent, 'nothing more was sent');
});

t.test('input is answered when there is room for more', async (t) => {
  const client = new Client();
  const exec = sessions();
  const end = exec.exec({ id: 1, argv: ['sleep'] }, client);
  const big = 'x'.repeat(700_000);
  await exec.input({ id: 1, data: big }, client);
  let answered = false;
  const second = exec.input({ id: 1, data: big }, client).then(() => {
    answered = true;
  });
  await new Promise(setImmediate);
  t.equal(answered, false, 'the command has not read the first piece');
  exec.interrupt({ id: 1 }, client);
  await end;
  await second;
  t.equal(answered, true, 'nobody waits for a command that has ended');
  const reader = exec.exec({ id: 2, argv: ['cat'] }, client);
  await exec.input({ id: 2, data: big }, client);
  await exec.input({ id: 2, data: big }, client);
  await exec.input({ id: 2, data: null }, client);
  t.same(await reader, { exitStatus: 0 });
  t.equal(client.output.length, 2);
});
