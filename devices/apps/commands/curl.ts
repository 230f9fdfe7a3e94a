/** `curl`, as far as HTTP and HTTPS: Node's own clients on this machine's sockets. */
import { type Arguments, parseArguments } from './arguments.js';
import { type Command, type CommandIo, INTERRUPTED_STATUS } from './command.js';
import { BAD_URL_STATUS, CurlError, UNSUPPORTED_STATUS } from './curl-errors.js';
import type { CurlRequest } from './curl-request.js';
import { type CurlMachine, type CurlResult, CurlTransfer } from './curl-transfer.js';
import { defineCommand, UsageError } from './define.js';

const LETTERS = 'viIX:d:H:A:LsSfkm:w:o:Ou:';
const LONG = {
  verbose: 'v',
  include: 'i',
  head: 'I',
  request: 'X',
  data: 'd',
  header: 'H',
  'user-agent': 'A',
  location: 'L',
  silent: 's',
  'show-error': 'S',
  fail: 'f',
  'max-time': 'm',
  'write-out': 'w',
  output: 'o',
  'remote-name': 'O',
  'max-redirs': 'max-redirs:',
  insecure: 'k',
  compressed: 'compressed',
  http2: 'http2',
  'http1.1': 'http1.1',
};

export function curl(machine: CurlMachine): Command {
  return defineCommand({
    name: 'curl',
    summary: 'fetch a URL by HTTP or HTTPS and print it',
    usage:
      'curl [-fiIksSvL] [--compressed] [--http1.1|--http2] [-X method] [-d data] [-H header] [-A agent] [-m seconds] [-w format] [-o /dev/null] URL',
    async run(argv, io) {
      const args = parseArguments(argv, LETTERS, LONG);
      if (args.operands.length !== 1) throw new UsageError('(2) one URL is needed');
      const discard = args.has('o') && args.value('o') === '/dev/null';
      if ((args.has('o') && !discard) || args.has('O')) {
        throw new UsageError('(2) -o, -O: a device has no files of its own to write, but for /dev/null');
      }
      if (args.has('u')) throw new UsageError('(2) -u: put it in a header: -H "Authorization: …"');
      const transfer = new CurlTransfer(machine, io, {
        verbose: args.has('v'),
        showHeaders: args.has('i') || args.has('I'),
        discard,
        failOnError: args.has('f'),
        followLimit: args.has('L') ? (args.integer('max-redirs', 0, 1000) ?? 50) : undefined,
        compressed: args.has('compressed'),
        insecure: args.has('k'),
        alpn: args.has('http1.1') ? ['http/1.1'] : ['h2', 'http/1.1'],
        timeoutMs: (args.seconds('m', 0.001) ?? Number.POSITIVE_INFINITY) * 1000,
      });
      try {
        const result = await transfer.run(readRequest(args));
        writeOut(args.value('w'), result, io);
        return 0;
      } catch (error) {
        if (io.signal.aborted) return INTERRUPTED_STATUS;
        if (!(error instanceof CurlError)) throw error;
        if (!args.has('s') || args.has('S')) io.stderr(`curl: (${error.status}) ${error.message}\n`);
        return error.status;
      }
    },
  });
}

function readRequest(args: Arguments): CurlRequest {
  const data = args.has('d') ? args.all('d').join('&') : undefined;
  if (args.all('d').some((value) => value.startsWith('@'))) throw new UsageError('(2) -d @file: a device has no files');
  const headers: [string, string][] = args.all('H').map((line) => {
    const at = line.indexOf(':');
    if (at < 1) throw new UsageError(`(2) not a header: ${line}`);
    return [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const agent = args.value('A');
  if (agent !== undefined) headers.push(['User-Agent', agent]);
  const method = args.has('I') ? 'HEAD' : data === undefined ? 'GET' : 'POST';
  return { url: readUrl(args.operands[0]), method: args.value('X') ?? method, headers, data };
}

/** Without a scheme it is http, as curl guesses. */
function readUrl(text: string): URL {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(text)?.[1].toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    throw new CurlError(UNSUPPORTED_STATUS, `Protocol "${scheme}" not supported`);
  }
  try {
    return new URL(scheme === undefined ? `http://${text}` : text);
  } catch {
    throw new CurlError(BAD_URL_STATUS, 'URL using bad/illegal format or missing URL');
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

/** `-w`: the variables that say something here. */
function writeOut(format: string | undefined, result: CurlResult, io: CommandIo): void {
  if (format === undefined) return;
  const values: Readonly<Record<string, string>> = {
    http_code: String(result.status).padStart(3, '0'),
    response_code: String(result.status).padStart(3, '0'),
    http_version: result.httpVersion,
    scheme: new URL(result.url).protocol.slice(0, -1).toUpperCase(),
    size_download: String(result.bytes),
    time_namelookup: seconds(result.times.lookupMs),
    time_connect: seconds(result.times.connectMs),
    time_appconnect: seconds(result.times.secureMs),
    time_starttransfer: seconds(result.times.firstByteMs),
    time_total: seconds(result.totalMs),
    num_connects: String(result.connections),
    url_effective: result.url,
    num_redirects: String(result.redirects),
    local_ip: result.local.split(':')[0],
    local_port: result.local.split(':')[1],
    remote_ip: result.remote.split(':')[0],
    remote_port: result.remote.split(':')[1],
    content_type: result.contentType,
    method: result.method,
  };
  const text = format
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/\\r/g, '\r')
    .replace(/%\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? values[name] : whole))
    .replace(/%%/g, '%');
  io.stdout(text);
}
