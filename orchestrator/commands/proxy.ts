import { Command, Option } from 'commander';
import { firstSite, siteUrl } from '../browser/trust.js';
import { authorityFacts, trustAdvice } from '../browser/trust-advice.js';
import { CliError } from '../errors.js';
import { interruption } from '../interruption.js';
import { findLab } from '../lab/state.js';
import { Credentials } from '../proxy/credentials.js';
import { callingDevice, dialFrom, foreground } from '../proxy/lab-dial.js';
import {
  formatAddress,
  isLoopback,
  type ListenAddress,
  listenAt,
  parseListenAddress,
} from '../proxy/listen-address.js';
import { ProxyServer } from '../proxy/proxy-server.js';
import { news, painter, print, printJson } from '../terminal.js';

/** The port of SOCKS (RFC 1928 section 3); one of the next ones when it is busy. */
const DEFAULT: ListenAddress = { host: '127.0.0.1', port: 1080 };
const ALTERNATIVES = 20;

interface ProxyCommandOptions {
  readonly from?: string;
  readonly listen?: string;
  readonly auth?: string;
  readonly lab?: string;
  readonly trust?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

async function run(options: ProxyCommandOptions): Promise<void> {
  if (options.trust) await tellTrust(options);
  else await serve(options);
}

async function tellTrust({ lab, json }: ProxyCommandOptions): Promise<void> {
  const facts = authorityFacts(await findLab(lab));
  if (json) printJson(facts);
  else print(trustAdvice(facts));
}

async function serve({ from, listen, auth, lab: labName, json, quiet }: ProxyCommandOptions): Promise<void> {
  const address = listen === undefined ? DEFAULT : parseListenAddress(listen);
  const credentials = credentialsOf(auth);
  if (!isLoopback(address.host) && credentials === undefined) {
    const hint =
      'Add --auth USER:PASSWORD (or set NETARIUM_PROXY_AUTH, which no other user sees), or listen on 127.0.0.1 alone.';
    throw new CliError(2, `--listen ${formatAddress(address)} lets other machines in: that wants a password`, hint);
  }
  const lab = await findLab(labName);
  const device = callingDevice(lab, from ?? lab.defaultHost);
  const signal = interruption();
  const proxy = new ProxyServer({ dial: dialFrom(lab, device, 'proxy'), credentials });
  const alternatives = listen === undefined ? ALTERNATIVES : 0;
  const bound = await listenAt(address, alternatives, (host, port) => proxy.listen(host, port));
  const endpoint = formatAddress({ host: bound.address, port: bound.port });
  if (json) {
    const urls = { socks: `socks5h://${endpoint}`, http: `http://${endpoint}` };
    printJson({ lab: lab.name, from: device.name, address: bound.address, port: bound.port, ...urls });
  } else {
    print(`socks5h://${endpoint}`);
    print(`http://${endpoint}`);
  }
  if (!quiet && !json) {
    news(usage(endpoint, device.name, credentials !== undefined, siteUrl(firstSite(lab)) ?? 'URL'));
  }
  if (!isLoopback(bound.address)) news(warning(endpoint));
  await foreground(lab, device, signal);
  proxy.close();
}

function credentialsOf(text: string | undefined): Credentials | undefined {
  if (text === undefined) return undefined;
  const credentials = Credentials.parse(text);
  if (credentials === undefined)
    throw new CliError(2, '--auth, or NETARIUM_PROXY_AUTH, wants USER:PASSWORD, each of 1 to 255 bytes');
  return credentials;
}

function usage(endpoint: string, device: string, withPassword: boolean, page: string): string {
  const user = withPassword ? 'USER:PASSWORD@' : '';
  return painter(process.stderr)(
    'dim',
    [
      `every connection is one of ${device}, which looks the names up, too; Ctrl-C ends it`,
      `  curl --proxy socks5h://${user}${endpoint} ${page}`,
      `  http_proxy=http://${user}${endpoint} wget ${page}`,
      `  a browser of your own, ready for use: netarium browse ${page}`,
    ].join('\n'),
  );
}

function warning(endpoint: string): string {
  return painter(process.stderr)(
    'yellow',
    `${endpoint} can be reached by other machines; what they send is not encrypted`,
  );
}

export function proxyCommand(): Command {
  return new Command('proxy')
    .description('a SOCKS and HTTP proxy into the lab: your own browser, curl or program surfs from one of its hosts')
    .option('--from <device>', "the host whose connections they become; the lab's client when left out")
    .option('--listen <ip:port>', 'where; 127.0.0.1:1080, or the next port that is free, when left out')
    .addOption(
      new Option('--auth <user:password>', 'want a user name and a password; needed where other machines can reach it')
        // A command line is seen by everybody on the machine.
        .env('NETARIUM_PROXY_AUTH'),
    )
    .option('--trust', "tell how programs come to trust the lab's https, and do nothing else")
    .option('--lab <lab>', 'which lab, when several are up')
    .option('--json', 'print where it listens as JSON')
    .option('-q, --quiet', 'print the two URLs and no advice')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  netarium proxy\n' +
        '  netarium proxy --from laptop --listen 127.0.0.1:8080\n' +
        '  curl --proxy socks5h://127.0.0.1:1080 http://www.server.com/',
    )
    .action(run);
}
